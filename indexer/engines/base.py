"""What every engine promises. Each promise has a test in ``tests/contracts/engine.py``.

An engine keeps one copy of the index. How is its own business, and what opens it (``registry.py``) says where. It knows
articles and queries; generations, the store and HTTP are none of its business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

from indexer.article import Article
from indexer.errors import IndexDamaged
from indexer.hits import Completion, Reasons, SearchPage
from indexer.query import CompletionRequest, Query, SearchRequest

LITERAL_CANDIDATES: Final = 20_000
"""How many candidates a long literal may have verified in stored text; beyond it the total is an estimate."""


COMPLETION_CANDIDATES: Final = 512
"""How many of the texts that begin as a request says are looked at: those that most articles hold."""

COMPLETION_ARTICLES: Final = 256
"""How many of the articles that hold a completion are looked at to count and date it, the last added ones; beyond it the
count is an estimate."""


class Reader(Protocol):
    """A frozen snapshot of the index: commits made after it was opened never show in it.

    Used by one thread at a time, and closed when done with (``with`` does it). Opening another is cheap.
    """

    @property
    def doc_count(self) -> int:
        """How many articles the snapshot holds, whatever their status."""

    @property
    def revision(self) -> int:
        """The store's revision that the snapshot's last commit was made with; 0 for an empty index."""

    def search(self, request: SearchRequest) -> SearchPage:
        """Answer a request. Articles of every status are found: who may see what is the request's filter.

        Raises:
            InvalidQuery: an unknown field, facet, sort or way to collapse, a page or size below 1, or a page that ends beyond MAX_DEPTH.
        """

    def count(self, request: SearchRequest) -> int:
        """The total that :meth:`search` answers the request with. Nothing is ordered, and no article is read.

        Raises:
            InvalidQuery: as :meth:`search` does.
        """

    def rank(self, request: SearchRequest) -> list[tuple[str, float]]:
        """The ids and scores of the hits that :meth:`search` answers the request with. No article is read.

        Raises:
            InvalidQuery: as :meth:`search` does.
        """

    def explain(
        self, request: SearchRequest, parts: Sequence[Query], article_ids: Sequence[str]
    ) -> dict[str, Reasons]:
        """What makes the scores of some articles for a request by relevance, ``parts`` being its query and parts of it.

        Each is asked about these articles alone: filter, page and facets of the request do not matter. Nothing is said of ids
        that the snapshot does not hold, and nothing at all when the request's deadline came first.

        Raises:
            InvalidQuery: as :meth:`search` does.
        """

    def get(self, article_id: str) -> Article | None:
        """The article as it was indexed, or None."""

    def document_frequencies(self, field: str, tokens: Sequence[str]) -> list[int]:
        """In how many articles each token stands in text field ``field``, in the order of ``tokens``.

        Articles that were deleted or replaced may count until the engine drops them for good.

        Raises:
            InvalidQuery: ``field`` is no text field.
        """

    def complete(self, request: CompletionRequest) -> list[Completion]:
        """The completions asked for: those that most articles hold first, then the newest, then by text.

        Texts of one folded form are one completion. Of a text that more articles hold than COMPLETION_ARTICLES the count is
        an estimate, and of more than COMPLETION_CANDIDATES texts some may be missing; so may any, once the deadline is over.

        Raises:
            InvalidQuery: the filter has an unknown field, or the size is below 1.
        """

    @property
    def damage(self) -> IndexDamaged | None:
        """What :meth:`verifying` found by now, here or in another reader: then no answer can be trusted. Costs next to nothing."""

    def verifying(self) -> Iterator[None]:
        """Compare what was not compared yet with what was written, byte for byte, a stretch of some milliseconds at each step.

        Another thread may use the reader meanwhile. O(index), once for what is shared with other readers.
        """

    def close(self) -> None:
        """Let go of what the snapshot holds. Closing twice is not an error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class CommitReport:
    """What became of a commit. Its changes are durable and visible in any case.

    ``merge_failure`` says why the engine could not merge what it keeps in pieces, which slows searches down; None where it
    could, or has nothing to merge. It is tried again with the next commit.
    """

    merge_failure: str | None = None


class Writer(Protocol):
    """Changes to one index, visible all at once after :meth:`commit`, or not at all.

    Leaving the ``with`` block without a commit discards them. There is one writer at a time.
    """

    def add(self, article: Article) -> None:
        """Add an article whose id the index does not hold; the caller vouches for that (it saves a look-up)."""

    def put(self, article: Article) -> None:
        """Add an article, or replace the one with its id. Within one batch the last one wins."""

    def delete(self, article_id: str) -> None:
        """Forget an article. Deleting an unknown id is not an error."""

    def take(self, part: str) -> None:
        """Add the articles of a part that :meth:`Engine.build_part` made of this index since this batch began.

        The index must hold none of their ids; the caller vouches for that, as with :meth:`add`.

        Raises:
            IndexDamaged: there is no such part, or it cannot be read.
        """

    def commit(self, *, revision: int) -> CommitReport:
        """Make the changes durable and visible to readers opened from now on, and end the batch.

        Upkeep that the engine does after it may fail: that is reported, not raised, as long as it can be put off.

        Raises:
            FolderNotWritable: the disk is full, or what must be written is refused. The index is as before.
            IndexDamaged: what must be read cannot be. The index is as before.
        """

    def cancel(self) -> None:
        """Discard the changes and end the batch. After a commit it does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


class Engine(Protocol):
    """One index."""

    @property
    def name(self) -> str:
        """The engine's name in ``engines/registry.py`` and in manifests."""

    def create(self) -> None:
        """Make an empty index where there is none.

        Raises:
            FolderNotWritable: it cannot be made, or something is there already.
        """

    def reader(self) -> Reader:
        """Open the last commit.

        Raises:
            IndexDamaged: the index is missing or cannot be read.
        """

    def writer(self) -> Writer:
        """Begin a batch of changes.

        Raises:
            WriterBusy: another writer is open, here or in another process.
            IndexDamaged: the index is missing or cannot be read.
        """

    def build_part(self, articles: Iterable[Article]) -> list[str]:
        """Store articles in parts that belong to no commit, and return a token of each for :meth:`Writer.take`: text that means
        something to this engine alone, in any process.

        Other processes may do so while one has the writer open. What is not taken is gone when that batch has ended.

        Raises:
            FolderNotWritable: they cannot be written, for want of room or of a right.
        """

    def version(self) -> object:
        """A value that differs after every commit. Cheap enough to ask every second.

        Raises:
            IndexDamaged: the index is missing.
        """

    def check(self) -> list[str]:
        """Read the whole index and name each fault found; an empty list means sound. O(index)."""

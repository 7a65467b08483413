"""What every engine promises. Each promise has a test in ``tests/contracts/engine.py``.

An engine keeps one copy of the index in the folder that its opener (``registry.py``) names, in whatever form it chooses. It
knows articles and queries. It does not know generations, the store or HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, Self

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.errors import IndexDamaged
from indexer.hits import Completion, Reasons, SearchPage
from indexer.query import CompletionRequest, Query, SearchRequest

LITERAL_CANDIDATES: Final = 20_000
"""How many candidates of a long literal may be verified in stored text. Beyond it the total is an estimate."""


COMPLETION_CANDIDATES: Final = 512
"""How many of the texts that begin as requested are examined: those that most articles hold."""

COMPLETION_ARTICLES: Final = 256
"""How many of the articles that hold a completion are examined to count and date it: the last added ones. Beyond it the
count is an estimate.
"""


class Reader(Protocol):
    """An immutable snapshot of the index: later commits never show in it.

    Only one thread may use a reader at a time. Close it after use (``with`` does it). Opening another is cheap.
    """

    @property
    def doc_count(self) -> int:
        """How many articles the snapshot holds, whatever their status."""

    @property
    def revision(self) -> int:
        """The store's revision of the snapshot's last commit; 0 for an empty index."""

    def search(self, request: SearchRequest) -> SearchPage:
        """Answer a request. Articles of every status are found; the request's filter limits who sees what.

        Raises:
            InvalidQuery: an unknown field, facet, sort or way to collapse, a page or size below 1, or a page that ends beyond MAX_DEPTH.
        """

    def expect(self, requests: Sequence[SearchRequest]) -> None:  # noqa: ARG002 (others use them)
        """Hear which requests may be counted or searched next. An engine that is far away counts all of them at once, others do nothing.

        Raises:
            InvalidQuery: as :meth:`search` does, if it asks.
        """
        return

    def count(self, request: SearchRequest) -> int:
        """The ``total`` of :meth:`search` for the request. Orders nothing and reads no article.

        Raises:
            InvalidQuery: as :meth:`search` does.
        """

    def rank(self, request: SearchRequest) -> list[tuple[str, float]]:
        """The ids and scores of the hits of :meth:`search` for the request. Reads no article.

        Raises:
            InvalidQuery: as :meth:`search` does.
        """

    def explain(
        self, request: SearchRequest, parts: Sequence[Query], article_ids: Sequence[str]
    ) -> dict[str, Reasons]:
        """The parts of some articles' scores for a request by relevance. ``parts`` are its query and parts of that query.

        Each part is evaluated for these articles alone; the request's filter, page and facets do not matter. The result
        leaves out ids that the snapshot does not hold. It is empty when the request's deadline passed first.

        Raises:
            InvalidQuery: as :meth:`search` does.
        """

    def get(self, article_id: str) -> Article | None:
        """The article as it was indexed, or None."""

    def holding(self, texts: Iterable[str]) -> list[str]:
        """The ids of all articles that hold one of the texts literally in title, lead or body (see ``Literal``).

        Complete, whatever their number and status: every candidate is verified. O(the candidates' texts).
        """

    def document_frequencies(self, field: str, tokens: Sequence[str]) -> list[int]:
        """How many articles hold each token in the text field ``field``, in the order of ``tokens``.

        Deleted or replaced articles may count until the engine drops them for good.

        Raises:
            InvalidQuery: ``field`` is no text field.
        """

    def pair_frequencies(self, field: str, pairs: Sequence[str]) -> list[int]:
        """How many articles hold each pair of neighbouring letters or digits in the text field ``field``, in the order of ``pairs``.

        Pairs are folded. They are found whatever the segmenter did. Deleted or replaced articles may count until the engine
        drops them for good.

        Raises:
            InvalidQuery: ``field`` is no text field.
        """

    def complete(self, request: CompletionRequest) -> list[Completion]:
        """The requested completions. Those that most articles hold come first, then the newest, then by text.

        Texts with the same folded form are one completion. The count is an estimate for a text that more than COMPLETION_ARTICLES
        articles hold. Completions may be missing when more than COMPLETION_CANDIDATES texts match, or after the deadline.

        Raises:
            InvalidQuery: the filter has an unknown field, or the size is below 1.
        """

    @property
    def damage(self) -> IndexDamaged | None:
        """The damage that :meth:`verifying` found so far, in this reader or another. After damage no answer can be
        trusted. Nearly free.
        """

    def verifying(self) -> Iterator[None]:
        """Compare the bytes that were not yet verified with their checksums, some milliseconds of work at each step.

        Another thread may use the reader meanwhile. O(index). Bytes that readers share are verified once.
        """

    def close(self) -> None:
        """Release the snapshot's resources. Closing twice is not an error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class CommitReport:
    """The outcome of a commit. Its changes are durable and visible in any case.

    ``merge_failure`` says why the engine could not merge its segments, which slows searches down. It is None if merging succeeded
    or was not needed. The next commit tries again.
    """

    merge_failure: str | None = None


class Writer(Protocol):
    """A batch of changes to one index. :meth:`commit` makes all of them visible at once.

    Leaving the ``with`` block without a commit discards them. There is one writer at a time.
    """

    def add(self, article: Article) -> None:
        """Add an article. The caller guarantees that the index does not hold its id, which saves a look-up."""

    def put(self, article: Article) -> None:
        """Add an article, or replace the one with its id. Within one batch the last one wins."""

    def delete(self, article_id: str) -> None:
        """Delete an article. Deleting an unknown id is not an error."""

    def take(self, part: str) -> None:
        """Add the articles of a part that :meth:`Engine.build_part` made of this index since this batch began.

        As with :meth:`add`, the caller guarantees that the index does not hold their ids.

        Raises:
            IndexDamaged: there is no such part, or it cannot be read.
        """

    def commit(self, *, revision: int) -> CommitReport:
        """Make the changes durable and visible to readers opened from now on, and end the batch.

        If the engine's maintenance after the commit fails and can be postponed, the failure is reported, not raised.

        Raises:
            FolderNotWritable: the disk is full, or a write is refused. The index is as before.
            IndexDamaged: a file that the commit needs cannot be read. The index is as before.
        """

    def cancel(self) -> None:
        """Discard the changes and end the batch. After a commit it does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


class Storage(Protocol):
    """Where an index is kept. Who asks it knows the folder and need not know the engine, nor read what the index holds."""

    @property
    def is_local(self) -> bool:
        """Whether the folder holds all of the index."""

    def size(self) -> int:
        """The bytes that the index takes; 0 if there is none.

        Raises:
            IndexFailure: who keeps it does not answer.
        """

    def changed_at(self) -> datetime | None:
        """When the last commit was made; None if none was since the index was made.

        Raises:
            IndexDamaged: the index is missing.
            IndexFailure: who keeps it does not answer.
        """

    def writing(self, purpose: str) -> AbstractContextManager[None]:
        """Be the only writer of the index over all machines, until the block ends. Others are told the ``purpose``.

        If another machine takes the process for dead, every later commit raises WriterBusy. If the index is missing, nobody
        writes to it, and nothing is done.

        Raises:
            WriterBusy: another machine is its writer.
            IndexFailure: who keeps it does not answer.
        """

    def writer_elsewhere(self, purpose: str) -> str | None:
        """The other machine whose process is the writer for this ``purpose``; None if none is. A dead one counts for some seconds.

        Raises:
            IndexFailure: who keeps it does not answer, or the index is missing.
        """

    def remove(self) -> None:
        """Remove what the index has outside of its folder. Removing what is not there is not an error.

        Raises:
            IndexFailure: who keeps it does not answer.
        """


class Engine(Protocol):
    """One index."""

    @property
    def name(self) -> str:
        """The engine's name in ``engines/registry.py`` and in manifests."""

    @property
    def analyzer(self) -> Analyzer:
        """The analyzer that it was opened with. It cuts articles, and knows the words that queries must be cut with."""

    def create(self) -> None:
        """Make an empty index where there is none.

        Raises:
            FolderNotWritable: it cannot be made, or the folder is not empty.
        """

    def copy_to(self, folder: Path) -> None:
        """Make an index in ``folder`` that holds the last commit of this one. From then on each changes alone.

        A writer may commit to this index meanwhile. The copy shares the bytes of unchanged files where the file system has hard
        links; elsewhere it takes as much space again.

        Raises:
            FolderNotWritable: it cannot be made, or the folder is not empty, or the disk is full.
            IndexDamaged: this index is missing or cannot be read.
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
        """Store articles in parts that belong to no commit, and return a token of each part for :meth:`Writer.take`. Only this
        engine understands the token, in any process.

        Other processes may build parts while one process has the writer open. Parts that the batch does not take are
        deleted when it ends.

        Raises:
            FolderNotWritable: they cannot be written, for want of space or permission.
        """

    def merge(self) -> None:
        """Have the index in few segments. O(index).

        Whoever filled an index from nothing calls this once. An engine that merges with its commits does nothing.

        Raises:
            IndexDamaged: the index is missing.
            IndexFailure: it cannot be merged.
        """

    def replicate(self) -> None:
        """Have as many copies of the index as its keeper is to have, and wait until they are there.

        Whoever filled an index calls this before readers may depend on it. An engine of local files keeps one copy.

        Raises:
            IndexDamaged: the index is missing.
            IndexFailure: they cannot be made.
        """

    def version(self) -> object:
        """A value that differs after every commit. Cheap enough to read every second.

        Raises:
            IndexDamaged: the index is missing.
        """

    def check(self) -> list[str]:
        """Read the whole index and describe each fault found; an empty list means sound. O(index)."""

"""The slow, obviously right twin of the executor: plans evaluated over plain dicts; and corpora and plans to test with.

A ``Twin`` knows the documents of a snapshot, in the snapshot's order, as the ``Entry`` objects they were made of. Each plan
node is a few lines over ``{document: score}``; nothing here is fast on purpose.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from indexer.columnar.files.build import Document
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.segment import Segment
from indexer.columnar.files.snapshot import Snapshot, open_snapshot
from indexer.columnar.files.writer import Writer, create_index
from indexer.columnar.search import plan as p
from indexer.columnar.search.executor import Derived, Executor, Facet, Top
from indexer.columnar.search.found import SCRATCH

LAYOUT = Layout(
    postings={"title": "words", "body": "words", "tags": "terms", "id": "terms"},
    columns={"time": "int64", "weight": "float32", "channel": "ordinal", "topics": "ordinals"},
    blobs=("number",),
    key="id",
)
KEYLESS = Layout(
    postings={"title": "words", "body": "words", "tags": "terms"},
    columns=LAYOUT.columns,
    blobs=LAYOUT.blobs,
)
K1, B = 1.2, 0.75
VOCABULARY = [f"w{rank:02}" for rank in range(30)]
ZIPF = [1 / (rank + 1) for rank in range(len(VOCABULARY))]
TAGS = ["x", "xy", "xyz", "y"]
CHANNELS = [b"news", b"sport", b"\xff", b""]
Scores = dict[int, float]
Words = list[tuple[str, int]]
"""Words with their positions, which ascend; several may share one."""


@dataclass(frozen=True)
class Entry:
    """A document as plain values."""

    key: bytes
    title: Words
    body: Words
    tags: frozenset[str]
    time: int | None
    weight: float | None
    channel: bytes | None
    topics: tuple[bytes, ...]

    def document(self, number: int) -> Document:
        return Document(
            words={
                name: ([word for word, _ in words], [place for _, place in words])
                for name, words in (("title", self.title), ("body", self.body))
            },
            terms={"tags": self.tags, "id": (self.key,)},
            columns={
                "time": self.time,
                "weight": self.weight,
                "channel": self.channel,
                "topics": list(self.topics),
            },
            blobs={"number": b"%d" % number},
        )


def entry(key: bytes, chance: random.Random, *, longest: int = 12) -> Entry:
    """A random document: Zipf words, empty fields and missing values among them."""

    def words(most: int) -> Words:
        count = chance.choice([0, 1, 2, chance.randint(0, most)])
        place, placed = 0, []
        for word in chance.choices(VOCABULARY, ZIPF, k=count):
            place += chance.choice([0, 1, 1, 1, 1, 3])
            placed.append((word, place))
        return placed

    return Entry(
        key=key,
        title=words(4),
        body=words(longest),
        tags=frozenset(chance.sample(TAGS, chance.randint(0, 2))),
        time=chance.choice([None, chance.randint(-4, 8), chance.randint(-4, 8), 5]),
        weight=chance.choice([None, math.inf, -math.inf, 0.5, -1.25, chance.randint(0, 9) / 4]),
        channel=chance.choice([None, *CHANNELS]),
        topics=tuple(chance.sample(CHANNELS, chance.randint(0, 3))),
    )


@dataclass(frozen=True)
class Corpus:
    """A snapshot and the entries in its documents' order."""

    snapshot: Snapshot
    entries: list[Entry]


def build(
    folder: Path,
    batches: Sequence[tuple[int, int]],
    chance: random.Random,
    *,
    merge: Callable[[], dict[str, Any]] = lambda: {"merge": False},
    layout: Layout = LAYOUT,
) -> Corpus:
    """An index of batches, each a commit: so many documents added, so many keys deleted. Keys are in no order."""
    create_index(folder)
    pool: list[Entry] = []
    for added, deleted in batches:
        with Writer(folder, layout) as writer:
            for _ in range(deleted):
                if pool:
                    writer.delete(chance.choice(pool).key)
            for _ in range(added):
                key = b"%08x" % (len(pool) * 2_654_435_761 % 2**32)
                pool.append(entry(key, chance))
                writer.add(pool[-1].document(len(pool) - 1), key)
            writer.commit(**merge())
    return corpus(open_snapshot(folder), pool)


def corpus(snapshot: Snapshot, pool: Sequence[Entry]) -> Corpus:
    numbers = [int(snapshot.blob("number", doc)) for doc in range(snapshot.doc_count_all)]
    return Corpus(snapshot, [pool[number] for number in numbers])


class Twin:
    """Evaluates plans over entries; deleted ones count in the statistics and are never found."""

    def __init__(self, corpus: Corpus, *, keyed: bool = True) -> None:
        self.entries, self.keyed = corpus.entries, keyed
        self.leaf_of: list[int] = []
        self.live: list[bool] = []
        for number, leaf in enumerate(corpus.snapshot.leaves):
            count = leaf.segment.doc_count
            self.leaf_of += [number] * count
            self.live += [True] * count if leaf.live is None else leaf.live.tolist()
        self.bases = [leaf.base for leaf in corpus.snapshot.leaves]
        self.places: dict[str, dict[str, dict[int, list[int]]]] = {}
        self.lengths: dict[str, list[int]] = {}
        self.averages: dict[str, float] = {}
        for field in ("title", "body"):
            places = self.places[field] = defaultdict(lambda: defaultdict(list))
            for doc, each in enumerate(self.entries):
                for word, place in getattr(each, field):
                    places[word][doc].append(place)
            lengths = self.lengths[field] = [len(getattr(each, field)) for each in self.entries]
            self.averages[field] = sum(lengths) / (len(lengths) or 1)

    def scores(self, node: p.Plan) -> Scores:
        """Every document that matches, deleted ones included, with its score."""
        if isinstance(node, p.Term):
            return times(self._term(node.field, node.term.decode()), node.boost)
        if isinstance(node, p.Word):
            terms = tuple(p.Term(field, node.term, boost) for field, boost in node.fields)
            return self.scores(p.Union(terms))
        if isinstance(node, p.TermsBetween):
            return self._having(node.field, node.score, lambda term: node.low <= term and (not node.high or term < node.high))  # fmt: skip
        if isinstance(node, p.Documents):
            return {
                self.bases[leaf] + doc: score
                for leaf, (docs, scores) in node.by_leaf.items()
                for doc, score in zip(docs.tolist(), scores.tolist(), strict=True)
            }
        if isinstance(node, p.Between):
            return dict.fromkeys(self._between(node), 0.0)
        if isinstance(node, p.Phrase):
            return times(self._phrase(node), node.boost)
        if isinstance(node, p.Near):
            return dict.fromkeys(self._near(node), 0.0)
        if isinstance(node, p.Everything):
            return dict.fromkeys(range(len(self.entries)), node.score)
        if isinstance(node, p.Union):
            parts = [self.scores(clause) for clause in node.clauses]
            counts = Counter(doc for part in parts for doc in part)
            return {
                doc: sum(part.get(doc, 0.0) for part in parts)
                for doc, count in counts.items()
                if count >= node.minimum
            }
        if isinstance(node, p.Best):
            parts = [self.scores(clause) for clause in node.clauses]
            return {
                doc: max(part[doc] for part in parts if doc in part) for doc in set().union(*parts)
            }
        if isinstance(node, p.Otherwise):
            return {**self.scores(node.second), **self.scores(node.first)}
        if isinstance(node, p.Intersection):
            parts = [self.scores(clause) for clause in node.clauses]
            every = range(len(self.entries))
            return {
                doc: sum(part[doc] for part in parts)
                for doc in (min(parts, key=len) if parts else every)
                if all(doc in part for part in parts)
            }
        if isinstance(node, p.Without):
            excluded = self.scores(node.excluded)
            return {
                doc: score for doc, score in self.scores(node.plan).items() if doc not in excluded
            }
        if isinstance(node, p.Maybe):
            optional = self.scores(node.optional)
            return {
                doc: score + optional.get(doc, 0.0) for doc, score in self.scores(node.plan).items()
            }
        if isinstance(node, p.Scaled):
            return times(self.scores(node.plan), node.factor)
        return dict.fromkeys(self.scores(node.plan), node.score)

    def _term(self, field: str, term: str) -> Scores:
        if field == "tags":
            return {doc: 1.0 for doc, each in enumerate(self.entries) if term in each.tags}
        places = self.places[field].get(term, {})
        if not places:
            return {}
        lengths, average = self.lengths[field], self.averages[field]
        idf = math.log(len(self.entries) / (len(places) + 1)) + 1
        scores = {}
        for doc, found in places.items():
            tf = len(found)
            scores[doc] = idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * lengths[doc] / average))
        return scores

    def _having(self, field: str, score: float, wanted: Callable[[bytes], bool]) -> Scores:
        if field == "tags":
            return {
                doc: score
                for doc, each in enumerate(self.entries)
                if any(wanted(tag.encode()) for tag in each.tags)
            }
        return {
            doc: score
            for term, places in self.places[field].items()
            if wanted(term.encode())
            for doc in places
        }

    def _between(self, node: p.Between) -> Iterable[int]:
        for doc, each in enumerate(self.entries):
            value = getattr(each, node.column)
            above = value is not None and (node.low is None or value >= node.low)
            if above and (node.high is None or value < node.high):
                yield doc

    def _phrase(self, node: p.Phrase) -> Scores:
        terms = [term.decode() for term in node.terms]
        places = [self.places[node.field].get(term, {}) for term in terms]
        scores = [self._term(node.field, term) for term in terms]
        found = {}
        for doc in places[0] if places else ():
            if not all(doc in each for each in places):
                continue
            ends = set(places[0][doc])
            for each in places[1:]:
                ends = {at for at in each[doc] if any(0 < at - end <= node.slop for end in ends)}
            if ends:
                found[doc] = sum(each[doc] for each in scores)
        return found

    def _near(self, node: p.Near) -> Iterable[int]:
        places = [self.places[node.field].get(term.decode(), {}) for term in set(node.terms)]
        for doc in places[0] if places else ():
            one_each = product(*(each.get(doc, ()) for each in places))
            if any(max(some) - min(some) < node.window for some in one_each):
                yield doc

    def found(self, node: p.Plan, narrow: p.Plan | None = None) -> Scores:
        """The living documents that match and pass the filter."""
        allowed = None if narrow is None else self.scores(narrow)
        return {
            doc: score
            for doc, score in self.scores(node).items()
            if self.live[doc] and (allowed is None or doc in allowed)
        }

    def rank(self, doc: int, score: float, by: str, column: str | None) -> Any:
        """What documents are ordered by, ascending. Scores tie when they agree to four decimals."""
        value = getattr(self.entries[doc], column) if column else None
        missing = value is None
        if by == "score":
            first: Any = (-float(np.float32(score).round(4)), missing, -(value or 0))
        else:
            first = (missing, -(value or 0) if by == "newest" else (value or 0))
        return (first, self.entries[doc].key if self.keyed else doc, doc)

    def collapsed(self, ranked: Iterable[int], column: str) -> tuple[list[int], list[int]]:
        """The first of each number of a column among ranked documents, and how many have that number."""
        groups: dict[Any, list[int]] = defaultdict(list)
        for doc in ranked:
            number = getattr(self.entries[doc], column)
            groups[("alone", doc) if number is None else ("of", number)].append(doc)
        return [docs[0] for docs in groups.values()], [len(docs) for docs in groups.values()]

    def facet(self, docs: Iterable[int], name: str) -> dict[bytes, int]:
        counts: Counter[bytes] = Counter()
        for doc in docs:
            each = self.entries[doc]
            if name == "topics":
                counts.update(each.topics)
            elif name == "channel" and each.channel is not None:
                counts[each.channel] += 1
            elif name == "era" and each.time is not None:
                counts[b"past" if each.time < 0 else b"since"] += 1
        return dict(counts)


def times(scores: Scores, factor: float) -> Scores:
    return {doc: score * factor for doc, score in scores.items()}


def eras(segment: Segment) -> Facet:
    """A derived facet: before time 0, or since."""
    values = segment.numbers("time")
    ordinals = np.where(values == np.iinfo(np.int64).min, 2, (values >= 0).astype(np.int64))
    return Facet(ordinals, [b"past", b"since"])


DERIVED: dict[str, Derived] = {"era": eras}


def executor(snapshot: Snapshot, **options: Any) -> Executor:
    return Executor(snapshot, derived=DERIVED, **options)


def assert_close(top: Top, wanted: Scores) -> None:
    """Exactly these documents, with these scores up to 1e-5 of each."""
    assert sorted(top.docs.tolist()) == sorted(wanted)
    assert top.total == len(wanted)
    for doc, score in zip(top.docs.tolist(), top.scores.tolist(), strict=True):
        assert math.isclose(score, wanted[doc], rel_tol=1e-5, abs_tol=1e-6), (doc, score, wanted[doc])  # fmt: skip


def assert_scratch_is_clean() -> None:
    """Every accumulator that this thread holds is zero, and they take the bytes that they are said to."""
    free = [scores for each in SCRATCH._free.values() for scores in each]
    assert not any(scores.any() for scores in free)
    assert SCRATCH._held == sum(scores.nbytes for scores in free)

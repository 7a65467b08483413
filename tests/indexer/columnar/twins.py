"""The slow, obviously right twin of a segment: a list of documents, and what it answers; and documents to test with.

A ``Twin`` is what a segment must hold; :func:`assert_holds` reads everything a segment has through its public doors
and compares. Nothing here is vectorised on purpose.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from indexer.columnar.files.build import FORWARD_TERMS, Document, SegmentBuilder
from indexer.columnar.files.commit import KEPT_COMMITS, commit_numbers, read_commit
from indexer.columnar.files.fields import MISSING_INT, MISSING_UINT, Layout
from indexer.columnar.files.locating import DocsByBlock
from indexer.columnar.files.ordinals import Ordinals
from indexer.columnar.files.segment import Segment
from indexer.columnar.files.snapshot import Snapshot
from indexer.columnar.files.terms import Terms, after_prefix

LAYOUT = Layout(
    postings={"id": "terms", "title": "words", "body": "words", "grams": "terms"},
    columns={
        "time": "int64",
        "weight": "float32",
        "hash": "uint64",
        "channel": "ordinal",
        "tags": "ordinals",
    },
    blobs=("text", "html"),
    forward=("body",),
    key="id",
)

Term = str | bytes
Forward = list[tuple[bytes, int]]


@dataclass(frozen=True)
class Twin:
    """A document, and the forward entries it got where it was first written."""

    document: Document
    forward: Forward


def encoded(term: Term) -> bytes:
    return term if isinstance(term, bytes) else term.encode()


def key_of(document: Document) -> bytes:
    (key,) = document.terms["id"]
    return encoded(key)


def twins(documents: Sequence[Document], segment: Segment) -> list[Twin]:
    """The twins of a segment that was just built; its forward index is judged here, once and for all."""
    heaviest = [forward_of(segment, doc) for doc in range(len(documents))]
    assert_forward_is_weightiest(documents, heaviest)
    return [Twin(*pair) for pair in zip(documents, heaviest, strict=True)]


def forward_of(segment: Segment, doc: int) -> Forward:
    numbers, freqs = segment.forward("body", doc)
    terms = segment.postings("body").terms
    return [
        (terms[number], freq) for number, freq in zip(numbers.tolist(), freqs.tolist(), strict=True)
    ]


def assert_forward_is_weightiest(
    documents: Sequence[Document], forwards: Sequence[Forward]
) -> None:
    """The entries are the documented weightiest, heaviest first, up to one of the 63 steps of the weight."""
    postings = postings_of(documents, "body")
    weights: list[dict[bytes, float]] = [{} for _ in documents]
    for term, places in postings.items():
        for doc, positions in places.items():
            rarity = math.log((len(documents) + 1) / len(places))
            weights[doc][term] = math.log2(1 + len(positions) * rarity)
    step = 1.01 * max((max(each.values()) for each in weights if each), default=0.0) / 63
    for doc, (entries, weight) in enumerate(zip(forwards, weights, strict=True)):
        chosen = [term for term, _ in entries]
        assert len(set(chosen)) == len(chosen) == min(len(weight), FORWARD_TERMS)
        for term, freq in entries:
            assert freq == min(255, len(postings[term][doc]))
        for left, right in pairwise(chosen):
            assert weight[left] >= weight[right] - step
        left_out = max((weight[term] for term in weight if term not in chosen), default=0.0)
        assert all(weight[term] >= left_out - step for term in chosen)


def postings_of(documents: Sequence[Document], field: str) -> dict[bytes, dict[int, list[int]]]:
    """Term to document to positions (none for a field of terms)."""
    found: dict[bytes, dict[int, list[int]]] = {}
    for doc, document in enumerate(documents):
        if LAYOUT.postings[field] == "words":
            places, positions = document.words.get(field, ((), ()))
            for place, position in zip(places, positions, strict=True):
                for term in place if isinstance(place, tuple) else (place,):
                    found.setdefault(encoded(term), {}).setdefault(doc, []).append(position)
        else:
            for term in document.terms.get(field, ()):
                found.setdefault(encoded(term), {})[doc] = []
    return found


def build(path: Path, documents: Iterable[Document], *, layout: Layout = LAYOUT) -> Segment:
    """A segment of documents, written and opened."""
    builder = SegmentBuilder(layout)
    for document in documents:
        builder.add(document)
    assert builder.write(path) == path.stat().st_size
    return Segment(path)


def assert_holds(segment: Segment, expected: Sequence[Twin]) -> None:
    """Everything that a segment answers is what the twins say."""
    documents = [twin.document for twin in expected]
    assert segment.doc_count == len(documents)
    for field in LAYOUT.postings:
        assert_postings(segment, field, documents)
    for name, missing in (("time", MISSING_INT), ("weight", math.nan), ("hash", MISSING_UINT)):
        wanted = [doc.columns.get(name) for doc in documents]
        values = [missing if value is None else value for value in wanted]
        np.testing.assert_array_equal(segment.numbers(name), np.array(values, segment.numbers(name).dtype))  # fmt: skip
    assert values_of(segment, "channel") == [
        [] if (value := doc.columns.get("channel")) is None else [value] for doc in documents
    ]
    assert values_of(segment, "tags") == [list(doc.columns.get("tags") or ()) for doc in documents]  # type: ignore[arg-type]
    for name in LAYOUT.blobs:
        blobs = segment.blobs(name)
        assert [blobs[doc] for doc in range(len(documents))] == [
            doc.blobs.get(name, b"") for doc in documents
        ]
    assert [forward_of(segment, doc) for doc in range(len(documents))] == [
        twin.forward for twin in expected
    ]


def assert_postings(segment: Segment, name: str, documents: Sequence[Document]) -> None:
    expected = postings_of(documents, name)
    field = segment.postings(name)
    assert_dictionary(field.terms, sorted(expected))
    assert field.posting_count == sum(map(len, expected.values()))
    for number, term in enumerate(sorted(expected)):
        entries = expected[term]
        assert field.doc_frequency(number) == len(entries)
        assert field.docs(number).tolist() == list(entries)
        if field.words:
            positions, starts = field.positions(number)
            found = [positions[a:b].tolist() for a, b in pairwise(starts.tolist())]
            assert found == list(entries.values())
            assert field.freqs(number).tolist() == [len(each) for each in entries.values()]
            _, docs, at = field.locate((number,), DocsByBlock(np.arange(len(documents))))
            assert docs.tolist() == list(entries)
            some = at[::2]
            assert field.freqs_at(some).tolist() == [len(each) for each in entries.values()][::2]
            places, counts = field.positions_at(some)
            chosen = list(entries.values())[::2]
            assert places.tolist() == [place for each in chosen for place in each]
            assert counts.tolist() == [len(each) for each in chosen]
            assert field.total_frequency(number) == sum(map(len, entries.values()))
    if field.words:
        lengths = [len(doc.words.get(name, ((), ()))[0]) for doc in documents]
        assert field.lengths.tolist() == lengths
        assert field.total_length == sum(lengths)


def assert_dictionary(terms: Terms, expected: list[bytes]) -> None:
    """A dictionary holds exactly these terms, and finds them, what lies between, and what begins alike."""
    assert terms.slice() == expected == [terms[number] for number in range(len(terms))]
    probes = {
        probe for term in expected[:50] for probe in (term, term[:1], term + b"\0", term[:-1])
    }
    probes |= {b"", b"\xff", b"\xff\xff\xff", b"\x80"}
    together = terms.find_all([*probes])
    assert together == [expected.index(each) if each in expected else -1 for each in probes]
    for probe in probes:
        at = bisect_left(expected, probe)
        assert terms.first_from(probe) == at
        assert terms.find(probe) == (expected.index(probe) if probe in expected else -1)
        beginning = [number for number, term in enumerate(expected) if term.startswith(probe)]
        after = after_prefix(probe)
        end = terms.first_from(after) if after else len(terms)
        assert list(range(terms.first_from(probe), end)) == beginning
        assert not after or all((term < after) or not term.startswith(probe) for term in expected)


def values_of(segment: Segment, name: str) -> list[list[bytes]]:
    """A dictionary column's values, document by document, through its ordinals."""
    column: Ordinals = segment.ordinals(name)
    terms = column.terms.slice()
    assert terms == sorted(set(terms))
    ordinals = column.ordinals.tolist()
    if column.starts is None:
        return [[] if number == len(terms) else [terms[number]] for number in ordinals]
    starts = column.starts.tolist()
    return [[terms[number] for number in ordinals[a:b]] for a, b in pairwise(starts)]


@dataclass(frozen=True)
class Seen:
    """What a living document shows in a snapshot: enough to tell it from any other."""

    body: dict[bytes, list[int]]
    channel: list[bytes]
    text: bytes


def shown(document: Document) -> Seen:
    """What a document of LAYOUT must show."""
    channel = document.columns.get("channel")
    return Seen(
        {term: entries[0] for term, entries in postings_of([document], "body").items()},
        [channel] if isinstance(channel, bytes) else [],
        document.blobs.get("text", b""),
    )


def seen_in(snapshot: Snapshot) -> dict[bytes, Seen]:
    """All living documents of a snapshot by key, read from its segments."""
    found: dict[bytes, Seen] = {}
    for leaf in snapshot.leaves:
        bodies: list[dict[bytes, list[int]]] = [{} for _ in range(leaf.segment.doc_count)]
        field = leaf.segment.postings("body")
        for number, term in enumerate(field.terms.slice()):
            positions, starts = field.positions(number)
            edges = pairwise(starts.tolist())
            for doc, (begin, end) in zip(field.docs(number).tolist(), edges, strict=True):
                bodies[doc][term] = positions[begin:end].tolist()
        channels, texts = values_of(leaf.segment, "channel"), leaf.segment.blobs("text")
        for doc, key in leaf.segment.keys():  # noqa: SIM118 (not a mapping)
            if leaf.live is None or leaf.live[doc]:
                assert key not in found, f"{key!r} lives twice"
                assert snapshot.find(key) == leaf.base + doc
                found[key] = Seen(bodies[doc], channels[doc], texts[doc])
    assert len(found) == snapshot.doc_count
    return found


def names_in(folder: Path) -> list[str]:
    """The names of all files in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def kept_names(folder: Path) -> list[str]:
    """All that may be in an index's folder after a writer has ended: the kept commits' files and the lock."""
    commits = [read_commit(folder, number) for number in commit_numbers(folder)[:KEPT_COMMITS]]
    return sorted({"write.lock"}.union(*(commit.files() for commit in commits)))


ODD_TERMS: list[bytes] = [b"", b"\0", b"\xff", b"\xff\xff", b"a\xff", b"a\xff\xffz", b"k" * 700]
COMMON: list[str] = [
    word
    for rank, word in enumerate(
        ("的", "山", "水", "river", "road", "a", "aa", "ab", "山谷", "2026", "é")
    )
    for _ in range(16 // (rank + 1))
]
"""Words of a small language, each as often as Zipf would have it."""


def terms_strategy(*, odd: bool = True) -> st.SearchStrategy[list[bytes]]:
    """Terms as bytes: common ones often, rare ones seldom, odd ones now and then."""
    common = st.sampled_from(COMMON).map(str.encode)
    rare = st.integers(0, 400).map(lambda number: b"r%d" % number)
    choices = [common, common, rare] + ([st.sampled_from(ODD_TERMS)] if odd else [])
    return st.lists(st.one_of(choices), max_size=12)


@st.composite
def words_strategy(draw: st.DrawFn) -> tuple[list[bytes], list[int]]:
    """Terms and their positions: ascending, several at one place, sometimes far out or very many."""
    terms = draw(terms_strategy())
    if draw(st.integers(0, 15)) == 0:
        terms += [draw(st.sampled_from(COMMON)).encode()] * draw(st.sampled_from([254, 255, 256, 600]))  # fmt: skip
    steps = draw(st.sampled_from([[1], [0, 1], [0, 1, 3], [20_000, 1], [70_000]]))
    positions = [0]
    while len(positions) <= len(terms):
        positions.append(positions[-1] + steps[len(positions) % len(steps)])
    return terms, positions[1:]


@st.composite
def document_strategy(draw: st.DrawFn) -> Document:
    """A document of LAYOUT without a key; any field may be lacking."""
    words = {name: draw(words_strategy()) for name in ("title", "body") if draw(st.booleans())}
    columns = {
        "time": draw(st.none() | st.integers(-(2**63) + 1, 2**63 - 1)),
        "weight": draw(st.none() | st.floats(width=32, allow_nan=False)),
        "hash": draw(st.none() | st.integers(0, 2**64 - 2)),
        "channel": draw(st.none() | st.sampled_from([b"", b"news", b"sport", b"\xff"])),
        "tags": draw(st.none() | terms_strategy()),
    }
    text = draw(st.sampled_from([b"", b"a", b"ab" * 3_000, b"x" * 20_000, bytes(range(256)) * 30]))
    return Document(
        words=words,
        terms={"grams": draw(terms_strategy())} if draw(st.booleans()) else {},
        columns={name: value for name, value in columns.items() if draw(st.integers(0, 9))},
        blobs={"text": text} if draw(st.booleans()) else {},
    )


def with_key(document: Document, key: bytes) -> Document:
    return Document(
        words=document.words,
        terms={**document.terms, "id": (key,)},
        columns=document.columns,
        blobs=document.blobs,
    )


def documents_strategy(*, most: int = 12) -> st.SearchStrategy[list[Document]]:
    """Documents of one segment, each with a key of its own."""
    return st.lists(document_strategy(), max_size=most).map(
        lambda documents: [with_key(doc, b"d%d" % n) for n, doc in enumerate(documents)]
    )


def keyed(key: str, text: str = "山 水") -> Document:
    """A small document with a key, that shows its text in every kind of field."""
    words = text.split()
    return Document(
        words={"body": (words, range(len(words)))},
        terms={"id": (key,), "grams": words},
        columns={
            "time": len(text),
            "channel": words[0].encode(),
            "tags": [w.encode() for w in words],
        },
        blobs={"text": text.encode()},
    )

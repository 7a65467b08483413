"""Inverting tokens, laying postings out and choosing the weightiest, each beside its slow twin."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.columnar.errors import Unsupported
from indexer.columnar.files.arrays import ArrayFile, ArrayFileWriter
from indexer.columnar.files.build import weightiest, write_postings
from indexer.columnar.files.inversion import (
    FieldBuffer,
    Inverted,
    Place,
    Postings,
    inverted_pairs,
    lay_out,
    narrow,
    pack_terms,
)
from indexer.columnar.files.segment import PostingsField
from tests.indexer.columnar.twins import terms_strategy, words_strategy

Words = tuple[list[bytes], list[int]]
Held = dict[bytes, dict[int, list[int]]]


def twin(documents: list[Words]) -> Held:
    found: Held = {}
    for doc, (terms, positions) in enumerate(documents):
        for term, position in zip(terms, positions, strict=True):
            found.setdefault(term, {}).setdefault(doc, []).append(position)
    return {term: found[term] for term in sorted(found)}


def inverted(documents: list[Words]) -> tuple[FieldBuffer, list[bytes], Postings]:
    buffer = FieldBuffer(positions=True)
    for terms, positions in documents:
        buffer.add(terms, positions)
    vocabulary, postings, _ = buffer.invert()
    return buffer, vocabulary, postings


def read(vocabulary: list[bytes], postings: Postings) -> Held:
    """Postings as the twin has them, in the order in which they stand."""
    assert postings.freqs is not None
    assert postings.positions is not None
    found: Held = {}
    at = 0
    for term, doc, freq in zip(
        postings.terms.tolist(), postings.docs.tolist(), postings.freqs.tolist(), strict=True
    ):
        places = postings.positions[at : at + freq].tolist()
        found.setdefault(vocabulary[term], {})[doc] = places
        at += freq
    assert at == len(postings.positions)
    return found


def in_order(inverted: Held) -> list[tuple[bytes, list[tuple[int, list[int]]]]]:
    """With the order of terms and documents, which comparing dicts would not see."""
    return [(term, list(entries.items())) for term, entries in inverted.items()]


DOCUMENTS = st.lists(words_strategy(), max_size=10)


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS)
def test_inverting_agrees_with_a_dict_of_lists(documents: list[Words]) -> None:
    buffer, vocabulary, postings = inverted(documents)
    assert in_order(read(vocabulary, postings)) == in_order(twin(documents))
    assert vocabulary == sorted(set(vocabulary))
    assert buffer.invert().lengths.tolist() == [len(terms) for terms, _ in documents]
    assert len(buffer) == sum(len(terms) for terms, _ in documents)


@given(st.lists(terms_strategy(), max_size=8))
def test_terms_without_positions_are_counted_once_a_document(documents: list[list[bytes]]) -> None:
    buffer = FieldBuffer(positions=False)
    for terms in documents:
        buffer.add(terms)
    vocabulary, postings, _ = buffer.invert()
    pairs = zip(postings.terms.tolist(), postings.docs.tolist(), strict=True)
    assert [(vocabulary[term], doc) for term, doc in pairs] == sorted(
        {(term, doc) for doc, terms in enumerate(documents) for term in terms}
    )
    assert postings.freqs is None
    assert postings.positions is None


TERMS = st.sampled_from([b"a", b"b", b"\xe6\x8a\xa5", b"c"])
PLACES = st.lists(st.one_of(TERMS, st.lists(TERMS, max_size=3).map(tuple)), max_size=8)


@given(st.lists(PLACES, max_size=6))
def test_terms_at_one_place_count_as_if_each_came_with_its_position(
    documents: list[list[Place]],
) -> None:
    stacked, single = FieldBuffer(positions=True), FieldBuffer(positions=True)
    for places in documents:
        stacked.add(places, range(len(places)))
        terms = [
            (term, position)
            for position, place in enumerate(places)
            for term in (place if isinstance(place, tuple) else (place,))
        ]
        single.add([term for term, _ in terms], [position for _, position in terms])
    assert alike(stacked.invert(), single.invert())


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
PAIRS = st.lists(st.tuples(st.sampled_from("a上海😀 "), CHARACTERS).map("".join))


@given(st.lists(PAIRS, max_size=6))
def test_pairs_as_numbers_give_the_postings_of_terms(documents: list[list[str]]) -> None:
    named = FieldBuffer(positions=False)
    for pairs in documents:
        named.add(dict.fromkeys(pairs))  # a number that comes again counts once
    codes = [ord(pair[0]) << 32 | ord(pair[1]) for pairs in documents for pair in pairs]
    counts = np.array([*map(len, documents)], dtype=np.uint32)
    assert alike(inverted_pairs(np.array(codes, dtype=np.uint64), counts), named.invert())


def alike(one: Inverted, other: Inverted) -> bool:
    """Whether two inversions are the same."""
    rows = []
    for terms, postings, lengths in (one, other):
        parts = [postings.docs, postings.freqs, postings.positions, lengths]
        named = [terms[term] for term in postings.terms.tolist()]
        rows.append([named, *(None if each is None else each.tolist() for each in parts)])
    return rows[0] == rows[1] and one.vocabulary == other.vocabulary


def test_a_buffer_can_be_inverted_twice_and_added_to_between() -> None:
    buffer, vocabulary, postings = inverted([([b"b", b"a"], [0, 1])])
    buffer.add([b"a"], [7])
    vocabulary, postings, _ = buffer.invert()
    assert read(vocabulary, postings) == {b"a": {0: [1], 1: [7]}, b"b": {0: [0]}}


def test_cutting_back_forgets_the_last_documents() -> None:
    documents: list[Words] = [([b"a", b"b"], [0, 1]), ([], []), ([b"c"], [0]), ([b"a"], [5])]
    for kept in range(5):
        buffer, _, _ = inverted(documents)
        buffer.cut(kept)
        vocabulary, postings, lengths = buffer.invert()
        assert read(vocabulary, postings) == twin(documents[:kept])
        assert lengths.tolist() == [len(terms) for terms, _ in documents[:kept]]


@pytest.mark.parametrize("positions", [[], [0], [0, 1, 2], [0, -1], [0, 2**32]])
def test_positions_that_do_not_fit_are_refused_and_nothing_is_taken(positions: list[int]) -> None:
    buffer, _, _ = inverted([([b"a"], [0])])
    with pytest.raises(Unsupported):
        buffer.add([b"b", b"c"], positions)
    assert len(buffer) == 1
    assert read(*buffer.invert()[:2]) == {b"a": {0: [0]}}


def big_postings(entries: list[tuple[int, int, int]]) -> Postings:
    """Postings of (term, document, frequency), each position a number of its own."""
    unique = sorted({(term, doc): freq for term, doc, freq in entries}.items())
    freqs = np.array([freq for _, freq in unique], dtype=np.uint32)
    return Postings(
        terms=np.array([term for (term, _), _ in unique], dtype=np.uint32),
        docs=np.array([doc for (_, doc), _ in unique], dtype=np.uint32),
        freqs=freqs,
        positions=np.arange(int(freqs.sum()), dtype=np.uint32),
    )


BLOCK_EDGES = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 2**26 - 1]


@settings(max_examples=60, deadline=None)
@given(
    entries=st.lists(
        st.tuples(
            st.integers(0, 5),
            st.sampled_from(BLOCK_EDGES),
            st.sampled_from([1, 2, 254, 255, 256, 66_000]),
        ),
        max_size=20,
    ),
    cuts=st.sets(st.integers(0, 6), max_size=3),
)
def test_postings_laid_out_in_any_pieces_are_read_back(
    entries: list[tuple[int, int, int]], cuts: set[int]
) -> None:
    """Any documents on the edges of blocks, any frequencies, terms without postings, pieces without terms."""
    whole = big_postings(entries)
    assert whole.freqs is not None
    assert whole.positions is not None
    ends = np.cumsum(whole.freqs, dtype=np.int64)
    pieces = []
    for low, high in zip([0, *sorted(cuts)], [*sorted(cuts), 6], strict=True):
        begin, end = (int(edge) for edge in np.searchsorted(whole.terms, (low, high)))
        places = slice(int(ends[begin - 1]) if begin else 0, int(ends[end - 1]) if end else 0)
        pieces.append(
            Postings(
                whole.terms[begin:end],
                whole.docs[begin:end],
                whole.freqs[begin:end],
                whole.positions[places],
            )
        )
    terms = [b"t%d" % number for number in range(6)]
    lengths = np.array([70_000, 1], dtype=np.uint32)
    with TemporaryDirectory() as folder:
        file = ArrayFileWriter(Path(folder) / "a")
        numbers = write_postings(file, "x", terms, map(lay_out, pieces), lengths)
        file.finish({})
        field = PostingsField(ArrayFile(Path(folder) / "a"), "x", words=True)
        used = sorted(set(whole.terms.tolist()))
        assert field.terms.slice() == [terms[number] for number in used]
        assert [numbers[number] for number in used] == list(range(len(used)))
        at = 0
        for number, term in enumerate(used):
            mine = whole.terms == term
            assert field.docs(number).tolist() == whole.docs[mine].tolist()
            assert field.freqs(number).tolist() == whole.freqs[mine].tolist()
            size = int(whole.freqs[mine].sum())
            positions, starts = field.positions(number)
            np.testing.assert_array_equal(positions, whole.positions[at : at + size])
            assert np.diff(starts).tolist() == whole.freqs[mine].tolist()
            at += size
        assert field.lengths.tolist() == lengths.tolist()


def test_the_weightiest_terms_of_very_many_documents_stay_with_their_documents() -> None:
    """The keys that are sorted hold document, weight and posting in 64 bits; none may run into another."""
    docs = np.array([0, 2**22 - 1, 0, 2**22 - 1], dtype=np.uint32)
    postings = Postings(
        terms=np.array([0, 0, 1, 1], dtype=np.uint32),
        docs=docs,
        freqs=np.array([1, 900, 70_000, 2], dtype=np.uint32),
    )
    starts, terms, freqs = weightiest(postings, 2, 2**22)
    assert starts[[0, 1, 2**22 - 1, 2**22]].tolist() == [0, 2, 2, 4]
    assert terms.tolist() == [1, 0, 0, 1]
    assert freqs.tolist() == [70_000, 1, 900, 2]


@pytest.mark.parametrize(
    ("top", "at_least", "dtype"),
    [
        (0, 1, np.uint8),
        (255, 1, np.uint8),
        (256, 1, np.uint16),
        (65_536, 2, np.uint32),
        (1, 4, np.uint32),
        (2**32, 4, np.uint64),
    ],
)
def test_narrow_takes_the_smallest_type_that_holds_all(
    top: int, at_least: int, dtype: type[np.generic]
) -> None:
    values = narrow(np.array([0, top], dtype=np.uint64), at_least=at_least)
    assert values.dtype == dtype
    assert values.tolist() == [0, top]
    assert narrow(np.empty(0, np.int64), at_least=at_least).tolist() == []


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_packed_terms_can_be_cut_out_again(terms: list[bytes]) -> None:
    data, offsets = pack_terms(terms)
    found = [data[a:b].tobytes() for a, b in pairwise(offsets.tolist())]
    assert found == terms

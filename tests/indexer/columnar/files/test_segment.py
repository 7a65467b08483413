"""A segment answers exactly what its documents hold, whatever they hold."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.columnar.errors import Damaged, Unsupported
from indexer.columnar.files.arrays import ArrayFileWriter
from indexer.columnar.files.build import Document, SegmentBuilder, write_terms
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.locating import DocsByBlock
from indexer.columnar.files.segment import Segment
from indexer.columnar.files.terms import Terms, after_prefix
from tests.indexer.columnar.twins import (
    LAYOUT,
    assert_dictionary,
    assert_holds,
    build,
    documents_strategy,
    twins,
    values_of,
)

WORDS = Layout(postings={"body": "words"}, columns={}, forward=("body",))


@settings(max_examples=40, deadline=None)
@given(documents=documents_strategy())
def test_a_segment_holds_what_its_documents_hold(documents: list[Document]) -> None:
    with TemporaryDirectory() as folder:
        segment = build(Path(folder) / "a.seg", documents)
        assert_holds(segment, twins(documents, segment))
        assert segment.file.faults() == []


def test_a_segment_of_no_documents_answers_with_nothing(tmp_path: Path) -> None:
    segment = build(tmp_path / "a.seg", [])
    assert_holds(segment, [])
    assert segment.postings("body").docs_of_range(0, -1).tolist() == []
    assert list(segment.keys()) == []
    assert segment.find(b"d0") == -1


def test_a_layout_without_any_field_only_counts_documents(tmp_path: Path) -> None:
    segment = build(tmp_path / "a.seg", [Document()] * 3, layout=Layout({}, {}))
    assert segment.doc_count == 3
    assert segment.find(b"d0") == -1
    assert list(segment.keys()) == []


def test_text_and_bytes_make_the_same_terms(tmp_path: Path) -> None:
    texts = build(tmp_path / "a.seg", [Document({"body": (["山", "é"], [0, 1])})], layout=WORDS)
    encoded = ["山".encode(), "é".encode()]
    data = build(tmp_path / "b.seg", [Document({"body": (encoded, [0, 1])})], layout=WORDS)
    assert texts.postings("body").terms.slice() == data.postings("body").terms.slice()


def test_a_term_given_as_text_and_as_bytes_is_one_term(tmp_path: Path) -> None:
    documents = [
        Document({"body": (["山", "b"], [0, 1])}),
        Document({"body": (["山".encode(), "山".encode(), b"c"], [0, 1, 2])}),
    ]
    field = build(tmp_path / "a.seg", documents, layout=WORDS).postings("body")
    assert field.terms.slice() == [b"b", b"c", "山".encode()]
    assert field.docs(2).tolist() == [0, 1]
    assert field.freqs(2).tolist() == [1, 2]


def test_more_documents_than_one_block_keep_their_numbers_frequencies_and_positions(
    tmp_path: Path,
) -> None:
    """140,000 documents: three blocks, terms in one, two and all of them, some with nothing in the middle one."""
    count = 140_000

    def words(doc: int) -> tuple[list[str], list[int]]:
        terms = ["all"]
        if doc % 70_000 == 5:
            terms += ["rare"] * 300
        if not 65_536 <= doc < 131_072 and doc % 1_000 == 0:
            terms.append("outer")
        return terms, list(range(doc % 3, doc % 3 + len(terms)))

    documents = (Document({"body": words(doc)}) for doc in range(count))
    field = build(tmp_path / "a.seg", documents, layout=WORDS).postings("body")
    assert field.terms.slice() == [b"all", b"outer", b"rare"]
    np.testing.assert_array_equal(field.docs(0), np.arange(count))
    outer = [doc for doc in range(0, count, 1_000) if not 65_536 <= doc < 131_072]
    assert field.docs(1).tolist() == outer
    assert field.docs(2).tolist() == [5, 70_005]
    assert field.freqs(2).tolist() == [300, 300]
    positions, starts = field.positions(2)
    assert starts.tolist() == [0, 300, 600]
    assert positions[:300].tolist() == list(range(5 % 3 + 1, 5 % 3 + 301))
    assert positions[300:].tolist() == list(range(70_005 % 3 + 1, 70_005 % 3 + 301))
    np.testing.assert_array_equal(field.positions(0)[0], np.arange(count) % 3)
    asked = np.array([0, 4, 5, 1_000, 70_005, 139_000, 139_999])
    holders = ["1111111", "1001010", "0010100"]
    for term, holding in enumerate(holders):
        _, docs, at = field.locate((term,), DocsByBlock(asked))
        assert docs.tolist() == [place for place, each in enumerate(holding) if each == "1"]
        begin = field.extent(term)[0]
        np.testing.assert_array_equal(field.docs(term)[at - begin], asked[docs])
        np.testing.assert_array_equal(field.freqs_at(at), field.freqs(term)[at - begin])
        known, starts = field.positions(term)
        found, counts = field.positions_at(at)
        wanted = [known[starts[each] : starts[each + 1]].tolist() for each in at - begin]
        assert counts.tolist() == [len(each) for each in wanted]
        assert found.tolist() == [place for each in wanted for place in each]
    together = field.locate((2, -1, 0, 1), DocsByBlock(asked))
    assert sorted(zip(together.terms.tolist(), together.docs.tolist(), strict=True)) == [
        (row, doc)
        for row, term in ((0, 2), (2, 0), (3, 1))
        for doc, each in enumerate(holders[term])
        if each == "1"
    ]
    for row, doc, at in zip(*(each.tolist() for each in together), strict=True):
        term = (2, -1, 0, 1)[row]
        assert field.docs(term)[at - field.extent(term)[0]] == asked[doc]
    both = field.docs_of_range(1, 2)
    assert both.tolist() == [*outer, 5, 70_005]
    assert field.term_of_postings(1, 2).tolist() == [1] * len(outer) + [2, 2]
    assert field.term_starts().tolist() == [0, count, count + len(outer), count + len(outer) + 2]
    assert np.count_nonzero(field.lengths == 301) == 2
    assert field.total_length == count + len(outer) + 600


def test_frequencies_around_15_and_255_are_exact(tmp_path: Path) -> None:
    counts = [1, 14, 15, 16, 254, 255, 256, 70_000]
    size = len(counts)
    documents = [Document({"body": (["a"] * n + ["b"], range(n + 1))}) for n in counts]
    segment = build(tmp_path / "a.seg", documents, layout=WORDS)
    field = segment.postings("body")
    assert field.freqs(0).tolist() == counts
    assert field.freqs(1).tolist() == [1] * size
    assert field.lengths.tolist() == [n + 1 for n in counts]
    assert field.freqs_between(1, 4).tolist() == [14, 15, 16]
    assert field.freqs_between(5, 7).tolist() == [255, 256]
    for at in ([*range(2 * size)], [7], [15, 3, 8]):
        found, sizes = field.positions_at(np.array(at))
        wanted = [counts[each] if each < size else 1 for each in at]
        assert sizes.tolist() == wanted
        assert found.tolist() == [
            place
            for each, often in zip(at, wanted, strict=True)
            for place in (range(often) if each < size else [counts[each - size]])
        ]
    assert [segment.forward("body", doc)[1].max() for doc in range(size)] == [
        min(count, 255) for count in counts
    ]


@pytest.mark.parametrize("last", [3_839, 3_840, 65_535, 65_536, 2**32 - 1])
def test_positions_of_any_size_are_kept(tmp_path: Path, last: int) -> None:
    documents = [Document({"body": (["a", "a"], [0, last])}), Document()]
    field = build(tmp_path / "a.seg", documents, layout=WORDS).postings("body")
    assert field.positions(0)[0].tolist() == [0, last]


def test_the_forward_index_keeps_the_32_weightiest_terms(tmp_path: Path) -> None:
    """Fifty words, the later the oftener: the last 32 are kept, the oftenest first."""
    terms = [
        f"w{number:02}" for number in range(50) for _ in range(2**number if number < 12 else 9)
    ]
    plain = Document({"body": (["x"], [0])})
    document = Document({"body": (terms, range(len(terms)))})
    segment = build(tmp_path / "a.seg", [plain, document, plain], layout=WORDS)
    numbers, freqs = segment.forward("body", 1)
    kept = [segment.postings("body").terms[number] for number in numbers.tolist()]
    assert len(kept) == 32
    assert kept[:8] == [b"w%02d" % number for number in (11, 10, 9, 8, 7, 6, 5, 4)]
    assert freqs[:5].tolist() == [255, 255, 255, 255, 128]
    assert segment.forward("body", 0)[0].tolist() == segment.forward("body", 2)[0].tolist() != []


def test_two_hundred_fifty_five_values_and_a_missing_one_fit_one_byte(tmp_path: Path) -> None:
    layout = Layout({}, {"channel": "ordinal", "tags": "ordinals"})
    for count, dtype in ((255, np.uint8), (256, np.uint16)):
        values = [b"%d" % number for number in range(count)]
        documents = [Document(columns={"channel": value, "tags": values}) for value in values]
        segment = build(tmp_path / f"{count}.seg", [*documents, Document()], layout=layout)
        assert segment.ordinals("channel").ordinals.dtype == dtype
        assert values_of(segment, "channel") == [*([value] for value in values), []]
        assert values_of(segment, "tags") == [values] * count + [[]]


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.lists(st.sampled_from(b"ab\0\xff"), max_size=10).map(bytes), max_size=400),
    st.integers(0, 300),
    st.sampled_from([1, 100, 4_096]),
    st.sampled_from([1, 256]),
    st.sampled_from([8, 24]),
)
def test_a_dictionary_finds_what_it_holds_and_where_the_rest_would_stand(
    terms: set[bytes], more: int, few: int, very_many: int, read: int
) -> None:
    """However it is looked up: held whole, in step, and with terms longer than what a joint look-up reads of them."""
    expected = sorted(terms | {b"m%d" % number for number in range(more)})
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("indexer.columnar.files.terms._FEW", few)
        patch.setattr("indexer.columnar.files.terms._VERY_MANY", very_many)
        patch.setattr("indexer.columnar.files.terms._READ", read)
        patch.setattr("indexer.columnar.files.terms._STRETCH", 64)
        file = ArrayFileWriter(Path(folder) / "a")
        write_terms(file, "x", expected)
        file.finish({"layout": Layout({}, {}).to_facts(), "doc_count": 0})
        dictionary = Terms(Segment(Path(folder) / "a").file, "x")
        assert_dictionary(dictionary, expected)
        assert dictionary.slice(3, 7) == expected[3:7]
        assert dictionary.slice(len(expected)) == []


def test_the_least_string_after_a_prefix() -> None:
    assert after_prefix(b"ab") == b"ac"
    assert after_prefix(b"a\xff\xff") == b"b"
    assert after_prefix(b"\xff") == b"" == after_prefix(b"")


def test_a_key_that_stands_twice_finds_the_later_document(tmp_path: Path) -> None:
    documents = [Document(terms={"id": (key,)}) for key in (b"a", b"b", b"a", b"c")]
    segment = build(tmp_path / "a.seg", [*documents, Document()])
    assert [segment.find(key) for key in (b"a", b"b", b"c", b"d")] == [2, 1, 3, -1]
    assert sorted(segment.keys()) == [(0, b"a"), (1, b"b"), (2, b"a"), (3, b"c")]
    assert [segment.key(doc) for doc in range(5)] == [b"a", b"b", b"a", b"c", b""]


def test_a_field_that_the_layout_does_not_have_is_a_key_error(tmp_path: Path) -> None:
    segment = build(tmp_path / "a.seg", [])
    for door in (segment.postings, segment.numbers, segment.ordinals, segment.blobs):
        with pytest.raises(KeyError):
            door("nowhere")


def test_a_file_that_is_no_segment_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="No such file"):
        Segment(tmp_path / "a.seg")
    file = ArrayFileWriter(tmp_path / "b.seg")
    file.finish({"doc_count": 0})
    with pytest.raises(Damaged, match="layout"):
        Segment(tmp_path / "b.seg")


def test_a_document_that_is_refused_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    good = Document(
        {"title": (["a"], [0]), "body": (["b"], [0])}, {"id": (b"k",)}, {}, {"text": b"t"}
    )
    bad: list[Document] = [
        Document({"title": (["x"], [0]), "body": (["a", "aa"], [0])}),
        Document({"title": (["x"], [0]), "body": (["a"], [-1])}),
        Document({"title": (["x"], [0]), "body": (["a"], [2**32])}),
        Document({"title": (["x"], [0])}, {"grams": [[]]}),  # type: ignore[list-item]
        Document({"title": (["x"], [0])}, {}, {}, {"html": "text"}),  # type: ignore[dict-item]
    ]
    for number, each in enumerate(bad):
        builder = SegmentBuilder(LAYOUT)
        builder.add(good)
        with pytest.raises((Unsupported, TypeError)):
            builder.add(each)
        assert builder.add(good) == 1
        builder.write(tmp_path / f"{number}.seg")
        segment = Segment(tmp_path / f"{number}.seg")
        assert_holds(segment, twins([good, good], segment))


def test_what_cannot_be_held_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="Unicode"):
        build(tmp_path / "a.seg", [Document({"body": (["\ud800"], [0])})])
    assert list(tmp_path.iterdir()) == []

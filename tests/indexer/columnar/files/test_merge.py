"""Merging makes the segment that its inputs' living documents would have made, in their order."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from indexer.columnar.errors import Unsupported
from indexer.columnar.files import merge as merging
from indexer.columnar.files.build import Document
from indexer.columnar.files.check import check_segment
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.merge import MergeInput, merge
from indexer.columnar.files.segment import Segment
from tests.indexer.columnar.files.processes import in_child
from tests.indexer.columnar.twins import (
    Twin,
    assert_holds,
    build,
    documents_strategy,
    twins,
    values_of,
    with_key,
)

WORDS = Layout({"body": "words"}, {}, forward=("body",))
Live = NDArray[np.bool_] | None
Part = tuple[Segment, list[Twin]]


def merged(path: Path, parts: Sequence[Part], live: Sequence[Live]) -> Part:
    """The merged segment, and what it must hold."""
    inputs = [MergeInput(part[0], mask) for part, mask in zip(parts, live, strict=True)]
    assert merge(path, inputs) == path.stat().st_size
    expected = [
        twin
        for (_, held), mask in zip(parts, live, strict=True)
        for doc, twin in enumerate(held)
        if mask is None or mask[doc]
    ]
    return Segment(path), expected


def live_masks(random_seed: int, parts: Sequence[Part]) -> list[Live]:
    """For each part: all live, all deleted, or about half."""
    random = np.random.default_rng(random_seed)
    shares = random.choice([0.0, 0.5, 0.5, 1.0, 2.0], size=len(parts))
    return [
        None if share > 1 else random.random(part[0].doc_count) < share
        for part, share in zip(parts, shares, strict=True)
    ]


@settings(max_examples=30, deadline=None)
@given(
    groups=st.lists(documents_strategy(most=6), min_size=1, max_size=8),
    seed=st.integers(0, 2**20),
    stretch=st.sampled_from([1, 3, 50, 4_000_000]),
)
def test_merges_of_merges_hold_what_is_left_of_their_documents(
    groups: list[list[Document]], seed: int, stretch: int
) -> None:
    random = np.random.default_rng(seed)
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "STRETCH", stretch)
        folder = Path(name)
        parts: list[Part] = []
        for number, group in enumerate(groups):
            documents = [with_key(doc, b"%d-%d" % (number, n)) for n, doc in enumerate(group)]
            segment = build(folder / f"{number}.seg", documents)
            parts.append((segment, twins(documents, segment)))
        while parts:
            width = int(random.integers(1, len(parts) + 1))
            chosen, parts = parts[:width], parts[width:]
            path = folder / f"merged-{len(list(folder.iterdir()))}.seg"
            part = merged(path, chosen, live_masks(int(random.integers(2**20)), chosen))
            assert_holds(*part)
            assert check_segment(part[0]) == []
            if parts:
                parts.append(part)


def test_a_merge_of_more_than_one_block_moves_documents_across_blocks(tmp_path: Path) -> None:
    """Two segments of 70,000; every third document of the first is deleted, so that all others move."""

    def words(doc: int, extra: str) -> Document:
        terms = ["all", extra] if doc % 500 == 0 else ["all"]
        terms += ["often"] * (300 if doc == 69_999 else 0)
        return Document({"body": (terms, range(doc, doc + len(terms)))})

    count = 70_000
    segments = [
        build(tmp_path / extra, [words(doc, extra) for doc in range(count)], layout=WORDS)
        for extra in ("x", "y")
    ]
    live = np.arange(count) % 3 != 0
    merge(tmp_path / "m", [MergeInput(segments[0], live), MergeInput(segments[1], None)])
    segment = Segment(tmp_path / "m")
    field = segment.postings("body")
    kept = np.flatnonzero(live)
    old = np.concatenate([kept, np.arange(count)])
    assert segment.doc_count == len(old) > 65_536
    assert field.terms.slice() == [b"all", b"often", b"x", b"y"]
    np.testing.assert_array_equal(field.docs(0), np.arange(len(old)))
    np.testing.assert_array_equal(field.positions(0)[0], old)
    assert field.docs(1).tolist() == [len(old) - 1]
    assert field.freqs(1).tolist() == [300]
    assert field.positions(1)[0].tolist() == list(range(70_000, 70_300))
    np.testing.assert_array_equal(field.docs(2), np.flatnonzero(kept % 500 == 0))
    np.testing.assert_array_equal(field.docs(3), len(kept) + np.arange(0, count, 500))
    assert field.lengths.sum() == field.posting_count + 299
    assert check_segment(segment) == []


def test_wide_positions_of_one_input_widen_the_merged_ones(tmp_path: Path) -> None:
    near = build(tmp_path / "a", [Document({"body": (["a", "b"], [1, 65_535])})], layout=WORDS)
    far = build(tmp_path / "b", [Document({"body": (["b", "b"], [2, 65_536])})], layout=WORDS)
    merge(tmp_path / "m", [MergeInput(near, None), MergeInput(far, None)])
    field = Segment(tmp_path / "m").postings("body")
    assert field.positions(0)[0].tolist() == [1]
    assert field.positions(1)[0].tolist() == [65_535, 2, 65_536]


def test_what_only_deleted_documents_held_is_gone(tmp_path: Path) -> None:
    layout = Layout({"body": "words"}, {"channel": "ordinal", "tags": "ordinals"})
    documents = [
        Document({"body": ([word], [0])}, {}, {"channel": word.encode(), "tags": [word.encode()]})
        for word in ("a", "b", "c")
    ]
    segment = build(tmp_path / "a", documents, layout=layout)
    merge(tmp_path / "m", [MergeInput(segment, np.array([True, False, True]))])
    found = Segment(tmp_path / "m")
    assert found.postings("body").terms.slice() == [b"a", b"c"]
    assert values_of(found, "channel") == values_of(found, "tags") == [[b"a"], [b"c"]]
    assert found.ordinals("channel").terms.slice() == [b"a", b"c"]


def test_a_merge_in_which_nothing_lives_is_an_empty_segment(tmp_path: Path) -> None:
    documents = [Document({"body": (["a"], [0])})] * 3
    segment = build(tmp_path / "a", documents, layout=WORDS)
    merge(tmp_path / "m", [MergeInput(segment, np.zeros(3, dtype=bool))] * 2)
    assert Segment(tmp_path / "m").doc_count == 0
    assert check_segment(Segment(tmp_path / "m")) == []


def test_inputs_of_different_layouts_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    one = build(tmp_path / "a", [], layout=WORDS)
    other = build(tmp_path / "b", [], layout=Layout({"body": "terms"}, {}))
    with pytest.raises(Unsupported, match="layout"):
        merge(tmp_path / "m", [MergeInput(one, None), MergeInput(other, None)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def _merge_on_a_full_disk(folder: Path) -> str:
    size = (folder / "a").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + size // 2, size + size // 2))
    try:
        merge(folder / "m", [MergeInput(Segment(folder / "a"), None)] * 2)
    except OSError as error:
        return type(error).__name__
    return "nothing was raised"


def test_a_disk_that_fills_during_a_merge_leaves_no_file(tmp_path: Path) -> None:
    texts = Layout({}, {}, blobs=("text",))
    random = np.random.default_rng(1)
    build(tmp_path / "a", [Document(blobs={"text": random.bytes(50_000)})] * 8, layout=texts)
    assert in_child(_merge_on_a_full_disk, tmp_path) == "OSError"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]

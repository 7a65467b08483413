"""The documents of a pair come back as they were, in each of the three forms, and are found among others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.columnar.errors import Damaged
from indexer.columnar.files.arrays import ArrayFile, ArrayFileWriter
from indexer.columnar.files.offsets import Offsets, write_offsets
from indexer.columnar.files.pairs import BITS, SPLIT, PairDocs, parted

BLOCK = 1 << 16
COUNTS = (1, 2, 100, SPLIT - 1, SPLIT, SPLIT + 1, 3_000, BITS, BITS + 1, 30_000, BLOCK)
SHAPES = ("spread", "first", "last")


def documents(count: int, shape: str, seed: int) -> list[int]:
    if shape == "spread":
        return sorted(Random(seed).sample(range(BLOCK), count))
    return [*range(count)] if shape == "first" else [*range(BLOCK - count, BLOCK)]


def written(path: Path, pairs: Sequence[Sequence[int]]) -> PairDocs:
    starts = np.cumsum([0, *map(len, pairs)])
    docs = np.array([doc for pair in pairs for doc in pair], dtype=np.uint16)
    plain, numbers, forms = parted(docs, starts)
    file = ArrayFileWriter(path)
    file.add("p/docs", [plain])
    file.add("p/packed_pairs", [numbers.astype(np.uint32)])
    file.add("p/packed_docs", forms, np.uint8)
    write_offsets(file, "p/starts", starts)
    file.finish({})
    read = ArrayFile(path)
    return PairDocs(read, "p", Offsets(read, "p/starts"))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(COUNTS), st.sampled_from(SHAPES)), min_size=1, max_size=7),
    st.randoms(use_true_random=False),
)
def test_documents_come_back_in_any_form_and_are_found(
    shapes: list[tuple[int, str]], random: Random
) -> None:
    pairs = [documents(count, shape, n) for n, (count, shape) in enumerate(shapes)]
    starts = [sum(map(len, pairs[:n])) for n in range(len(pairs) + 1)]
    with TemporaryDirectory() as name:
        read = written(Path(name) / "a", pairs)
        assert [*read.faults()] == []
        low = random.randrange(len(pairs))
        high = random.randint(low, len(pairs))
        assert read.between(low, high).tolist() == [doc for pair in pairs[low:high] for doc in pair]
        some = np.array(random.sample(range(len(pairs)), random.randint(0, len(pairs))), np.intp)
        assert read.some(some).tolist() == [doc for pair in some for doc in pairs[pair]]
        wanted = sorted(random.sample(range(BLOCK), 300))
        for number, pair in enumerate(pairs):
            extent = number, starts[number], starts[number + 1]
            assert read.of(*extent).tolist() == pair
            at, held = read.find(*extent, np.array(wanted, dtype=np.uint16))
            places = {doc: starts[number] + place for place, doc in enumerate(pair)}
            assert held.tolist() == [doc in places for doc in wanted]
            assert at[held].tolist() == [places[doc] for doc in wanted if doc in places]


@pytest.mark.parametrize(
    ("count", "shape", "most"),
    [
        (600, "spread", 900),
        (8_000, "spread", 8_300),
        (30_000, "spread", 8_800),
        (600, "first", 1_250),
    ],
)
def test_long_pairs_take_a_byte_a_posting_or_less(
    tmp_path: Path, count: int, shape: str, most: int
) -> None:
    written(tmp_path / "a", [documents(count, shape, 1)])
    file = ArrayFile(tmp_path / "a")
    assert sum(file.nbytes(name) for name in ("p/docs", "p/packed_docs", "p/packed_pairs")) < most


@pytest.mark.parametrize("count", [1_000, 20_000])
def test_a_pair_with_other_than_its_number_of_documents_is_damaged(
    tmp_path: Path, count: int
) -> None:
    read = written(tmp_path / "a", [documents(count, "spread", 1)])
    file = ArrayFileWriter(tmp_path / "b")
    for name in (source := ArrayFile(tmp_path / "a")):
        values = source[name].copy()
        if name == "p/packed_docs":
            values[-1 if count > BITS else 0] ^= 1
        file.add(name, [values])
    file.finish({})
    altered = ArrayFile(tmp_path / "b")
    with pytest.raises(Damaged, match="pair 0 of 'p' has"):
        PairDocs(altered, "p", Offsets(altered, "p/starts")).of(0, 0, count)
    assert len(read.of(0, 0, count)) == count

"""Offsets of one byte each come back as they were, one by one and in any stretch."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.columnar.files.arrays import AnyArray, ArrayFile, ArrayFileWriter
from indexer.columnar.files.offsets import Offsets, write_offsets

SIZES = st.lists(st.sampled_from([0, 1, 2, 254, 255, 256, 257, 511, 512, 70_000]), max_size=30)


def written(folder: Path, offsets: AnyArray) -> ArrayFile:
    file = ArrayFileWriter(folder / "a")
    write_offsets(file, "x", offsets)
    file.finish({})
    return ArrayFile(folder / "a")


@given(sizes=SIZES, data=st.data(), dtype=st.sampled_from([np.uint32, np.int64, np.uint64]))
def test_offsets_are_read_back(sizes: list[int], data: st.DataObject, dtype: type) -> None:
    expected = np.cumsum([0, *sizes])
    with TemporaryDirectory() as folder:
        offsets = Offsets(written(Path(folder), expected.astype(dtype)), "x")
        assert offsets.is_sound
        assert len(offsets) == len(expected)
        assert [offsets[number] for number in range(len(expected))] == expected.tolist()
        assert offsets.between().tolist() == expected.tolist()
        begin = data.draw(st.integers(0, len(expected)))
        end = data.draw(st.integers(begin, len(expected)))
        assert offsets.between(begin, end).tolist() == expected[begin:end].tolist()


def test_few_rows_of_very_many_elements_are_read_back(tmp_path: Path) -> None:
    """Few rows and a great end: here the steps are what takes the room."""
    offsets = Offsets(written(tmp_path, np.array([0, 1, 2**30 + 255, 2**30 + 256])), "x")
    assert [offsets[number] for number in range(4)] == [0, 1, 2**30 + 255, 2**30 + 256]
    assert offsets.between(2, 4).tolist() == [2**30 + 255, 2**30 + 256]


def test_many_short_rows_take_little_more_than_a_byte_each(tmp_path: Path) -> None:
    file = written(tmp_path, np.arange(0, 300_000, 3))
    assert file.nbytes("x") == 100_000
    assert file.nbytes("x_steps") < 5_000


@pytest.mark.parametrize("steps", [[1, 0, 2], [0, 1, 3]])
def test_steps_out_of_order_or_beyond_the_end_are_no_sound_offsets(
    tmp_path: Path, steps: list[int]
) -> None:
    file = ArrayFileWriter(tmp_path / "a")
    file.add("x", [np.zeros(3, dtype=np.uint8)])
    file.add("x_steps", [np.array(steps, dtype=np.uint32)])
    file.finish({})
    assert not Offsets(ArrayFile(tmp_path / "a"), "x").is_sound

"""A file of arrays gives back what was put in, and says so where it cannot."""

from __future__ import annotations

import resource
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from indexer.columnar.errors import Damaged, Unsupported
from indexer.columnar.files import arrays
from indexer.columnar.files.arrays import AnyArray, ArrayFile, ArrayFileWriter, Spool
from tests.indexer.columnar.files.processes import in_child
from tests.indexer.columnar.twins import names_in

TYPES = ("|u1", "<u2", "<u4", "<u8", "<i8", "<f4")


def written(path: Path, content: dict[str, AnyArray]) -> ArrayFile:
    writer = ArrayFileWriter(path)
    for name, values in content.items():
        writer.add(name, [values])
    assert writer.finish({"fact": 1}) == path.stat().st_size
    return ArrayFile(path)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=8),
        st.sampled_from(TYPES).flatmap(lambda dtype: npst.arrays(dtype, st.integers(0, 50))),
        max_size=6,
    )
)
def test_what_was_written_is_read_back(content: dict[str, AnyArray]) -> None:
    with TemporaryDirectory() as folder:
        file = written(Path(folder) / "a", content)
        assert list(file) == list(content)
        for name, values in content.items():
            assert file[name].dtype == values.dtype
            np.testing.assert_array_equal(file[name], values)
            assert file.nbytes(name) == values.nbytes
            assert file[name].ctypes.data % 64 == 0 or not len(values)
        assert file.facts == {"fact": 1}
        assert file.faults() == []
        assert file.size == (Path(folder) / "a").stat().st_size


def test_pieces_are_joined_and_cast(tmp_path: Path) -> None:
    writer = ArrayFileWriter(tmp_path / "a")
    writer.add("first", (np.arange(n, dtype=np.uint16) for n in (2, 0, 3)))
    writer.add("cast", [np.array([1, 2]), np.array([3], np.uint8)], np.uint32)
    writer.add("strided", [np.arange(10, dtype=np.uint64)[::3]])
    writer.add("swapped", [np.array([1, 258], dtype=">u2")])
    writer.add("none", [], np.uint8)
    writer.finish({})
    file = ArrayFile(tmp_path / "a")
    assert file["first"].tolist() == [0, 1, 0, 1, 2]
    assert file["cast"].dtype == np.uint32
    assert file["cast"].tolist() == [1, 2, 3]
    assert file["strided"].tolist() == [0, 3, 6, 9]
    assert file["swapped"].tolist() == [1, 258]
    assert file["none"].tolist() == []
    assert "first" in file
    assert "second" not in file


def test_arrays_cannot_be_written_to(tmp_path: Path) -> None:
    file = written(tmp_path / "a", {"x": np.arange(3, dtype=np.uint8)})
    with pytest.raises(ValueError, match="read-only"):
        file["x"][0] = 9


def test_a_type_that_the_format_does_not_have_is_refused(tmp_path: Path) -> None:
    writer = ArrayFileWriter(tmp_path / "a")
    with pytest.raises(Unsupported, match="float64"):
        writer.add("x", [np.zeros(3)])
    writer.discard()
    assert not (tmp_path / "a").exists()


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"other")
    with pytest.raises(FileExistsError):
        ArrayFileWriter(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"other"


def test_an_open_file_outlives_its_deletion(tmp_path: Path) -> None:
    values = np.arange(100_000, dtype=np.uint32)
    file = written(tmp_path / "a", {"x": values})
    (tmp_path / "a").unlink()
    np.testing.assert_array_equal(file["x"], values)
    assert file.faults() == []


def test_every_truncation_is_found_at_open(tmp_path: Path) -> None:
    path = tmp_path / "a"
    written(path, {"x": np.arange(20, dtype=np.uint8), "y": np.arange(3, dtype=np.uint64)})
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(Damaged):
            ArrayFile(path)


@pytest.mark.parametrize("change", [lambda byte: byte ^ 0x01, lambda byte: byte ^ 0x80])
def test_every_altered_byte_is_found_at_open_or_by_faults(
    tmp_path: Path, change: Callable[[int], int]
) -> None:
    """Header, arrays, the padding between them, footer, trailer: all of it."""
    path = tmp_path / "a"
    written(path, {"x": np.arange(20, dtype=np.uint8), "y": np.arange(3, dtype=np.uint64)})
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes((change(content[at]),)) + content[at + 1 :])
        try:
            file = ArrayFile(path)
        except Damaged:
            continue
        assert len(file.faults()) == 1, f"byte {at} of {len(content)}"
        assert file.damage is None
        for _ in file.verifying():
            assert file.damage is None
        assert file.damage is not None
        assert file.damage.why == file.faults()[0]
        with pytest.raises(Damaged, match="altered"):
            file.ensure_sound()


def test_a_verdict_is_kept_and_a_sound_file_has_no_damage(tmp_path: Path) -> None:
    file = written(tmp_path / "a", {"x": np.arange(3_000_000, dtype=np.uint8)})
    assert len(list(file.verifying())) > 2
    assert list(file.verifying()) == []
    assert file.damage is None
    file.ensure_sound()


def test_a_footer_that_places_an_array_outside_the_file_is_damaged(tmp_path: Path) -> None:
    """Its checksum may be right: whoever wrote it was wrong."""
    path = tmp_path / "a"
    written(path, {"x": np.arange(20, dtype=np.uint8)})
    content = path.read_bytes()
    (offset,) = struct.unpack("<Q", content[-24:-16])
    sound = orjson.loads(content[offset:-24])
    for key, value in (
        ("length", 1 << 40),
        ("length", -1),
        ("offset", 1 << 40),
        ("offset", -8),
        ("type", "|O"),
    ):
        entry = sound["arrays"]["x"] | {key: value}
        footer = orjson.dumps(sound | {"arrays": {"x": entry}})
        trailer = struct.pack("<QII8s", offset, len(footer), zlib.crc32(footer), b"COLSEGND")
        path.write_bytes(content[:offset] + footer + trailer)
        with pytest.raises(Damaged, match="places array 'x' outside"):
            ArrayFile(path)
    for footer in (b"{", b"[]", b'{"facts": {}}', b'{"facts": {}, "arrays": {"x": {}}}'):
        trailer = struct.pack("<QII8s", offset, len(footer), zlib.crc32(footer), b"COLSEGND")
        path.write_bytes(content[:offset] + footer + trailer)
        with pytest.raises(Damaged, match="footer"):
            ArrayFile(path)


def test_bytes_added_at_the_end_are_found_at_open(tmp_path: Path) -> None:
    path = tmp_path / "a"
    written(path, {"x": np.arange(20, dtype=np.uint8)})
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(Damaged):
        ArrayFile(path)


def test_a_folder_a_missing_and_an_empty_file_are_damaged(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for path in (tmp_path, tmp_path / "missing", tmp_path / "empty"):
        with pytest.raises(Damaged) as caught:
            ArrayFile(path)
        assert caught.value.path == path


def test_a_format_of_another_version_says_both_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a"
    written(path, {})
    content = bytearray(path.read_bytes())
    content[8:12] = struct.pack("<I", 7)
    path.write_bytes(content)
    with pytest.raises(Damaged, match="has format 7, this program reads 3"):
        ArrayFile(path)


def test_a_spool_gives_back_its_pieces_from_memory_and_from_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in (1 << 20, 100):
        monkeypatch.setattr(arrays, "_SPOOL_BYTES", limit)
        monkeypatch.setattr(arrays, "_CHUNK_BYTES", 64)
        with Spool(tmp_path, np.uint16) as spool:
            for n in (3, 0, 500):
                spool.append(np.arange(n))
            assert list(tmp_path.iterdir()) == []
            pieces = list(spool.pieces())
        assert np.concatenate(pieces).tolist() == [*range(3), *range(500)]
        assert max(len(piece) for piece in pieces) <= 32


def _discard_on_a_full_disk(path: Path) -> list[str]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))
    writer = ArrayFileWriter(path)
    try:
        for number in range(10):
            writer.add(f"{number}", [np.zeros(1_000, dtype=np.uint8)])
        writer.finish({})
    except OSError as error:
        writer.discard()
        return [type(error).__name__, *names_in(path.parent)]
    return ["nothing was raised"]


def test_discarding_on_a_full_disk_leaves_no_file(tmp_path: Path) -> None:
    assert in_child(_discard_on_a_full_disk, tmp_path / "a") == ["OSError"]

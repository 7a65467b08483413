"""Bytes altered in a segment, array by array: verification finds each, and until then nothing worse than a wrong answer comes of it."""

from __future__ import annotations

import resource
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
import orjson
import pytest

from indexer.article import Article
from indexer.engines.base import Engine, Reader
from indexer.engines.registry import open_engine
from indexer.errors import IndexDamaged
from indexer.query import (
    CompletionRequest,
    Literal,
    MatchAll,
    Recency,
    SearchRequest,
    Term,
    TitlePrefix,
    TypedSo,
)
from tests.contracts.engine_base import SHANGHAI
from tests.factories import NOON, article
from tests.typed_queries import analyzer, match, rescore_by

SPARE: Final = 256 * 2**20
"""Bytes that questions of an index of 200 KB may need, with all that threads and caches take at once."""

WORDS = [
    "山谷",
    "城市",
    "学校",
    "地铁",
    "火车",
    "春天",
    "河流",
    "图书馆",
    "博物馆",
    "音乐会",
    "渡口",
    "桥梁",
    "医院",
    "大学",
    "公园",
    "电影",
]


def articles() -> Iterator[Article]:
    """Enough that terms, postings and positions each go through more than one step of their offsets."""
    random = Random(7)
    for number in range(400):
        words = random.choices(WORDS, k=12)
        yield article(
            f"a-{number}",
            title=f"{words[0]}{number}{words[1]}",
            body="".join(words) + f"第{number}号{'桥' * (300 if number == 5 else 1)}",
            source=words[2],
            channel=f"{words[3]}/{words[4]}",
        )


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damage") / "index"
    engine = opened(folder)
    engine.create()
    with engine.writer() as writer:
        for each in articles():
            writer.add(each)
        writer.commit(revision=1)
    (path,) = folder.glob("*.seg")
    return path


def opened(folder: Path) -> Engine:
    return open_engine("whoosh", folder, analyzer=analyzer(), timezone=SHANGHAI)


QUESTIONS: list[Callable[[Reader], object]] = [
    lambda reader: reader.search(
        SearchRequest(
            MatchAll(), facets=("channel", "source", "month"), size=50, collapse="duplicates"
        )
    ),
    lambda reader: reader.search(
        SearchRequest(
            match("山谷城市第5号桥"),
            facets=("channel", "source", "month"),
            recency=Recency(NOON, 30.0),
            rescore=rescore_by("山谷城市", fields=("title", "body"), pairs=0.5, agree=0.5),
        )
    ),
    lambda reader: reader.search(SearchRequest(Literal("桥桥桥桥"), sort="newest")),
    lambda reader: reader.search(SearchRequest(TitlePrefix("山谷"), sort="oldest")),
    lambda reader: reader.count(SearchRequest(Term("source", "地铁"))),
    lambda reader: reader.complete(CompletionRequest(("s", "t"), TypedSo("山"))),
    lambda reader: reader.get("a-77"),
    lambda reader: reader.document_frequencies("body", WORDS),
    lambda reader: reader.pair_frequencies("body", ["山谷", "地铁"]),
]


def altered(content: bytes, begin: int, end: int, random: Random) -> bytes:
    """A file with one bit flipped, or sixteen bytes in a row overwritten, somewhere in a part of it."""
    at = random.randrange(begin, end)
    flipped = bytes((content[at] ^ (1 << random.randrange(8)),))
    run = random.choice((b"\x00", b"\x7f", b"\xff")) * min(16, end - at)
    changed = random.choice((flipped, run))
    return content[:at] + changed + content[at + len(changed) :]


@contextmanager
def scarce_memory() -> Iterator[None]:
    """Little more memory than the process has: whoever asks for much gets a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + SPARE, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def answers(folder: Path) -> list[object]:
    """What the questions are answered before anything is verified, and None for those at which damage shows."""
    found: list[object] = []
    engine = opened(folder)
    for ask in QUESTIONS:
        with engine.reader() as reader:
            try:
                found.append(ask(reader))
            except IndexDamaged:
                found.append(None)
    return found


def places(content: bytes) -> dict[str, tuple[int, int]]:
    """Where each array that is not empty begins and ends in a segment's file."""
    offset, length = struct.unpack("<QI", content[-24:-12])
    arrays = orjson.loads(content[offset : offset + length])["arrays"]
    ends = {
        name: each["offset"] + each["length"] * np.dtype(each["type"]).itemsize
        for name, each in arrays.items()
    }
    return {
        name: (arrays[name]["offset"], end) for name, end in ends.items() if arrays[name]["length"]
    }


@pytest.mark.parametrize("seed", [2, 7])
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks /proc for its size")
def test_no_altered_byte_is_worse_than_a_wrong_answer_until_it_is_found(
    segment: Path, seed: int
) -> None:
    content = segment.read_bytes()
    answers(segment.parent)  # loads what is loaded once
    try:
        with scarce_memory():
            for name, (begin, end) in places(content).items():
                changed = altered(content, begin, end, Random(f"{seed} {name}"))
                segment.unlink()
                segment.write_bytes(changed)
                answers(segment.parent)
                with opened(segment.parent).reader() as reader:
                    for _ in reader.verifying():
                        pass
                    assert (reader.damage is None) == (changed == content), name
    finally:
        segment.unlink()
        segment.write_bytes(content)
    assert None not in answers(segment.parent)

"""Preparing items here and in a process beside: both make the same, and a process that dies costs nothing that was stored."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from indexer import ingest, preparing
from indexer.errors import PreparingFailed
from indexer.ingest import Ingest, Outcome
from indexer.preparing import Ready, prepared_beside, prepared_here
from indexer.reading import Reading
from indexer.records import Item, Record, Rejection, Removal
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store

SHANGHAI = ZoneInfo("Asia/Shanghai")
READING = Reading(timezone=SHANGHAI, mapping={"栏目": "channel"})
CHUNK = 20
BESIDE = 5
"""How many chunks the process beside gets, once it runs."""


def chunk(number: int) -> list[Item]:
    """Articles, of which some are reprints or faulty in part; records that are rejected, and removals."""
    made: list[Item] = []
    for place in range(number * CHUNK, (number + 1) * CHUNK - 2):
        values: dict[str, object] = {
            "id": f"a-{place}" if place % 9 else "",
            "title": f"第{place}座桥",
            "body": f"第{place // 3}条河上的石桥修好了，两岸的人走过来看。" * 4,
            "栏目": "地方/溪口",
            "published_at": "2023-11-05T08:00:00+08:00" if place % 7 else "前些日子",
            f"备注{place % 5}": "无",
        }
        made.append(Record(f"made:{place}", values, f'{{"line": {place}}}'))
    made.append(Rejection(f"broken:{number}", "not JSON", "{"))
    made.append(Removal(f"gone:{number}", f"a-{number}", "delete" if number % 2 else "withdraw"))
    return made


class Counted:
    """Chunks that come until the process beside has got BESIDE of them; then ``end`` is called. They are kept.

    What this process makes ready is counted in ``here``. The process beside is a new one, and counts nothing.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, end: Callable[[], None] = lambda: None
    ) -> None:
        self.given: list[list[Item]] = []
        self.here = 0
        self._end = end
        original = preparing._ready

        def ready(items: Sequence[Item], reading: Reading) -> list[Ready]:
            self.here += 1
            return original(items, reading)

        monkeypatch.setattr(preparing, "_ready", ready)

    def __iter__(self) -> Iterator[list[Item]]:
        while len(self.given) - self.here < BESIDE:
            time.sleep(0.01)
            self.given.append(chunk(len(self.given)))
            yield self.given[-1]
        self._end()
        self.given.append(chunk(len(self.given)))
        yield self.given[-1]


def kill_child() -> None:
    (child,) = multiprocessing.active_children()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()


def test_a_process_beside_makes_what_this_one_makes_in_the_same_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chunks = Counted(monkeypatch)
    beside = list(prepared_beside(READING)(chunks))
    assert 2 <= chunks.here == len(chunks.given) - BESIDE - 1
    assert beside == list(prepared_here(READING)(chunks.given))
    rejected = [each.what for each in beside[-1] if isinstance(each.what, Rejection)]
    assert [each.raw[:9] for each in rejected[:-1]] == ['{"line": '] * (len(rejected) - 1)
    assert len(rejected) > 1
    assert multiprocessing.active_children() == []


def test_a_value_that_cannot_be_sent_to_a_process_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deep: list[object] = []
    for _ in range(900):  # as deep as a line of JSON may be, and deeper than pickle goes
        deep = [deep]

    more: list[list[Item]] = [
        [Record("deep:1", {"id": "deep-1", "title": "石桥", "无用": deep}, "{}")],
        chunk(1_000),
    ]
    chunks = Counted(monkeypatch)
    beside = list(prepared_beside(READING)(chain(chunks, more)))
    assert beside == list(prepared_here(READING)(chain(chunks.given, more)))


@pytest.mark.parametrize("count", [0, 1])
def test_few_items_need_no_process(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    def started(*_: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(preparing, "started", started)
    made = list(prepared_beside(READING)(chunk(each) for each in range(count)))
    assert [len(each) for each in made] == [CHUNK] * count


def test_a_hook_sees_all_records_in_one_process() -> None:
    seen: list[object] = []

    def note(values: dict[str, object]) -> Mapping[str, object]:
        seen.append(values["title"])
        return values

    reading = Reading(timezone=SHANGHAI, mapping={"栏目": "channel"}, hook=note)
    list(prepared_beside(reading)(chunk(each) for each in range(4)))
    assert len(seen) == 4 * (CHUNK - 2)


def test_a_process_that_is_killed_ends_the_ingest_and_what_was_stored_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ingest, "BATCH", CHUNK)
    chunks = Counted(monkeypatch, end=kill_child)
    store: ArticleStore = open_store(f"sqlite:///{tmp_path / 'articles.sqlite3'}")
    running = Ingest(store, READING, preparing=prepared_beside(READING))
    outcomes = running.batches(each for part in chunks for each in part)
    told: list[Outcome] = []
    with pytest.raises(PreparingFailed, match="was killed by signal 9: what was stored before"):
        told.extend(each for batch in outcomes for each in batch)
    created = {each.article_id for each in told if each.result == "created"}
    assert store.count() == len(created) - sum(each.result == "deleted" for each in told)
    assert len(told) >= CHUNK * (chunks.here + BESIDE - 2)
    store.close()

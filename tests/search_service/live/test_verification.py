"""What is newly opened is verified beside the requests; where that finds damage they are refused until another generation is live."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.columnar.files.arrays import ArrayFile
from indexer.errors import IndexDamaged
from indexer.generations import Generation, Generations
from indexer.query import MatchAll, SearchRequest
from search_service.live.index import LiveIndex
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.factories import article
from tests.search_service.indexes import SHANGHAI, apply, live_index, promote
from tests.search_service.web.portal import as_problem

PATIENCE = 30.0
ARTICLES = [article(f"a-{number}", body=f"第{number}座桥的故事") for number in range(30)]


def alter(generation: Generation) -> Path:
    """Flip a bit in the middle of the largest segment, as a bad sector does: under its name there is another file then."""
    path = max(generation.index.glob("*.seg"), key=lambda each: each.stat().st_size)
    content = bytearray(path.read_bytes())
    # Not in a compressed block, whose own checksum would show it at the first reading.
    content[content.index(b"a-7") - 1] ^= 1
    path.unlink()
    path.write_bytes(content)
    return path


def until_verified() -> None:
    """Wait for the threads that verify."""
    for thread in threading.enumerate():
        if thread.name == "verification":
            thread.join()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Verification waits for it."""
    event = threading.Event()
    verifying = ArrayFile.verifying

    def wait_first(self: ArrayFile) -> Iterator[None]:
        assert event.wait(PATIENCE)
        yield from verifying(self)

    monkeypatch.setattr(ArrayFile, "verifying", wait_first)
    return event


def ask(live: LiveIndex) -> int:
    with live.reader() as (reader, _, _):
        return reader.search(SearchRequest(MatchAll())).total


def test_an_altered_index_answers_until_it_is_verified_and_is_refused_then(
    tmp_path: Path, held: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    path = alter(promote(tmp_path, ARTICLES, engine="whoosh"))
    live = live_index(tmp_path)
    with caplog.at_level(logging.ERROR), live.reader() as (before, _, _):
        assert ask(live) == 30
        held.set()
        until_verified()
        assert before.search(SearchRequest(MatchAll())).total == 30
        for _ in range(3):
            with pytest.raises(IndexDamaged, match="generations rollback"):
                ask(live)
    (told,) = (record for record in caplog.records if path.name in record.getMessage())
    assert "was altered" in told.getMessage()
    # The reader that was in use went back to the others, and is lent no more.
    with pytest.raises(IndexDamaged):
        live.state()


def test_to_go_back_to_a_sound_generation_ends_it(tmp_path: Path, held: threading.Event) -> None:
    promote(tmp_path, ARTICLES[:3], engine="whoosh")
    alter(promote(tmp_path, ARTICLES, engine="whoosh"))
    live = live_index(tmp_path)
    assert ask(live) == 30
    held.set()
    until_verified()
    with pytest.raises(IndexDamaged):
        ask(live)
    generations = Generations(tmp_path)
    with generations.lock():
        generations.rollback()
    assert ask(live) == 3
    until_verified()
    assert ask(live) == 3


def test_a_commit_on_altered_files_is_refused_at_once_and_reads_none_of_them_again(
    tmp_path: Path, held: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    """A segment keeps its verdict with all snapshots that have it open."""
    path = alter(promote(tmp_path, ARTICLES, engine="whoosh"))
    live = live_index(tmp_path)
    assert ask(live) == 30
    held.set()
    until_verified()
    apply(tmp_path, [article("b")], revision=2)
    caplog.clear()
    with caplog.at_level(logging.ERROR), pytest.raises(IndexDamaged):
        ask(live)
    until_verified()
    assert path.name not in caplog.text


def test_a_process_that_ends_leaves_what_is_not_verified(tmp_path: Path) -> None:
    live = live_index(tmp_path)
    promote(tmp_path, ARTICLES, engine="whoosh")
    assert ask(live) == 30
    live.close()
    assert all(thread.name != "verification" for thread in threading.enumerate())
    promote(tmp_path, ARTICLES[:3], engine="whoosh")
    assert ask(live) == 3
    until_verified()


def test_routes_answer_503_and_readyz_says_so(tmp_path: Path, held: threading.Event) -> None:
    alter(promote(tmp_path, ARTICLES, engine="whoosh"))
    services = Services(live_index(tmp_path), SHANGHAI)
    client = create_app(services, SearchSettings()).test_client()
    assert client.get("/readyz").status_code == 200
    held.set()
    until_verified()
    for path in ("/readyz", "/api/v1/search?q=桥", "/api/v1/latest"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert as_problem(answer)["code"] == "index_damaged"

"""Writing: what requests change in a real store, a limited number at a time, and the wait until searches show it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Thread

import pytest

from indexer.article import Article
from indexer.errors import ArticleNotFound, ConditionFailed, Overloaded, StoreUnavailable
from indexer.generations import Generations
from indexer.reading import Reading
from indexer.records import Record, Removal
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store
from search_service import writing as writing_module
from search_service.live.index import LiveIndex
from search_service.writing import MAX_CHANGING, WAIT_SECONDS, Writing
from tests.factories import article
from tests.search_service.indexes import SHANGHAI, apply, live_index, promote
from tests.typed_queries import analyzer

FIRST = Record("body", {"id": "a-1", "title": "云溪茶会", "body": "茶会在渡口。"}, "")
SECOND = Record("body", {"id": "a-1", "title": "云溪茶会改期", "body": "茶会在渡口。"}, "")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'articles.sqlite3'}"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveIndex]:
    promote(tmp_path / "index", [], revision=0)
    made = live_index(tmp_path / "index")
    yield made
    made.close()


@pytest.fixture
def writing(url: str, live: LiveIndex) -> Iterator[Writing]:
    open_store(url).close()  # a service makes no store by itself
    made = Writing(url, live, reading=Reading(timezone=SHANGHAI))
    yield made
    made.close()


@pytest.fixture
def store(url: str) -> Iterator[ArticleStore]:
    with closing(open_store(url)) as opened:
        yield opened


def test_a_change_is_in_the_store_when_it_returns(writing: Writing, store: ArticleStore) -> None:
    assert writing.change(FIRST).result == "created"
    held, revision = writing.stored("a-1")
    assert (held.title, revision) == ("云溪茶会", 1)
    assert store.find("a-1") == (held, 1)
    assert writing.change(SECOND, when=1).revision == 2
    with pytest.raises(ConditionFailed):
        writing.change(FIRST, when=1)
    assert writing.change(Removal("", "a-1", "withdraw")).result == "updated"
    assert writing.stored("a-1")[0].status == "withdrawn"
    assert writing.change(Removal("", "a-1", "delete")).result == "deleted"
    with pytest.raises(ArticleNotFound):
        writing.stored("a-1")


def test_a_naive_time_is_local(writing: Writing) -> None:
    writing.change(Record("body", {**FIRST.values, "published_at": "2026-02-01 08:00"}, ""))
    published = writing.stored("a-1")[0].published_at
    assert published is not None
    assert published.isoformat() == "2026-02-01T00:00:00+00:00"


def test_only_so_many_requests_change_articles_at_a_time(writing: Writing) -> None:
    with ExitStack() as held:
        for _ in range(MAX_CHANGING):
            held.enter_context(writing.admitted())
        with pytest.raises(Overloaded, match="16 other requests change articles"):
            writing.change(FIRST)
        with pytest.raises(Overloaded), writing.admitted():
            pass
        with pytest.raises(ArticleNotFound):
            writing.stored("a-1")  # reading is not counted
    assert writing.change(FIRST).result == "created"


def test_the_requests_of_a_process_take_turns_and_none_waits_for_ever(
    writing: Writing, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One waits for the store's lock, which another program holds. The next is refused when its patience ends."""
    writing.change(FIRST)
    changed = []
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        waiting = Thread(target=lambda: changed.append(writing.change(SECOND)))
        waiting.start()
        while not writing._turns.locked():
            time.sleep(0.001)
        monkeypatch.setattr(writing_module, "LOCK_PATIENCE", 0.05)
        with pytest.raises(Overloaded, match="other requests change articles"):
            writing.change(Record("body", {**FIRST.values, "id": "another"}, ""))
        another.execute("ROLLBACK")
        waiting.join()
    assert [each.result for each in changed] == ["updated"]


def test_a_request_that_fails_makes_room(writing: Writing) -> None:
    for _ in range(MAX_CHANGING + 1):
        with pytest.raises(ConditionFailed):
            writing.change(FIRST, when="present")
    assert writing.change(FIRST).result == "created"


def test_a_locked_store_is_unavailable_and_nothing_is_changed(
    writing: Writing, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_module, "LOCK_PATIENCE", 0.1)
    writing.change(FIRST)
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as another_program:
        another_program.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                writing.change(SECOND)
            assert writing.stored("a-1")[1] == 1  # reading goes on
        another_program.execute("ROLLBACK")
    assert writing.change(SECOND).revision == 2


def test_without_a_store_nothing_can_be_changed_or_read(live: LiveIndex) -> None:
    writing = Writing(None, live, reading=Reading(timezone=SHANGHAI))
    with pytest.raises(StoreUnavailable, match="SEARCH_STORE_URL"):
        writing.change(FIRST)
    with pytest.raises(StoreUnavailable):
        writing.stored("a-1")
    with pytest.raises(StoreUnavailable):
        writing.ingest()


def test_a_closed_writing_opens_its_store_again(writing: Writing) -> None:
    writing.change(FIRST)
    writing.close()
    assert writing.change(FIRST).result == "unchanged"


def test_a_revision_is_searchable_when_this_process_shows_it(
    writing: Writing, live: LiveIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live.reader() as lent:
        assert lent.state.revision == 0
    monkeypatch.setattr(writing_module, "WAIT_SECONDS", 0.1)
    assert writing.searchable(0)
    assert not writing.searchable(1)
    monkeypatch.setattr(writing_module, "WAIT_SECONDS", 60.0)
    changes: list[Article | str] = [article("a-1")]
    following = Thread(target=apply, args=(tmp_path / "index", changes), kwargs={"revision": 3})
    following.start()
    assert writing.searchable(2)
    following.join()
    with live.reader() as lent:
        assert lent.reader.get("a-1") == article("a-1")


def test_the_wait_does_not_depend_on_how_often_others_look(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process looks for commits once in its interval; who waits for one looks at once."""
    promote(tmp_path / "rare", [], revision=0)
    live = LiveIndex(
        Generations(tmp_path / "rare"), analyzer=analyzer(), timezone=SHANGHAI, interval=3600.0
    )
    with closing(live), closing(Writing(url, live, reading=Reading(timezone=SHANGHAI))) as writing:
        assert live.state().revision == 0
        apply(tmp_path / "rare", [article("a-1")], revision=1)
        assert live.state().revision == 0
        monkeypatch.setattr(writing_module, "WAIT_SECONDS", 60.0)
        assert writing.searchable(1)
        assert live.state().revision == 1


def test_without_an_index_nothing_is_searchable(url: str, tmp_path: Path) -> None:
    open_store(url).close()
    with closing(live_index(tmp_path / "nothing")) as live:
        writing = Writing(url, live, reading=Reading(timezone=SHANGHAI))
        outcome = writing.change(FIRST)
        assert not writing.searchable(outcome.revision)
        writing.close()


class _Patient(LiveIndex):
    """A live index that notes how long it was asked to wait, and keeps nobody waiting."""

    asked: list[float]

    def holds(self, revision: int, *, patience: float) -> bool:
        self.asked = [*getattr(self, "asked", []), patience]
        return super().holds(revision, patience=0.0)


def test_only_so_many_requests_wait_at_a_time(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(tmp_path / "index", [], revision=3)
    live = _Patient(Generations(tmp_path / "index"), analyzer=analyzer(), timezone=SHANGHAI)
    for limit, patience in ((1, WAIT_SECONDS), (0, 0.0)):
        monkeypatch.setattr(writing_module, "MAX_WAITING", limit)
        made = Writing(url, live, reading=Reading(timezone=SHANGHAI))
        live.asked = []
        assert not made.searchable(4)
        assert made.searchable(3)
        assert live.asked == [patience, patience]
    live.close()

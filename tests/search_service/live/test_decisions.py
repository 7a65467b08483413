"""What editors decided: how it is looked up, and how it follows the store."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from threading import Thread

import pytest

from indexer.analysis.filters import read_stopwords
from indexer.editorial.entries import LISTS, ListName
from indexer.editorial.lines import read_entry
from indexer.store.database import open_editorial
from indexer.store.editorial_lists import EditorialLists, EditorialStore
from search_service.live.decisions import (
    DecidedOn,
    Decisions,
    LiveEditorial,
    Placements,
)

DAY = date(2026, 3, 1)
PATIENCE = 30.0


def decisions(**lines: list[str]) -> Decisions:
    entries = {
        name: tuple(read_entry(name, line) for line in lines.get(name, ())) for name in LISTS
    }
    return Decisions(EditorialLists(7, entries))


# Looking up


def test_without_lists_the_packaged_ones_hold() -> None:
    packaged = Decisions()
    assert packaged.version == 0
    assert packaged.synonyms.others("软件") == ("软体",)
    assert packaged.stopwords == read_stopwords()
    assert packaged.placements("春运", DAY) == Placements()
    assert packaged.hot_queries(DAY) == ()
    assert packaged.related_to("a-1", DAY) == packaged.hot_articles(DAY) == Placements()
    assert not packaged.blocked("春运")


def test_edited_synonyms_come_before_the_packaged_ones_and_part_them() -> None:
    edited = decisions(synonyms=["软件, 程序包", "-信息, 资讯"])
    assert edited.version == 7
    assert edited.synonyms.others("软件") == ("程序包", "软体")
    assert "资讯" not in edited.synonyms.others("信息")


def test_stopwords_are_added_to_the_packaged_ones_and_taken_from_them() -> None:
    assert "的" in read_stopwords()
    edited = decisions(stopwords=["請問", "-的"]).stopwords
    assert edited == (read_stopwords() | {"请问"}) - {"的"}


def test_placements_are_those_of_the_query_that_act_on_the_day() -> None:
    edited = decisions(
        pins=[
            "春运 抢票 => a-1 3",
            "春运 抢票 => a-2 1 2026-03-01..",
            "春运 抢票 => a-3 2 ..2026-02-28",
            "春运 抢票 => a-4 2 off",
            "春运 => a-5 1",
            "春运 抢票 => a-6 1",
        ],
        hides=["春运 抢票 => a-6", "春运 抢票 => a-7 2026-03-01", "春运 抢票 => a-8 2026-03-02"],
    )
    found = edited.placements(" 春運  搶票", DAY)
    assert list(found.pinned.items()) == [("a-2", 1), ("a-1", 3)]
    assert found.hidden == {"a-6", "a-7"}
    assert edited.placements("春运 抢票 攻略", DAY) == Placements()


@pytest.mark.parametrize(
    ("text", "blocked"),
    [
        ("某词", True),
        ("關於某詞的新闻", True),
        ("某 词", False),
        ("Art", True),
        ("pop ＡＲＴ展", True),
        ("party", False),
        ("art2", True),
        ("10元", True),
        ("2010元", False),
        ("", False),
    ],
)
def test_a_text_is_blocked_that_holds_a_blocked_word(text: str, blocked: bool) -> None:
    assert decisions(blocked=["某词", "ａｒｔ", "10元"]).blocked(text) is blocked


def test_queries_are_pinned_among_the_hot_ones_on_their_days() -> None:
    edited = decisions(hot=["茶会 ..2026-02-01", "石渠", "春运 2026-03-01"], blocked=["石"])
    decided = DecidedOn(edited, DAY)
    assert decided.pinned() == ("石渠", "春运")
    assert decided.blocked("石渠")
    assert DecidedOn(edited, DAY + timedelta(days=1)).pinned() == ("石渠",)


# Following the store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'articles.sqlite3'}"


@pytest.fixture
def store(url: str) -> Iterator[EditorialStore]:
    with closing(open_editorial(url)) as opened:
        yield opened


def standing(editorial: LiveEditorial) -> tuple[int, bool]:
    """The version that search goes by, and whether it is current."""
    state = editorial.state()
    return state.version, state.trouble is None


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def change(url: str, sentence: str) -> None:
    """Change the database behind the back of the store."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw, raw:
        raw.execute(sentence)


def put(store: EditorialStore, name: ListName, *lines: str) -> None:
    store.put(name, [read_entry(name, line) for line in lines])


def test_the_store_is_followed_without_being_asked_to(store: EditorialStore, url: str) -> None:
    with closing(LiveEditorial(url, interval=0.01)) as editorial:
        first = editorial.decisions()
        assert standing(editorial) == (0, True)
        put(store, "blocked", "某词")
        deadline = time.monotonic() + PATIENCE
        while not editorial.decisions().blocked("某词"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert editorial.state().version == 1
        assert not first.blocked("某词")


def test_what_did_not_change_is_not_read_again(store: EditorialStore, url: str) -> None:
    put(store, "stopwords", "请问")
    with closing(LiveEditorial(url, interval=PATIENCE)) as editorial:
        first = editorial.decisions()
        editorial.refresh()
        assert editorial.decisions() is first
        assert editorial.stopwords() == first.stopwords
        put(store, "stopwords", "-请问")
        editorial.refresh()
        assert editorial.decisions().version == 2


def test_a_store_that_cannot_be_read_leaves_the_decisions_as_they_are(
    store: EditorialStore, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    put(store, "blocked", "某词")
    with closing(LiveEditorial(url, interval=PATIENCE)) as editorial:
        assert editorial.decisions().blocked("某词")
        change(url, "ALTER TABLE editorial_versions RENAME TO away")
        for _ in range(4):
            editorial.refresh()
        assert editorial.decisions().blocked("某词")
        assert standing(editorial) == (1, False)
        said = [record.getMessage() for record in caplog.records]
        assert said[0].startswith("the editors' lists stay as they were: ")
        assert len(said) == len(set(said)), "nothing is said twice"
        change(url, "ALTER TABLE away RENAME TO editorial_versions")
        editorial.refresh()
        assert standing(editorial) == (1, True)


def test_a_store_that_is_moved_away_or_replaced_is_noticed(
    store: EditorialStore, url: str, tmp_path: Path
) -> None:
    put(store, "blocked", "某词")
    path, backup = Path(url.removeprefix("sqlite:///")), tmp_path / "backup.sqlite3"
    store.close()
    with closing(LiveEditorial(url, interval=PATIENCE)) as editorial:
        assert standing(editorial) == (1, True)
        path.rename(backup)
        for _ in range(3):
            editorial.refresh()
            assert standing(editorial) == (1, False)
            assert not path.exists(), "a reader makes no store"
        with closing(open_editorial(url)) as other:
            put(other, "blocked", "别的词")
            put(other, "blocked", "又一词")
        editorial.refresh()
        assert standing(editorial) == (2, True)
        backup.replace(path)
        editorial.refresh()
        editorial.refresh()
        assert standing(editorial) == (1, True)
        assert editorial.decisions().blocked("某词")


def test_it_begins_without_a_store_and_takes_it_up_when_it_comes(url: str) -> None:
    with closing(LiveEditorial(url, interval=PATIENCE)) as editorial:
        assert editorial.decisions().version == 0
        assert not standing(editorial)[1]
        with closing(open_editorial(url)) as store:
            put(store, "hot", "春运")
        editorial.refresh()
        assert standing(editorial)[1]
        assert editorial.decisions().hot_queries(DAY) == ("春运",)


def test_an_entry_of_a_newer_release_leaves_the_decisions_as_they_are(
    store: EditorialStore, url: str
) -> None:
    put(store, "hot", "春运")
    with closing(LiveEditorial(url, interval=PATIENCE)) as editorial:
        assert editorial.decisions().version == 1
        put(store, "hot", "茶会")
        change(url, "UPDATE editorial_entries SET line = '# 春运'")
        editorial.refresh()
        assert editorial.decisions().hot_queries(DAY) == ("春运",)
        assert not standing(editorial)[1]


def test_what_nobody_foresaw_is_told_and_the_looking_goes_on(
    store: EditorialStore, url: str
) -> None:
    with closing(LiveEditorial(url, interval=0.01)) as editorial:
        assert standing(editorial) == (0, True)
        put(store, "hot", "春运")
        change(url, "DELETE FROM editorial_versions")
        wait_for(lambda: editorial.state().trouble is not None)
        trouble = editorial.state().trouble
        assert trouble is not None
        assert trouble.why.startswith("NoResultFound: ")
        for _ in range(2):
            editorial.refresh()
        again = editorial.state().trouble
        assert again is not None
        assert again.since == trouble.since
        change(url, "INSERT INTO editorial_versions VALUES (1, 7)")
        wait_for(lambda: standing(editorial) == (7, True))
        assert editorial.decisions().hot_queries(DAY) == ("春运",)


def test_without_a_store_nothing_is_watched_and_closing_is_final(url: str) -> None:
    with closing(LiveEditorial()) as editorial:
        editorial.refresh()
        assert standing(editorial)[1]
        assert editorial.decisions().version == 0
    closed = LiveEditorial(url)
    closed.close()
    assert closed.decisions().version == 0
    closed.close()


def test_threads_may_ask_first_at_once(store: EditorialStore, url: str) -> None:
    put(store, "blocked", "某词")
    with closing(LiveEditorial(url, interval=PATIENCE)) as editorial:
        threads = [Thread(target=editorial.decisions) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert editorial.decisions().blocked("某词")

"""Asking an index as readers do: what a rebuild compares is what readers would see."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexer.analysis.dictionary import UserDictionary, UserWord
from indexer.article import Article
from indexer.editorial.entries import ListName
from indexer.editorial.lines import read_entry
from indexer.engines.base import Engine
from indexer.engines.registry import open_engine
from indexer.errors import QueryLogUnavailable
from indexer.settings import IndexSettings
from indexer.store.database import open_editorial
from search_service.answering.search import Question
from search_service.asking import AskingAsReaders
from search_service.querylog.store import open_query_log
from search_service.settings import SearchSettings
from tests.conftest import PROJECT
from tests.factories import article
from tests.search_service.indexes import SHANGHAI, services
from tests.search_service.querylog.factory import asked
from tests.typed_queries import analyzer

ARTICLES = [
    article("west", title="西红柿丰收", body="菜农运了三车。"),
    article("ferry", title="渡口开航", body="早班渡船载着菜农。"),
    article("draft", title="渡口未定稿", status="draft"),
    *(article(f"tea-{n}", title=f"茶馆{n}号开门", body="老人来喝茶。") for n in range(12)),
]


class Site:
    """A store with editors' lists, a query log, and an index that is not live."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = replace(IndexSettings(), store_url=f"sqlite:///{root}/articles.sqlite3")
        self.searching = SearchSettings(querylog_url=f"sqlite:///{root}/log.sqlite3")
        self.decide("synonyms", "番茄, 西红柿")

    def decide(self, name: ListName, *lines: str) -> None:
        with closing(open_editorial(self.settings.store_url)) as store:
            store.put(name, [read_entry(name, line) for line in lines])

    def asking(self) -> AskingAsReaders:
        return AskingAsReaders(self.settings, self.searching)

    def index(self, *articles: Article, words: UserDictionary | None = None) -> Engine:
        """An index of articles. ``words`` are those that were found in them."""
        knowing = analyzer()
        if words is not None:
            knowing = knowing.knowing(knowing.user_dictionary, words)
        folder = self.root / f"index-{len(list(self.root.iterdir()))}"
        engine = open_engine("whoosh", folder, analyzer=knowing, timezone=SHANGHAI)
        engine.create()
        with engine.writer() as writer:
            for each in articles:
                writer.add(each)
            writer.commit(revision=1)
        return engine


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.parametrize("text", ["渡口", "菜农 -渡船", '"早班渡船"', "茶馆", "chaguan", "无此物"])
def test_an_index_answers_as_the_search_answers_its_readers(site: Site, text: str) -> None:
    asked = site.asking().ask(site.index(*ARTICLES), text)
    answer = services(site.root / "live", ARTICLES, engine="whoosh").search(Question(text=text))
    assert asked.ids == tuple(hit.article.id for hit in answer.hits)
    assert asked.total == answer.total
    assert len(asked.ids) <= 10


def test_the_editors_synonyms_and_stopwords_count_and_their_pins_and_hides_do_not(
    site: Site,
) -> None:
    site.decide("stopwords", "渡口")
    site.decide("pins", "番茄 => ferry 1")
    site.decide("hides", "番茄 => west")
    index, asking = site.index(*ARTICLES), site.asking()
    assert asking.ask(index, "番茄").ids == ("west",)
    assert asking.ask(index, "番茄 渡口").ids == ("west",)


def test_a_query_is_cut_with_the_words_of_the_index_that_is_asked(site: Site) -> None:
    told = article("told", title="云溪茶塘社戏开锣")
    found = UserDictionary((UserWord("茶塘社戏", 100),))
    knowing, other = site.index(told, words=found), site.index(told)
    asking = site.asking()
    for engine in (knowing, other, knowing):
        assert asking.ask(engine, "茶塘社戏").ids == ("told",)
    assert [token.text for token in knowing.analyzer.query("茶塘社戏")] == ["茶塘社戏"]
    assert len(other.analyzer.query("茶塘社戏")) > 1


def test_the_last_different_plain_queries_are_told_as_typed(site: Site) -> None:
    now = datetime.now(UTC)
    assert site.searching.querylog_url is not None
    with closing(open_query_log(site.searching.querylog_url, SHANGHAI)) as log:
        log.write(
            [
                asked(text, by=number, at=now - timedelta(minutes=number), plain=plain)
                for number, (text, plain) in enumerate(
                    [
                        ("春运", True),
                        ("Ferry 渡口", True),
                        ('"早班"', False),
                        ("ferry  渡口", True),
                        ("茶馆", True),
                    ]
                )
            ],
            now=now,
        )
    assert site.asking().recorded(10) == ["春运", "Ferry 渡口", "茶馆"]
    assert site.asking().recorded(2) == ["春运", "Ferry 渡口"]


def test_without_a_query_log_nothing_was_recorded_and_one_that_is_away_is_named(
    site: Site,
) -> None:
    with pytest.raises(QueryLogUnavailable, match=r"log\.sqlite3: there is no such file$"):
        site.asking().recorded(10)
    assert not (site.root / "log.sqlite3").exists()
    site.searching = replace(site.searching, querylog_url=None)
    assert site.asking().recorded(10) == []


def test_commands_that_ask_nothing_load_nothing_of_the_search_service() -> None:
    program = (
        "import sys, runpy\n"
        "sys.argv = ['indexer', '--help']\n"
        "try:\n    runpy.run_module('indexer', run_name='__main__')\n"
        "except SystemExit:\n    pass\n"
        "print(sum(name.split('.')[0] == 'search_service' for name in sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == "0"

"""Names that the dictionary lacks: a rebuild finds them in the articles, and then they are words like others.

The articles are invented. They are built by a real rebuild of a real store.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from indexer.generations import Generations
from indexer.rebuilding.rebuild import rebuild
from indexer.store.database import open_store
from search_service.answering.search import Question
from search_service.live.index import LiveIndex
from search_service.services import Services
from tests.factories import NOON, article
from tests.indexer.analysis.test_new_words import texts
from tests.search_service.indexes import SHANGHAI
from tests.typed_queries import analyzer

NAMES = (
    "李家超",
    "郭艾伦",
    "周琦",
    "字母哥",
    "姆巴佩",
    "大湾区",
    "进博会",
    "罗秋满",
    "云栖谷杯",
    "满帅",
    "b站",
    "q罗",
)
"""Named ones and invented ones: persons, a team's nickname, a region, events, names with a letter."""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    root = tmp_path_factory.mktemp("names")
    with closing(open_store(f"sqlite:///{root}/store.sqlite3")) as store:
        store.put(
            article(f"{n}", title=f"{name}向大家报告", body="".join(texts(name)))
            for n, name in enumerate(NAMES)
        )
        store.put([article("accident", title="李家超市开业", body="李家的超市今天开业。")])
        generations = Generations(Path(root) / "index")
        report = rebuild(
            store,
            generations,
            engine_name="whoosh",
            analyzer=analyzer(),
            timezone=SHANGHAI,
            keep=1,
        )
    assert report.found_words >= len(NAMES)
    live = LiveIndex(generations, analyzer=analyzer(), timezone=SHANGHAI)
    with closing(Services(live, SHANGHAI, clock=lambda: NOON)) as services:
        services.warm_up()
        yield services


@pytest.mark.parametrize("name", NAMES)
def test_a_name_finds_its_article_as_one_word(asked: Services, name: str) -> None:
    answer = asked.search(Question(text=name))
    assert answer.hits[0].article.id == f"{NAMES.index(name)}"
    assert answer.understood.rung == "words"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_suggested_whole_and_first(asked: Services, name: str) -> None:
    for typed in (name, name[:-1] if len(name) > 2 else name):
        words = [each.text for each in asked.suggest(typed).items if each.kind == "word"]
        assert words[0] == name or (words[0] == typed and words[1] == name)
        assert f"{name}向" not in words


def test_accidents_and_phrases_do_not_become_words(asked: Services) -> None:
    with asked.live.reader() as lent:
        found = {word.text for word in lent.analyzer.found_words.words}
    assert not {"李家超向", "超市", "在北京", "大家报告", "向大家"} & found

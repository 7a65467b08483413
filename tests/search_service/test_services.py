from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.errors import ArticleNotFound, InvalidDictionary, NoLiveGeneration
from indexer.settings import IndexSettings, read_settings
from search_service.search import Question
from search_service.services import Services, make_services
from tests.factories import article
from tests.search_service.indexes import promote, services


def settings(root: Path, **more: str) -> IndexSettings:
    return read_settings(IndexSettings, {"SEARCH_INDEX_DIR": str(root)} | more)


def test_an_article_is_given_as_it_was_indexed(tmp_path: Path) -> None:
    one = article("one", title="臺灣軟體", attributes={"views": 3})
    found, state = services(tmp_path, [one]).article("one")
    assert found == one
    assert state.generation == "000001"


@pytest.mark.parametrize(
    "hidden",
    [{"status": "draft"}, {"published_at": "2026-03-02"}, {"expires_at": "2026-03-01"}],
)
def test_an_article_that_readers_may_not_see_is_not_found(
    tmp_path: Path, hidden: dict[str, object]
) -> None:
    asked = services(tmp_path, [article("one", **hidden)])
    for article_id in ("one", "two"):
        with pytest.raises(ArticleNotFound):
            asked.article(article_id)


def test_services_are_made_from_settings_before_there_is_an_index(tmp_path: Path) -> None:
    made = make_services(settings(tmp_path))
    with pytest.raises(NoLiveGeneration):
        made.search(Question(text="山谷"))
    promote(tmp_path, [article("one")])
    assert made.search(Question(text="山谷")).total == 1
    assert made.index_state().doc_count == 1
    made.close()


def test_the_clock_of_made_services_is_now(tmp_path: Path) -> None:
    made: Services = make_services(settings(tmp_path))
    assert abs((made.clock() - datetime.now(UTC)).total_seconds()) < 60


def test_a_user_dictionary_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    dictionary = tmp_path / "words.txt"
    dictionary.write_text("茶会 many\n", encoding="utf-8")
    with pytest.raises(InvalidDictionary):
        make_services(settings(tmp_path, SEARCH_USER_DICTIONARY=str(dictionary)))

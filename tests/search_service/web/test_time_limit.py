"""What a search does when its time runs out: it says so, nobody keeps it, and the query log does not count it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from search_service.answering.search import Question
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.search_service.indexes import services
from tests.search_service.web.portal import all_articles, visible_text
from tests.search_service.web.test_queries import Site


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    found = services(tmp_path_factory.mktemp("limited"), all_articles(), engine="whoosh")
    yield found
    found.close()


def test_a_search_without_time_left_says_that_it_is_not_complete(served: Services) -> None:
    whole = served.search(Question(text="文章"))
    assert whole.complete
    cut_short = replace(served, time_limit=0.0).search(Question(text="文章"))
    assert not cut_short.complete
    assert cut_short.total_is_estimate
    assert cut_short.understood.correction is None


def test_over_http_it_is_kept_nowhere(served: Services) -> None:
    for limit, complete, kept in ((0.0, False, "no-store"), (60.0, True, "public, max-age=10")):
        client = create_app(replace(served, time_limit=limit), SearchSettings()).test_client()
        answer = client.get("/api/v1/search?q=文章")
        assert answer.json is not None
        assert answer.json["complete"] is complete
        assert answer.headers["Cache-Control"] == kept
        page = client.get("/search?q=文章")
        assert page.headers["Cache-Control"] == kept
        assert ("时间不够" in visible_text(page.text)) is not complete


def test_suggestions_too_say_so_and_are_kept_nowhere(served: Services) -> None:
    for limit, complete, kept in ((0.0, False, "no-store"), (60.0, True, "public, max-age=10")):
        client = create_app(replace(served, time_limit=limit), SearchSettings()).test_client()
        answer = client.get("/api/v1/suggest?q=yun")
        assert answer.json is not None
        assert answer.json["complete"] is complete
        assert bool(answer.json["hits"]) is complete
        assert answer.headers["Cache-Control"] == kept


def test_it_is_logged_neither_as_found_nor_as_missed(tmp_path: Path) -> None:
    site = Site(tmp_path)
    limited = replace(
        services(tmp_path / "again", all_articles()), query_log=site.log, time_limit=0.0
    )
    cut_short = create_app(limited, SearchSettings()).test_client().get("/api/v1/search?q=文章")
    assert cut_short.json is not None
    assert cut_short.json["query_id"] is None
    assert site.get("/api/v1/search?q=文章").json["query_id"]
    assert len(site.rows()) == 1
    site.log.close()

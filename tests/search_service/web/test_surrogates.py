"""Surrogate-Key: every answer that shows articles names them, and no other."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from indexer.article import MAX_ID
from search_service.answering.search import MAX_SIZE
from search_service.web.surrogates import surrogate_keys
from tests.factories import article
from tests.search_service.web.portal import Portal, numbered, open_portal


def keys(portal: Portal, path: str, /, **query: str) -> set[str]:
    return set(portal.get(path, **query).headers.get("Surrogate-Key", "").split())


def of(answer: dict[str, list[dict[str, str]]]) -> set[str]:
    return {f"article/{hit['id']}" for hit in answer["hits"]}


def hashed(article_id: str) -> str:
    return "article/sha256-" + hashlib.sha256(article_id.encode()).hexdigest()[:32]


def test_a_plain_id_stands_in_its_key_and_any_other_is_hashed() -> None:
    assert (
        surrogate_keys(["a-1", "B.c_d~", "0" * 128])
        == f"article/a-1 article/B.c_d~ article/{'0' * 128}"
    )
    for other in ("a b", "新闻/1", "a/related", "a,b", "100%", "0" * 129):
        assert surrogate_keys([other]) == hashed(other)
    assert surrogate_keys(["a", "b", "a"]) == "article/a article/b"
    assert surrogate_keys([]) == ""


def test_the_longest_header_has_the_bytes_that_the_guide_says() -> None:
    for length in (128, MAX_ID):
        longest = surrogate_keys(f"{n:0{length}}" for n in range(MAX_SIZE))
        assert len(longest) <= 13_699
    assert len(surrogate_keys(f"{n:0128}" for n in range(MAX_SIZE))) == 13_699


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/search", {"q": "水库", "size": "7"}),
        ("/api/v1/search", {"q": "水库", "page": "2"}),
        ("/api/v1/latest", {"size": "5"}),
    ],
)
def test_a_list_names_the_articles_that_it_shows(
    portal: Portal, path: str, query: dict[str, str]
) -> None:
    shown = of(portal.json(path, **query))
    assert shown
    assert keys(portal, path, **query) == shown


def test_an_article_names_itself_and_its_related_list_names_it_too(portal: Portal) -> None:
    assert keys(portal, "/api/v1/articles/n-01") == {"article/n-01"}
    assert keys(portal, "/api/v1/articles", id="n-01") == {"article/n-01"}
    related = portal.json("/api/v1/articles/n-01/related")
    for path in ("/api/v1/articles/n-01/related", "/api/v1/articles:related?id=n-01"):
        assert keys(portal, path) == {"article/n-01"} | of(related)


@pytest.mark.parametrize(
    "path", ["/", "/search?q=水库", "/search?q=没有这样的词", "/articles/n-01", "/articles?id=n-01"]
)
def test_a_page_names_every_article_that_it_links_to(portal: Portal, path: str) -> None:
    text = portal.client.get(path).text
    linked = re.findall(
        r'href="(?:(?:http://localhost)?/articles/|https://portal\.example/)([\w-]+)(?:\.html)?"',
        text,
    )
    assert linked
    assert keys(portal, path) == {f"article/{each}" for each in linked}


def test_suggestions_name_the_articles_of_their_titles(portal: Portal) -> None:
    titles = portal.json("/api/v1/suggest", q="云溪小")["hits"]
    assert [each["kind"] for each in titles] == ["title"]
    assert keys(portal, "/api/v1/suggest", q="云溪小") == {"article/story-1"}
    words = portal.json("/api/v1/suggest", q="云溪", size="1")["hits"]
    assert [each["kind"] for each in words] == ["word"]
    assert keys(portal, "/api/v1/suggest", q="云溪", size="1") == set()


@pytest.mark.parametrize(
    "path",
    ["/api/v1/search?q=水库", "/api/v1/latest", "/api/v1/articles/story-1", "/", "/articles/n-01"],
)
def test_an_answer_that_did_not_change_names_them_too(portal: Portal, path: str) -> None:
    first = portal.client.get(path)
    again = portal.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["Surrogate-Key"] == first.headers["Surrogate-Key"]
    assert portal.client.head(path).headers["Surrogate-Key"] == first.headers["Surrogate-Key"]


@pytest.mark.parametrize(
    "path",
    ["/api/v1/articles/nobody", "/articles/draft-1", "/healthz", "/docs", "/api/v1/queries/hot"],
)
def test_an_answer_without_articles_names_none(portal: Portal, path: str) -> None:
    assert "Surrogate-Key" not in portal.client.get(path).headers


def test_odd_ids_are_named_by_their_hashes(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, [*numbered(2), article("新闻/1 2")], engine="memory")
    assert keys(portal, "/api/v1/latest") == {"article/n-00", "article/n-01", hashed("新闻/1 2")}
    assert keys(portal, "/articles", id="新闻/1 2") >= {hashed("新闻/1 2"), "article/n-01"}

"""The routes of an article page's lists: both forms of the address, sizes, what caches are told, texts, and an index that is away."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from search_service.web.list_params import MAX_BLOCK, MAX_RELATED
from tests.factories import article
from tests.search_service.indexes import apply, promote
from tests.search_service.web.portal import (
    HIDDEN,
    STORY,
    Portal,
    all_articles,
    as_problem,
    numbered,
    open_portal,
)
from tests.search_service.web.test_surrogates import hashed

LISTS = ("related", "hot", "latest")
PATH = "/api/v1/articles/n-01/blocks"
TEXT = {"title": "水库边的观察", "body": "云溪水库的水位一天比一天低。", "channel": "社会"}


def ids(answer: Any, *names: str) -> list[str]:
    return [each["id"] for name in names or LISTS for each in answer[name]]


@pytest.mark.parametrize("query", [{}, {"related": "3", "hot": "20", "latest": "7"}])
def test_both_forms_of_the_address_give_the_same_lists(
    portal: Portal, query: dict[str, str]
) -> None:
    answer = portal.json(PATH, **query)
    assert answer == portal.json("/api/v1/articles:blocks", id="n-01", **query)
    assert (answer["id"], answer["stale"]) == ("n-01", False)
    assert answer["index"] == portal.json("/api/v1/articles/n-01")["index"]
    assert len(set(ids(answer))) == len(ids(answer))
    visible = {each.id for each in all_articles()} - {each.id for each in HIDDEN}
    assert set(ids(answer)) <= visible - {"n-01"}


@pytest.mark.parametrize("article_id", ["新闻/2024/1 2", "a/blocks", "a,b%", "é"])
def test_any_id_has_lists(tmp_path: Path, article_id: str) -> None:
    odd = open_portal(tmp_path, [article(article_id), *numbered(4)], engine="memory")
    answer = odd.json("/api/v1/articles:blocks", id=article_id)
    assert answer["id"] == article_id
    assert sorted(ids(answer)) == ["n-00", "n-01", "n-02", "n-03"]
    shown = odd.json("/api/v1/articles/n-01/blocks")
    assert article_id in ids(shown)
    keys = odd.get(PATH).headers["Surrogate-Key"].split()
    assert hashed(article_id) in keys
    assert len(keys) == 5


def test_the_sizes_are_those_asked_for_and_none_leaves_a_list_out(portal: Portal) -> None:
    def lengths(**query: str) -> list[int]:
        answer = portal.json(PATH, **query)
        return [len(answer[name]) for name in LISTS]

    assert lengths() == [6, 10, 10]
    assert lengths(related="0", hot="0", latest="0") == [0, 0, 0]
    assert lengths(related="2", hot="0") == [2, 0, 10]
    assert lengths(related="0", hot="5", latest="0") == [0, 5, 0]
    whole = portal.json(PATH, related="20", hot="30", latest="30")
    assert len(ids(whole)) == len(all_articles()) - len(HIDDEN) - 1


def test_the_items_are_those_of_the_single_routes(portal: Portal) -> None:
    answer = portal.json(PATH, related="4", hot="3", latest="5")
    related = portal.json("/api/v1/articles/n-01/related", size="4")["hits"]
    assert answer["related"] == related
    shown = ",".join(["n-01", *ids(answer, "related")])
    latest = portal.json("/api/v1/latest", size="5", exclude=shown)["hits"]
    assert answer["latest"] == latest
    shown = ",".join([shown, *ids(answer, "latest")])
    assert answer["hot"] == portal.json("/api/v1/hot", size="3", exclude=shown)["hits"]
    for each in (*answer["related"], *answer["hot"], *answer["latest"]):
        assert each["lead"]
        assert "body" not in each


@pytest.mark.parametrize("method", ["path", "query", "text"])
@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("related", "21", "a whole number from 0 to 20"),
        ("related", "-1", "a whole number from 0 to 20"),
        ("hot", str(MAX_BLOCK + 1), f"a whole number from 0 to {MAX_BLOCK}"),
        ("latest", "1.5", f"a whole number from 0 to {MAX_BLOCK}"),
        ("latest", "十", f"a whole number from 0 to {MAX_BLOCK}"),
    ],
)
def test_a_size_that_is_not_allowed_is_named(
    portal: Portal, method: str, name: str, value: str, allowed: str
) -> None:
    query = f"{name}={value}"
    asked = {
        "path": lambda: portal.client.get(f"{PATH}?{query}"),
        "query": lambda: portal.client.get(f"/api/v1/articles:blocks?id=n-01&{query}"),
        "text": lambda: portal.client.post(f"/api/v1/blocks?{query}", json=TEXT),
    }
    problem = as_problem(asked[method]())
    assert (problem["status"], problem["code"]) == (400, "invalid_parameter")
    (error,) = problem["errors"]
    assert (error["parameter"], error["value"], error["allowed"]) == (name, value, allowed)


def test_a_wrong_name_or_an_id_that_is_missing_is_an_error(portal: Portal) -> None:
    assert portal.problem(PATH, size="3")["errors"][0]["parameter"] == "size"
    assert portal.problem(PATH, id="n-02")["errors"][0]["parameter"] == "id"
    assert portal.problem("/api/v1/articles:blocks")["errors"][0]["message"] == "is missing"


@pytest.mark.parametrize("hidden", ["nobody", *(each.id for each in HIDDEN)])
def test_an_article_that_readers_may_not_see_has_no_lists(portal: Portal, hidden: str) -> None:
    for path, query in (
        (f"/api/v1/articles/{hidden}/blocks", {}),
        ("/api/v1/articles:blocks", {"id": hidden}),
    ):
        problem = portal.problem(path, **query)
        assert (problem["status"], problem["code"]) == (404, "article_not_found")
        assert "Surrogate-Key" not in portal.get(path, **query).headers


def test_caches_learn_every_article_that_is_shown_and_may_ask_again(portal: Portal) -> None:
    first = portal.get(PATH)
    assert first.headers["Cache-Control"] == "public, max-age=10"
    keys = first.headers["Surrogate-Key"].split()
    assert sorted(keys) == sorted(f"article/{each}" for each in ["n-01", *ids(first.json)])
    for path in (PATH, "/api/v1/articles:blocks?id=n-01"):
        again = portal.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Surrogate-Key"] == first.headers["Surrogate-Key"]
    assert portal.get(PATH, hot="3").headers["ETag"] != first.headers["ETag"]


def test_a_correction_of_a_listed_article_changes_the_tag(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, numbered(8))
    tag = portal.get(PATH).headers["ETag"]
    apply(tmp_path, [article("n-02", title="更正：水库观察")], revision=2)
    after = portal.client.get(PATH, headers={"If-None-Match": tag})
    assert after.status_code == 200
    assert "更正：水库观察" in after.text
    assert after.headers["ETag"] != tag


def test_the_longest_lists_have_no_more_keys_than_the_guide_says(tmp_path: Path) -> None:
    many = [article(f"{n:0128}", title=f"第{n}号", body=f"渡口{n}。") for n in range(130)]
    portal = open_portal(tmp_path, many, engine="memory")
    most = {"related": str(MAX_RELATED), "hot": str(MAX_BLOCK), "latest": str(MAX_BLOCK)}
    answer = portal.get("/api/v1/articles:blocks", id=many[0].id, **most)
    assert len(ids(answer.json)) == MAX_RELATED + 2 * MAX_BLOCK
    assert len(answer.headers["Surrogate-Key"]) <= 13_699


def test_without_the_index_the_kept_lists_are_answered_and_cached_by_nobody(
    tmp_path: Path,
) -> None:
    portal = open_portal(tmp_path / "index", [STORY, *numbered(8)])
    path = "/api/v1/articles/story-1/blocks"
    before = portal.get(path)
    shutil.rmtree(tmp_path / "index")
    for address in (path, "/api/v1/articles:blocks?id=story-1"):
        away = portal.client.get(address, headers={"If-None-Match": before.headers["ETag"]})
        assert (away.status_code, away.headers["Cache-Control"]) == (200, "no-store")
        assert "ETag" not in away.headers
        assert away.json == {**before.json, "stale": True}  # type: ignore[dict-item]
        assert away.headers["Surrogate-Key"] == before.headers["Surrogate-Key"]
    problem = portal.problem(PATH)  # no lists of that page are kept
    assert (problem["status"], problem["code"]) == (503, "index_missing")
    draft = as_problem(portal.client.post("/api/v1/blocks", json=TEXT))
    assert draft["code"] == "index_missing"
    promote(tmp_path / "index", [STORY, *numbered(8)], engine="whoosh")
    assert portal.json(path) == before.json
    assert portal.get(path).headers["Cache-Control"] == "public, max-age=10"


def test_the_page_of_an_article_is_shown_without_the_index_too(tmp_path: Path) -> None:
    portal = open_portal(tmp_path / "index", [STORY, *numbered(8)])
    before = portal.get("/articles/story-1")
    shutil.rmtree(tmp_path / "index")
    away = portal.get("/articles/story-1")
    assert (away.status_code, away.headers["Cache-Control"]) == (200, "no-store")
    assert away.text == before.text
    assert portal.get("/articles/n-01").status_code == 503


def test_a_text_has_the_lists_of_a_page(portal: Portal) -> None:
    answer = portal.client.post("/api/v1/blocks?related=3&hot=4&latest=5", json=TEXT)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "ETag" not in answer.headers
    found: Any = answer.json
    assert [len(found[name]) for name in LISTS] == [3, 4, 5]
    assert len(set(ids(found))) == 12
    assert (found["id"], found["stale"]) == ("", False)
    related = portal.client.post("/api/v1/related?size=3", json=TEXT).json
    assert found["related"] == related["hits"]  # type: ignore[index]


def test_a_draft_of_an_article_in_the_index_is_not_listed_beside_itself(portal: Portal) -> None:
    whole = "/api/v1/blocks?related=20&hot=30&latest=30"
    nameless: Any = portal.client.post(whole, json=TEXT).json
    assert "n-01" in ids(nameless)
    named: Any = portal.client.post(whole, json={**TEXT, "id": "n-01"}).json
    assert named["id"] == "n-01"
    assert sorted(ids(named)) == sorted({*ids(nameless)} - {"n-01"})
    hidden: Any = portal.client.post(whole, json={**TEXT, "id": "draft-1", "status": "draft"}).json
    assert (hidden["id"], sorted(ids(hidden))) == ("draft-1", sorted(ids(nameless)))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "neither a title nor a body"),
        (b"[]", "object"),
        (b"{", "JSON"),
        (b'{"title": "x", "id": "a\\u0000"}', "id"),
        (b'{"title": "x", "status": "soon"}', "status"),
    ],
)
def test_a_text_that_is_no_article_has_no_lists(portal: Portal, body: bytes, why: str) -> None:
    answer = portal.client.post("/api/v1/blocks", data=body, content_type="application/json")
    problem = as_problem(answer)
    assert (problem["status"], problem["code"]) == (400, "invalid_article")
    assert why in problem["detail"]

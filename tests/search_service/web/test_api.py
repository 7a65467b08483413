"""The JSON API: what each route answers."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.factories import article
from tests.search_service.indexes import promote
from tests.search_service.web.portal import HIDDEN, SCRIPT, Portal, as_problem, open_portal

INDEX = {
    "generation": "000001",
    "revision": 1,
    "as_of": "2026-03-01T04:00:00+08:00",
    "doc_count": 31,
    "rebuilding": False,
    "outdated": False,
    "held_back": None,
    "behind": None,
    "behind_seconds": None,
}


def ids(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [hit["id"] for hit in answer["hits"]]


def test_a_search_answers_with_all_that_a_result_list_needs(portal: Portal) -> None:
    answer = portal.json("/api/v1/search", q="板凳会")
    assert answer["query"] == {
        "text": "板凳会",
        "parsed": "板凳会",
        "rung": "words",
        "stricter": 0,
        "relaxed": False,
        "ignored": [],
        "synonyms": [],
        "missing": [],
        "notes": [],
        "correction": None,
    }
    assert (answer["total"], answer["total_is_estimate"]) == (1, False)
    assert (answer["page"], answer["pages"], answer["size"]) == (1, 1, 10)
    assert answer["facets"] == {}
    assert answer["index"] == INDEX
    assert answer["took_ms"] >= 0
    (hit,) = answer["hits"]
    assert hit["score"] > 0
    assert "<mark>" in hit["highlights"]["title"]
    assert "<mark>" in hit["highlights"]["body"]
    del hit["score"], hit["highlights"]
    assert hit == {
        "id": "story-1",
        "url": "https://portal.example/story-1.html",
        "title": "云溪小学的板凳会：凳子搬到哪儿，事就议到哪儿",
        "lead": "一所山村小学和一场露天的会。",
        "source": "青川日报",
        "channel": "情感/故事",
        "author": "覃望舒",
        "published_at": "2026-02-01T08:30:00+08:00",
        "image_url": "",
        "tags": ["板凳会", "云溪"],
        "attributes": {"section": 3},
        "group": None,
        "duplicates": 0,
        "pinned": False,
        "explanation": None,
    }


def test_what_was_probably_meant_is_said(portal: Portal) -> None:
    answer = portal.json("/api/v1/search", q="板登会")
    assert answer["query"]["correction"] == {"query": "板凳会", "applied": True}
    assert answer["query"]["text"] == "板登会"
    assert ids(answer) == ids(portal.json("/api/v1/search", q="板凳会"))
    as_typed = portal.json("/api/v1/search", q="板登会", correct="off")
    assert as_typed["query"]["correction"] is None
    assert ids(as_typed) == []


def test_a_score_is_explained_when_asked_for(portal: Portal) -> None:
    (hit,) = portal.json("/api/v1/search", q="板凳会", explain="1")["hits"]
    why = hit["explanation"]
    total = sum(each["score"] for each in why["added"])
    for each in why["multiplied"]:
        total *= each["factor"]
    assert total == pytest.approx(hit["score"], rel=1e-3)
    assert why["lines"][-1] == f"合计：{hit['score']:.2f}"
    (plain,) = portal.json("/api/v1/search", q="板凳会")["hits"]
    assert plain["explanation"] is None


def test_duplicates_stand_behind_one_hit_and_its_group_shows_them(tmp_path: Path) -> None:
    copies = [article(f"copy-{n}", title=f"渡口{n}", duplicate_group=7) for n in range(3)]
    portal = open_portal(tmp_path, [*copies, article("other", title="渡口的灯")])
    answer = portal.json("/api/v1/search", q="渡口", facets="month")
    assert (answer["total"], answer["groups"], answer["pages"]) == (4, 2, 1)
    assert answer["facets"]["month"] == [{"value": "2026-02", "count": 4}]
    of_group = [(hit["group"], hit["duplicates"]) for hit in answer["hits"]]
    assert sorted(of_group, key=str) == [(7, 2), (None, 0)]
    every = portal.json("/api/v1/search", q="渡口", collapse="none")
    assert (every["total"], every["groups"], len(every["hits"])) == (4, 4, 4)
    of_one = portal.json("/api/v1/search", q="渡口", group="7")
    assert sorted(ids(of_one)) == ["copy-0", "copy-1", "copy-2"]
    assert {hit["duplicates"] for hit in of_one["hits"]} == {0}


def test_highlights_are_safe_html(portal: Portal) -> None:
    (hit,) = portal.json("/api/v1/search", q="标签")["hits"]
    assert hit["title"] == f"标题里有标签{SCRIPT}"
    for text in hit["highlights"].values():
        assert "<mark>标签</mark>&lt;script&gt;" in text
        assert set(re.findall(r"<[^>]*>", text)) == {"<mark>", "</mark>"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("channel", "情感"), ("channel", "乡村"), ("author", "覃望舒"), ("tag", "云溪")],
)
def test_a_filter_narrows_the_search(portal: Portal, name: str, value: str) -> None:
    assert ids(portal.json("/api/v1/search", q="云溪", **{name: value})) == ["story-1"]


def test_days_are_inclusive_and_counted_in_the_zone(portal: Portal) -> None:
    answer = portal.json("/api/v1/search", from_="2026-02-01", to="2026-02-01", q="小学")
    assert ids(answer) == ["story-1"]
    assert not ids(portal.json("/api/v1/search", to="2026-01-31", q="板凳会"))


def test_facets_count_what_was_found(portal: Portal) -> None:
    answer = portal.json("/api/v1/search", q="水库", facets="source,month,source")
    assert list(answer["facets"]) == ["source", "month"]
    for value in answer["facets"]["source"]:
        narrowed = portal.json("/api/v1/search", q="水库", source=value["value"])
        assert narrowed["total"] == value["count"]


def test_pages_and_sizes_part_the_list_without_loss(portal: Portal) -> None:
    whole = ids(portal.json("/api/v1/search", q="水库", size="100", sort="oldest"))
    parts = [
        ids(portal.json("/api/v1/search", q="水库", size="7", page=str(page), sort="oldest"))
        for page in (1, 2, 3, 4)
    ]
    assert [each for part in parts for each in part] == whole
    assert len(whole) == 24


def test_a_page_beyond_the_last_is_empty_and_no_error(portal: Portal) -> None:
    answer = portal.json("/api/v1/search", q="水库", page="99")
    assert (answer["hits"], answer["total"], answer["page"], answer["pages"]) == ([], 24, 99, 3)


def test_sorting_by_time(portal: Portal) -> None:
    newest = portal.json("/api/v1/search", sort="newest", size="100")["hits"]
    times = [datetime.fromisoformat(hit["published_at"]) for hit in newest]
    assert times == sorted(times, reverse=True)
    oldest = portal.json("/api/v1/search", sort="oldest")["hits"]
    assert oldest[0]["published_at"] == "2025-12-01T08:00:00+08:00"


def test_plain_syntax_reads_operators_as_text(portal: Portal) -> None:
    assert portal.json("/api/v1/search", q="水库 -云溪")["total"] == 0
    answer = portal.json("/api/v1/search", q="水库 -云溪", syntax="plain")
    assert answer["query"]["stricter"] == 24


def test_an_answer_says_what_was_relaxed_and_ignored(portal: Portal) -> None:
    query = portal.json("/api/v1/search", q="板凳会 水库 小学 的")["query"]
    assert query["rung"] in ("most", "any")
    assert query["relaxed"] is True
    assert query["ignored"] == ["的"]


def test_suggestions_are_words_and_titles_that_begin_so(portal: Portal) -> None:
    answer = portal.json("/api/v1/suggest", q="云溪小")
    assert answer["prefix"] == "云溪小"
    assert answer["hits"] == [
        {
            "text": "云溪小学的板凳会：凳子搬到哪儿，事就议到哪儿",
            "kind": "title",
            "typed": 3,
            "id": "story-1",
            "url": "https://portal.example/story-1.html",
            "source": "青川日报",
            "published_at": "2026-02-01T08:30:00+08:00",
        }
    ]
    words = portal.json("/api/v1/suggest", q="yunx")["hits"]
    nothing = dict.fromkeys(("id", "url", "source", "published_at"))
    assert words[0] == {"text": "云溪", "kind": "word", "typed": 2, **nothing}
    assert answer["index"] == INDEX
    assert len(portal.json("/api/v1/suggest", q="云溪", size="3")["hits"]) == 3
    assert portal.json("/api/v1/suggest")["hits"] == []


def test_an_article_is_answered_whole(portal: Portal) -> None:
    answer = portal.json("/api/v1/articles/story-1")
    assert answer["body"].count("\n") == 2
    assert answer["breadcrumb"] == [
        {"name": "情感", "channel": "情感"},
        {"name": "故事", "channel": "情感/故事"},
    ]
    assert answer["channels"] == ["乡村"]
    assert answer["editor"] == "鲁一鸣"
    assert answer["tags"] == ["板凳会", "云溪"]
    assert answer["attributes"] == {"section": 3}
    assert answer["updated_at"] == "2026-02-02T09:00:00+08:00"
    assert answer["index"] == INDEX


def test_related_articles_carry_leads_and_reasons(portal: Portal) -> None:
    answer = portal.json("/api/v1/articles/n-01/related")
    assert answer["id"] == "n-01"
    assert len(answer["hits"]) == 6
    assert "n-01" not in ids(answer)
    assert all(hit["lead"] and hit["reasons"] for hit in answer["hits"])
    assert len(portal.json("/api/v1/articles/n-01/related", size="2")["hits"]) == 2


def test_related_articles_can_be_narrowed(portal: Portal) -> None:
    path = "/api/v1/articles/n-01/related"
    whole = ids(portal.json(path, size="20"))
    without = portal.json(path, size="20", exclude=",".join(whole[:2]))
    assert ids(without)[:18] == whole[2:]
    narrowed = portal.json(path, size="20", channel="时政", max_age="36500", past_only="on")
    own = portal.json("/api/v1/articles/n-01")["published_at"]
    assert narrowed["hits"]
    for hit in narrowed["hits"]:
        assert hit["channel"].startswith("时政")
        assert hit["published_at"] <= own
        assert hit["step"] in ("terms", "tags", "channel", "latest")


def test_a_text_that_is_not_in_the_index_has_related_articles_too(portal: Portal) -> None:
    article = portal.json("/api/v1/articles/n-01")
    text = {name: article[name] for name in ("title", "body", "channel", "tags")}
    answer = portal.client.post("/api/v1/related?size=4", json=text)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    found: Any = answer.json
    assert found["id"] == ""
    assert "n-01" not in ids(found)  # its text is a reprint of that article
    known: Any = portal.client.post("/api/v1/related?size=4", json={**text, "id": "n-01"}).json
    expected = portal.json("/api/v1/articles/n-01/related", size="4")
    assert (known["id"], known["hits"]) == ("n-01", expected["hits"])


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "neither a title nor a body"),
        (b"[]", "object"),
        (b"{", "JSON"),
        (b'{"title": "x", "status": "soon"}', "status"),
    ],
)
def test_a_text_that_is_no_article_is_refused(portal: Portal, body: bytes, why: str) -> None:
    answer = portal.client.post("/api/v1/related", data=body, content_type="application/json")
    problem = as_problem(answer)
    assert (problem["status"], problem["code"]) == (400, "invalid_article")
    assert why in problem["detail"]


def test_the_latest_articles_come_newest_first(portal: Portal) -> None:
    answer = portal.json("/api/v1/latest", size="3", channel="时政")
    assert len(answer["hits"]) == 3
    assert all(hit["channel"] == "时政/地方" for hit in answer["hits"])
    rest = portal.json("/api/v1/latest", size="100", channel="时政", exclude=",".join(ids(answer)))
    assert not set(ids(answer)) & set(ids(rest))


@pytest.mark.parametrize("hidden", [each.id for each in HIDDEN])
def test_a_hidden_article_is_not_found_by_its_address(portal: Portal, hidden: str) -> None:
    for path in (f"/api/v1/articles/{hidden}", f"/api/v1/articles/{hidden}/related"):
        assert portal.problem(path)["code"] == "article_not_found"
    assert portal.get(f"/articles/{hidden}").status_code == 404


def test_hidden_articles_are_in_no_list(portal: Portal) -> None:
    listed = {
        *ids(portal.json("/api/v1/search", q="云溪", size="100")),
        *ids(portal.json("/api/v1/latest", size="100")),
        *ids(portal.json("/api/v1/articles/n-01/related", size="20")),
    }
    assert not listed & {each.id for each in HIDDEN}
    assert portal.json("/api/v1/suggest", q="云溪草")["hits"] == []


def test_an_article_without_a_date_or_a_url_is_answered_all_the_same(tmp_path: Path) -> None:
    bare = open_portal(tmp_path, [article("bare-1", published_at=None)], engine="memory")
    assert bare.json("/api/v1/articles/bare-1")["published_at"] is None
    assert bare.json("/api/v1/search")["hits"][0]["url"] == ""


def test_health_says_that_the_process_is_up_and_readiness_which_index_answers(
    portal: Portal,
) -> None:
    assert portal.json("/healthz")["status"] == "ok"
    assert portal.json("/readyz") == {"status": "ready", "degraded": [], "index": INDEX}


def test_an_index_of_another_fingerprint_answers_and_says_so(tmp_path: Path) -> None:
    old = open_portal(tmp_path, [article()], engine="memory")
    promote(tmp_path, [article()], fingerprint="0123456789abcdef")
    assert old.json("/readyz")["index"]["outdated"] is True
    assert old.json("/api/v1/search")["index"]["outdated"] is True


def test_a_promotion_shows_without_a_restart(tmp_path: Path) -> None:
    moving = open_portal(tmp_path, [article("a-1")], engine="memory")
    assert ids(moving.json("/api/v1/search")) == ["a-1"]
    promote(tmp_path, [article("a-2")], engine="whoosh", revision=2)
    answer = moving.json("/api/v1/search")
    assert ids(answer) == ["a-2"]
    assert answer["index"]["revision"] == 2


@pytest.mark.parametrize(
    ("wrong", "allowed"),
    [
        ("per_source=0", "a whole number from 1 to 20"),
        ("per_source=x", "a whole number from 1 to 20"),
        ("max_age=0", "a whole number from 1 to 36500"),
        ("max_age=99999", "a whole number from 1 to 36500"),
    ],
)
def test_a_wrong_number_of_related_articles_says_what_would_be_right(
    portal: Portal, wrong: str, allowed: str
) -> None:
    problem = as_problem(portal.client.get(f"/api/v1/articles/story-1/related?{wrong}"))
    assert (problem["status"], problem["code"]) == (400, "invalid_parameter")
    assert problem["errors"][0]["allowed"] == allowed

"""What editors see of readers' searches, and how a query that finds nothing becomes one that is taken care of."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest

from indexer.editorial.entries import ListName
from tests.factories import NOON
from tests.search_service.querylog.factory import fill
from tests.search_service.web.desk.newsdesk import Newsdesk
from tests.search_service.web.portal import SCRIPT, visible_text

FROM_PAGE = {"table": "nothing", "days_first": "2026-02-20", "days_last": "2026-03-01"}


def search(newsdesk: Newsdesk, **counts: int) -> None:
    """Have readers ask queries that find nothing."""
    fill(newsdesk.log, counts, at=NOON - timedelta(hours=1), total=0)


def entries(newsdesk: Newsdesk, name: ListName) -> list[str]:
    with newsdesk.desk.store.use() as store:
        return [each.spell() for each in store.editorial.read().entries[name]]


def found(newsdesk: Newsdesk, text: str) -> list[str]:
    answer = newsdesk.guest().get("/api/v1/search", query_string={"q": text}).json
    assert answer is not None
    return [each["id"] for each in answer["hits"]]


def test_the_queries_that_found_nothing_come_first_and_lead_to_their_page(
    newsdesk: Newsdesk,
) -> None:
    editor = newsdesk.person("editor")
    search(newsdesk, **{"山寨小学": 3, "云溪水坝": 2, SCRIPT: 1})
    page = editor.page("/desk/queries")
    rows = visible_text(page)
    assert rows.index("山寨小学 3 3 0") < rows.index("云溪水坝 2 2 0")
    assert SCRIPT not in page
    assert "共 3 条" in rows
    assert "q=%E5%B1%B1%E5%AF%A8%E5%B0%8F%E5%AD%A6" in page
    other = editor.page("/desk/queries?table=most&first=2026-02-28&last=2026-02-28")
    assert "这几天没有这样的查询" in other


def test_without_a_query_log_the_page_says_so(
    newsdesk: Newsdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newsdesk.desk, "query_days", None)
    assert "查询日志没有开启" in newsdesk.person("editor").page("/desk/queries")


@pytest.mark.parametrize("asked", ["first=x", "first=2026-03-05&last=2020-01-01", "first=2000-01-01", "last=9999-12-31", "page=99999", "table=x"])  # fmt: skip
def test_any_address_of_the_table_is_answered(newsdesk: Newsdesk, asked: str) -> None:
    assert newsdesk.person("editor").get(f"/desk/queries?{asked}").status_code == 200


def test_a_synonym_is_tried_out_beside_the_present_page_and_then_kept(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    fields = {"q": "青石大坝", "choice": "synonyms", "words": "青石大坝", "others": "水库, 蓄水池", **FROM_PAGE}  # fmt: skip
    assert "没有找到文章" in visible_text(editor.page("/desk/queries/query?q=青石大坝"))
    tried = editor.post("/desk/queries/try", **fields)
    assert tried.status_code == 200
    assert "改动以后" in tried.text
    assert tried.text.count("观察之") == 10
    assert 'value="水库, 蓄水池"' in tried.text
    assert entries(newsdesk, "synonyms") == []
    done = editor.post("/desk/queries/choose", **fields)
    assert done.status_code == 303
    assert "first=2026-02-20" in done.location
    assert "已写进同义词" in editor.page(done.location)
    assert entries(newsdesk, "synonyms") == ["青石大坝, 水库, 蓄水池"]
    assert found(newsdesk, "青石大坝")
    with newsdesk.desk.store.use() as store:
        noted = store.audit.entries(action="list.add")[0][0]
    assert (noted.who, noted.subject) == ("鲁一鸣", "synonyms")
    assert noted.details == {
        "lines": ["青石大坝, 水库, 蓄水池"],
        "added": 1,
        "query": "青石大坝",
    }


def test_a_pin_is_named_by_the_words_of_a_title_and_tried_out(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    fields = {"q": "春运", "choice": "pins", "article": "云溪水库观察", "position": "1"}
    many = editor.post("/desk/queries/choose", **fields)
    assert "是哪一篇？" in many.text
    assert entries(newsdesk, "pins") == []
    tried = editor.post("/desk/queries/try", **fields, chosen="n-07")
    assert "n-07" in tried.text.split("<h2>改动以后</h2>")[1].split("</ol>")[0]
    done = editor.post("/desk/queries/choose", **fields, chosen="n-07")
    assert "置顶 1 条" in editor.page(done.location)
    assert entries(newsdesk, "pins") == ["春运 => n-07 1"]
    assert found(newsdesk, "春运") == ["n-07"]
    for text in ("n-08", "https://portal.example/story-1.html", "云溪水库观察之9", "http://localhost/articles/n-10"):  # fmt: skip
        editor.post("/desk/queries/choose", **(fields | {"article": text}))
    assert [each.split()[2] for each in entries(newsdesk, "pins")] == ["n-07", "n-08", "story-1", "n-09", "n-10"]  # fmt: skip


def test_nothing_to_find_takes_a_query_out_of_the_table(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    search(newsdesk, 昨天的票=2, 前天的票=1)
    done = editor.post("/desk/queries/choose", q="昨天的票", choice="nothing", **FROM_PAGE)
    assert "确无内容" in editor.page(done.location)
    table = visible_text(editor.page("/desk/queries")).split("无结果查询")[-1]
    assert "前天的票" in table
    assert "昨天的票" not in table
    assert "昨天的票" in editor.page("/desk/queries?table=most")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"choice": "synonyms", "words": "水坝", "others": " "}, "请把两边的词都填上"),
        ({"choice": "synonyms", "words": "水坝", "others": "水坝"}, "不能写进这张表"),
        ({"choice": "pins", "article": "", "position": "1"}, "请填写文章的编号"),
        ({"choice": "pins", "article": "查无此篇一二三", "position": "1"}, "没有找到文章"),
        ({"choice": "pins", "article": "n-01", "position": "101"}, "位置要写 1 到 100"),
        ({"choice": "pins", "article": "n-01", "position": "1", "first": "2026-03-02", "last": "2026-03-01"}, "早于"),
        ({"choice": "pins", "article": "n-01", "position": "1", "first": "昨天"}, "日期要写成"),
        ({"choice": "words", "word": "水" * 65}, "最多 64 个字符"),
    ],
)  # fmt: skip
def test_a_wrong_choice_keeps_what_was_typed_and_changes_nothing(
    newsdesk: Newsdesk, fields: dict[str, str], why: str
) -> None:
    answer = newsdesk.person("editor").post("/desk/queries/choose", q="水坝", **fields)
    assert answer.status_code == 400
    assert why in html.unescape(answer.text)
    for value in fields.values():
        assert not value.strip() or value in html.unescape(answer.text)
    for name in ("synonyms", "pins", "words"):
        assert entries(newsdesk, name) == []


def test_a_query_is_shown_as_text(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    for text in (SCRIPT, "标签", '"><b>'):
        page = editor.get("/desk/queries/query", query_string={"q": text}).text
        assert SCRIPT not in page
        assert "<b>" not in page
    assert editor.get("/desk/queries/query?q=").status_code == 404
    assert editor.post("/desk/queries/choose", q="x", choice="golden").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/desk/queries?first=0001-01-01&last=0001-01-01",
        "/desk/queries?last=0001-01-01",
        "/desk/articles?q=http://[",
    ],
)
def test_what_nobody_means_is_answered_with_a_page(newsdesk: Newsdesk, path: str) -> None:
    assert newsdesk.person("editor").get(path).status_code == 200

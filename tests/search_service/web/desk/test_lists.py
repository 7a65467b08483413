"""The editors' lists at the desk: read, filled in, imported, exported, switched and emptied."""

from __future__ import annotations

import html
from io import BytesIO
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from indexer.editorial.entries import LISTS, ListName
from tests.search_service.web.desk.conftest import files
from tests.search_service.web.desk.newsdesk import OWN, Newsdesk, Person
from tests.search_service.web.desk.test_queries import entries, found
from tests.search_service.web.portal import SCRIPT, visible_text


def put(newsdesk: Newsdesk, name: ListName, *lines: str) -> None:
    answer = newsdesk.person("editor").post(f"/desk/lists/{name}/import", lines="\n".join(lines))
    assert answer.status_code == 303, answer.text


def noted(newsdesk: Newsdesk) -> list[tuple[str, str, str, Any]]:
    with newsdesk.desk.store.use() as store:
        found, _ = store.audit.entries()
    return [
        (each.who, each.action, each.subject, each.details.get("lines"))
        for each in reversed(found)
        if each.action.startswith("list.")
    ]


@pytest.mark.parametrize(
    ("name", "fields", "line"),
    [
        ("synonyms", {"words": "软件", "others": "软体，程序", "way": "both"}, "软件, 软体, 程序"),
        ("synonyms", {"words": "番茄", "others": "西红柿", "way": "one"}, "番茄 => 西红柿"),
        ("synonyms", {"words": "土豆", "others": "马铃薯", "way": "apart"}, "-土豆, 马铃薯"),
        ("stopwords", {"word": "请问"}, "请问"),
        ("stopwords", {"word": "什么", "kept": "on"}, "-什么"),
        ("words", {"word": "晴川谷", "frequency": "2000"}, "晴川谷 2000"),
        ("words", {"word": "晴川谷", "frequency": ""}, "晴川谷"),
        ("words", {"word": "科技", "refused": "on"}, "-科技"),
        ("pins", {"query": "春 运", "article": "n-01", "position": "2", "first": "2026-01-20", "last": ""}, "春 运 => n-01 2 2026-01-20.."),
        ("hides", {"query": "春运", "article": "draft-1"}, "春运 => draft-1"),
        ("picks", {"where": "page", "page": "story-1", "article": "n-01", "position": "1"}, "related story-1 => n-01 1"),
        ("picks", {"where": "every", "page": "", "article": "云溪水库观察之1", "position": "3"}, "related => n-01 3"),
        ("bans", {"where": "hot", "article": "n-01", "last": "2026-03-09"}, "hot => n-01 ..2026-03-09"),
        ("bans", {"where": "page", "page": "story-1", "article": ""}, "related story-1 => *"),
        ("blocked", {"word": "某词"}, "某词"),
        ("hot", {"query": "春运", "first": "2026-01-20", "last": "2026-01-20"}, "春运 2026-01-20"),
        ("golden", {"query": "云溪", "articles": "n-01\r\nhttps://portal.example/story-1.html\r\n"}, "云溪 => n-01 story-1"),
        ("nothing", {"query": "昨天的票"}, "昨天的票"),
    ],
)  # fmt: skip
def test_each_list_has_a_form_that_adds_an_entry(
    newsdesk: Newsdesk, name: ListName, fields: dict[str, str], line: str
) -> None:
    editor = newsdesk.person("editor")
    page = editor.page(f"/desk/lists/{name}")
    for field in fields:
        assert f'name="{field}"' in page
    done = editor.post(f"/desk/lists/{name}", **fields)
    assert done.status_code == 303, visible_text(done.text)
    assert entries(newsdesk, name) == [line]
    after = html.unescape(editor.page(done.location))
    assert f"已添加：{line}。" in after
    assert noted(newsdesk) == [("鲁一鸣", "list.add", name, [line])]


@pytest.mark.parametrize(
    ("name", "fields", "why"),
    [
        ("synonyms", {"words": "、".join("字" * n for n in range(1, 34)), "others": "词"}, "一行最多 32 个词"),
        ("stopwords", {"word": ""}, "请填写词"),
        ("stopwords", {"word": "！！"}, "要有字或数字"),
        ("words", {"word": "水"}, "不能写进这张表"),
        ("words", {"word": "晴川谷", "frequency": "x"}, "词频要写"),
        ("picks", {"where": "page", "page": "", "article": "n-01", "position": "1"}, "哪篇文章的页面"),
        ("bans", {"where": "every", "article": ""}, "请填写是哪篇文章"),
        ("golden", {"query": "云溪", "articles": "水库"}, "好几篇文章"),
        ("golden", {"query": "云溪", "articles": "\n".join(f"n-{n:02}" for n in range(11))}, "最多写 10 篇"),
        ("nothing", {"query": "#话题"}, "不能写进这张表"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_and_stays_in_the_form(
    newsdesk: Newsdesk, name: ListName, fields: dict[str, str], why: str
) -> None:
    answer = newsdesk.person("editor").post(f"/desk/lists/{name}", **fields)
    assert answer.status_code == 400
    text = html.unescape(answer.text)
    assert why in text
    for value in fields.values():
        assert value in text
    assert entries(newsdesk, name) == []
    assert noted(newsdesk) == []


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("synonyms", {"words": "番茄 => 西红柿", "others": "洋柿子", "way": "both"}),
        ("synonyms", {"words": "番茄 => 西红柿", "others": "洋柿子", "way": "one"}),
        ("synonyms", {"words": "-番茄", "others": "洋柿子", "way": "both"}),
        ("stopwords", {"word": "-什么"}),
        ("words", {"word": "-晴川谷"}),
        ("words", {"word": "晴川谷 5"}),
        ("hot", {"query": "春运 2026-01-01"}),
        ("golden", {"query": "x=>y", "articles": "n-01"}),
    ],
)
def test_an_entry_whose_line_means_something_else_is_refused(
    newsdesk: Newsdesk, name: ListName, fields: dict[str, str]
) -> None:
    answer = newsdesk.person("editor").post(f"/desk/lists/{name}", **fields)
    assert answer.status_code == 400
    assert "在这张表里是别的意思" in html.unescape(answer.text)
    assert entries(newsdesk, name) == []


@pytest.mark.parametrize(
    ("name", "fields", "line"),
    [
        ("synonyms", {"words": "臺北 ，台北市", "others": "ＡＢ", "way": "both"}, "台北, 台北市, ab"),
        ("stopwords", {"word": "請問"}, "请问"),
        ("words", {"word": "晴川穀２"}, "晴川谷2"),
        ("pins", {"query": "x=>y", "article": "n-01", "position": "1"}, "x=>y => n-01 1"),
        ("hot", {"query": "春运 2026-01-01", "first": "2026-01-20"}, "春运 2026-01-01 2026-01-20.."),
        ("golden", {"query": "云溪", "articles": "n-01\nn-01"}, "云溪 => n-01"),
    ],
)  # fmt: skip
def test_an_entry_may_be_written_in_any_way_that_its_line_keeps(
    newsdesk: Newsdesk, name: ListName, fields: dict[str, str], line: str
) -> None:
    answer = newsdesk.person("editor").post(f"/desk/lists/{name}", **fields)
    assert answer.status_code == 303, visible_text(answer.text)
    assert entries(newsdesk, name) == [line]


def test_words_of_a_title_are_offered_to_choose_from(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    fields = {"query": "云溪", "article": "板凳会"}
    answer = editor.post("/desk/lists/hides", **fields)
    assert 'name="chosen" value="story-1"' in answer.text
    assert editor.post("/desk/lists/hides", **fields, chosen="story-1").status_code == 303
    assert "story-1" not in found(newsdesk, "云溪")


def test_an_import_takes_all_lines_or_none_and_loses_nothing(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    text = "# 春运\n春运 => n-01 1\n\n春运 n-02\n春运 => n-03\n"
    answer = editor.post("/desk/lists/pins/import", lines=text)
    assert answer.status_code == 400
    page = visible_text(answer.text)
    assert "第 4 行：春运 n-02" in page
    assert "要写搜索词、=> 和文章的编号，例如 春运 => a-1" in page
    assert "第 5 行：春运 => n-03 文章后面要写位置，1 到 100，例如 春运 => a-1 1" in page
    assert text in html.unescape(answer.text)
    assert entries(newsdesk, "pins") == []
    right = "春运 => n-01 1\n春运 => n-02 2\n"
    done = editor.post("/desk/lists/pins/import", lines=right)
    assert "新增 2 条，修改 0 条" in editor.page(done.location)
    assert editor.page("/desk/lists/pins/export") == right
    done = editor.post("/desk/lists/pins/import", lines="春运 => n-02 5", instead="on")
    assert "新增 0 条，修改 1 条，删除 1 条" in editor.page(done.location)
    assert entries(newsdesk, "pins") == ["春运 => n-02 5"]
    assert [each[1] for each in noted(newsdesk)] == ["list.add", "list.replace"]
    assert editor.post("/desk/lists/pins/import", lines="# 空的\n").status_code == 400


def send(editor: Person, data: bytes, name: str = "blocked") -> int:
    """Post a file as the lines of a list."""
    fields = {"csrf": editor.csrf, "lines": "", "file": (BytesIO(data), "词表.txt")}
    path = f"/desk/lists/{name}/import"
    answer = editor.client.post(path, data=fields, headers=OWN)
    return answer.status_code


def test_a_file_is_imported_and_not_kept(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    assert send(editor, "\ufeff某词\n另一词\n".encode()) == 303
    assert entries(newsdesk, "blocked") == ["某词", "另一词"]
    assert send(editor, "某词".encode("gb18030")) == 400
    assert send(editor, "某词\n".encode(), "nonsense") == 404
    assert files(newsdesk) == []


@pytest.mark.parametrize("environ", [{}, {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}])
def test_a_file_of_lines_has_at_most_a_megabyte(
    newsdesk: Newsdesk, environ: dict[str, object]
) -> None:
    editor = newsdesk.person("editor")
    fields = {"csrf": editor.csrf, "file": FileStorage(BytesIO(bytes(2_000_000)), "词表.txt")}
    boundary, body = encode_multipart(fields)
    answer = editor.client.post(
        "/desk/lists/blocked/import",
        data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
        headers=OWN,
        environ_overrides=environ,
    )
    assert answer.status_code == 413
    assert files(newsdesk) == []


def test_entries_are_found_switched_and_removed(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    put(newsdesk, "pins", "云溪 => n-07 1", "水库 => n-08 1 2020-01-01..2020-02-01", "水库 => gone-1 2 2030-01-01..")  # fmt: skip
    page = visible_text(editor.page("/desk/lists/pins"))
    assert "云溪 云溪水库观察之7 1 有效 停用 删除" in page
    assert "1 已过期 2020-01-01 至 2020-02-01" in page
    assert "gone-1 稿库里没有 2 还没到" in page
    narrowed = visible_text(editor.page("/desk/lists/pins?q=水庫"))
    assert "gone-1" in narrowed
    assert "云溪水库观察之7" not in narrowed
    assert found(newsdesk, "云溪")[0] == "n-07"
    done = editor.post("/desk/lists/pins/switch", line="云溪 => n-07 1")
    assert "已停用：云溪 =&gt; n-07 1 off。" in editor.page(done.location)
    assert found(newsdesk, "云溪")[0] != "n-07"
    assert "已停用 启用 删除" in visible_text(editor.page("/desk/lists/pins"))
    editor.post("/desk/lists/pins/switch", line="云溪 => n-07 1 off")
    assert found(newsdesk, "云溪")[0] == "n-07"
    editor.post("/desk/lists/pins/remove", line="云溪 => n-07 1")
    assert len(entries(newsdesk, "pins")) == 2
    assert [each[1] for each in noted(newsdesk)] == ["list.add"] * 3 + ["list.remove"]
    for path in ("remove", "switch"):
        assert editor.post(f"/desk/lists/pins/{path}", line="没有箭头").status_code == 400
    assert editor.post("/desk/lists/blocked/switch", line="某词").status_code == 400


@pytest.mark.parametrize("what", ["switch", "remove"])
def test_an_entry_that_somebody_else_has_changed_stays_as_it_is(
    newsdesk: Newsdesk, what: str
) -> None:
    put(newsdesk, "pins", "云溪 => n-07 1")
    put(newsdesk, "pins", "云溪 => n-07 3 2026-01-20..")
    before = noted(newsdesk)
    editor = newsdesk.person("editor")
    for line in ("云溪 => n-07 1", "水库 => n-08 1"):
        answer = editor.post(f"/desk/lists/pins/{what}", line=line)
        assert answer.status_code == 400
        assert "它可能已经被别人改过" in answer.text
    assert entries(newsdesk, "pins") == ["云溪 => n-07 3 2026-01-20.."]
    assert noted(newsdesk) == before


def test_a_long_list_is_paged(newsdesk: Newsdesk) -> None:
    put(newsdesk, "blocked", *(f"词{number:03}" for number in range(120)))
    page = visible_text(newsdesk.person("editor").page("/desk/lists/blocked?page=3"))
    assert "第 3 / 3 页，共 120 条" in page
    assert "词119" in page
    assert "词099" not in page


def test_every_list_is_on_the_first_page_and_an_unknown_one_is_not_found(
    newsdesk: Newsdesk,
) -> None:
    editor = newsdesk.person("editor")
    page = editor.page("/desk/lists")
    for name in LISTS:
        assert f'href="/desk/lists/{name}"' in page
    assert editor.get("/desk/lists/unknown").status_code == 404
    assert editor.post("/desk/lists/unknown/import", lines="x").status_code == 404


def test_lines_are_shown_as_text(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    put(newsdesk, "blocked", f"词{SCRIPT}")
    put(newsdesk, "pins", f"词{SCRIPT} => hostile-1 1")
    for path in ("blocked", "pins", "blocked/import", f"pins?q={SCRIPT}&query={SCRIPT}"):
        assert SCRIPT not in editor.page(f"/desk/lists/{path}")
    wrong = editor.post("/desk/lists/pins/import", lines=f"{SCRIPT}\n</textarea>{SCRIPT}")
    assert SCRIPT not in wrong.text
    assert "</textarea><" not in wrong.text.replace("</textarea>\n", "")

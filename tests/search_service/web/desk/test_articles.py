"""Articles at the desk: found in any status, withdrawn, published again and deleted, and gone from search."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.store.articles import ArticleStore
from tests.search_service.indexes import apply
from tests.search_service.web.desk.newsdesk import Newsdesk, opened
from tests.search_service.web.desk.test_queries import found
from tests.search_service.web.portal import SCRIPT, visible_text


@pytest.fixture
def own_desk(tmp_path: Path) -> Iterator[Newsdesk]:
    """A desk whose articles a test may change."""
    with opened(tmp_path) as made:
        yield made


def follow(newsdesk: Newsdesk, article_id: str) -> None:
    """Bring the last change of an article into the index."""
    with newsdesk.desk.store.use() as store:
        articles: ArticleStore = store.articles
        stored = articles.get(article_id)
        apply(newsdesk.root / "index", [stored or article_id], revision=articles.revision())


@pytest.mark.parametrize("text", ["draft-1", "withdrawn-1", "story-1", "https://portal.example/story-1.html", "/articles/draft-1", "http://x/articles?id=draft-1"])  # fmt: skip
def test_an_id_or_an_address_leads_to_the_article_whatever_its_status(
    newsdesk: Newsdesk, text: str
) -> None:
    editor = newsdesk.person("editor")
    answer = editor.get("/desk/articles", query_string={"q": text})
    assert answer.status_code == 303
    assert editor.get(answer.location).status_code == 200


def test_words_find_what_readers_find(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    page = visible_text(editor.page("/desk/articles?q=板凳会"))
    assert "云溪小学的板凳会：凳子搬到哪儿，事就议到哪儿 story-1 青川日报 2026-02-01 已发布" in page
    assert "没有找到" in editor.page("/desk/articles?q=https://portal.example/unknown")
    assert "没有找到" not in editor.page("/desk/articles")


def test_an_article_is_shown_as_it_is_stored(newsdesk: Newsdesk) -> None:
    editor = newsdesk.person("editor")
    page = visible_text(editor.page("/desk/articles/article?id=story-1"))
    for text in ("编号 story-1 状态 已发布", "频道 情感/故事", "其他频道 乡村", "标签 板凳会、云溪", "发布时间 2026-02-01T08:30:00+08:00", "其他属性 section: 3", "散会时天已经黑了。", "读者能搜到它"):  # fmt: skip
        assert text in page
    assert SCRIPT not in editor.page("/desk/articles/article?id=hostile-1")
    assert SCRIPT not in editor.page("/desk/articles/confirm?id=hostile-1&do=withdraw")
    assert "搜索里已经没有它了" in editor.page("/desk/articles/article?id=draft-1")
    for path in ("article?id=none", "article", "confirm?id=none&do=withdraw"):
        assert editor.get(f"/desk/articles/{path}").status_code == 404
    assert editor.get("/desk/articles/confirm?id=story-1&do=burn").status_code == 400


def confirmed(page: str) -> dict[str, str]:
    """The hidden fields of the page that asks again."""
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    del fields["csrf"]
    return fields


def test_an_article_is_withdrawn_published_and_deleted_and_search_follows(
    own_desk: Newsdesk,
) -> None:
    editor = own_desk.person("editor")
    for what, waiting, after in (
        ("withdraw", "搜索正在跟上这次改动。 读者现在还能搜到它。", "搜索里已经没有它了"),
        ("publish", "搜索正在跟上这次改动。 读者现在搜不到它。", "读者能搜到它"),
        ("delete", "搜索正在跟上这次改动。 读者现在还能搜到它。", "搜索里已经没有它了"),
    ):
        asked = editor.page(f"/desk/articles/confirm?id=story-1&do={what}")
        done = editor.post("/desk/articles/change", **confirmed(asked))
        assert waiting in visible_text(editor.page(done.location))
        follow(own_desk, "story-1")
        assert after in visible_text(editor.page(done.location))
        assert ("story-1" in found(own_desk, "板凳会")) == (what == "publish")
    assert editor.get("/desk/articles/article?id=story-1").status_code == 404
    with own_desk.desk.store.use() as store:
        noted, _ = store.audit.entries(who="鲁一鸣")
    assert [(each.action, each.subject) for each in noted[:3]] == [
        ("article.delete", "story-1"),
        ("article.publish", "story-1"),
        ("article.withdraw", "story-1"),
    ]
    assert noted[0].details["title"].startswith("云溪小学")


def test_an_article_that_changed_meanwhile_is_left_alone(own_desk: Newsdesk) -> None:
    editor = own_desk.person("editor")
    fields = confirmed(editor.page("/desk/articles/confirm?id=n-01&do=delete"))
    with own_desk.desk.store.use() as store:
        store.articles.withdraw(["n-01"])
    answer = editor.post("/desk/articles/change", **fields)
    assert answer.status_code == 409
    assert "文章刚刚变过" in answer.text
    assert editor.get("/desk/articles/article?id=n-01").status_code == 200

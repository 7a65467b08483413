"""Articles: find one, see it as it is stored, and withdraw, publish or delete it."""

from __future__ import annotations

from typing import Final, NamedTuple

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from indexer.article import Article, Status, content_of
from indexer.errors import ArticleNotFound, ConditionFailed, IndexFailure, Overloaded
from search_service.desk import articles as facts
from search_service.desk.articles import Change, Found
from search_service.desk.desk import Desk
from search_service.services import Services
from search_service.web.answers import in_zone
from search_service.web.desk.forms import form
from search_service.web.desk.pages import DeskPages, Refused, session

STATUS_NAMES: Final[dict[Status, str]] = {
    "published": "已发布",
    "draft": "草稿",
    "withdrawn": "已撤下",
}

FIELD_NAMES: Final = {
    "url": "网址",
    "channel": "频道",
    "channels": "其他频道",
    "source": "来源",
    "author": "作者",
    "editor": "编辑",
    "tags": "标签",
    "site": "站点",
    "published_at": "发布时间",
    "updated_at": "更新时间",
    "expires_at": "过期时间",
    "image_url": "图片",
    "attributes": "其他属性",
    "lead": "导语",
}
"""The fields that the page of an article lists. It shows title, body and status elsewhere."""


class ChangeText(NamedTuple):
    """What a page says of a change: its name, what it means, and what is said when it is done."""

    name: str
    means: str
    done: str


CHANGES: Final[dict[Change, ChangeText]] = {
    "withdraw": ChangeText(
        "撤下",
        "读者马上就搜不到它，它自己的页面也打不开。文章还在稿库里，可以重新发布。",
        "已撤下。",
    ),
    "publish": ChangeText("重新发布", "读者又能搜到它。", "已重新发布。"),
    "delete": ChangeText(
        "删除",
        "它从稿库和搜索里都消失，不能恢复。以后再导入同一编号的文章，会重新出现。",
        "已删除。",
    ),
}


def add_articles(pages: DeskPages, services: Services, desk: Desk) -> None:
    """The routes under ``/desk/articles``."""

    @pages.page("/articles", role="editor")
    def articles() -> AnyResponse | str:
        text, trouble = request.args.get("q", ""), ""
        found = Found((), named=False)
        try:
            found = facts.find(services, desk, text)
        except (IndexFailure, Overloaded):
            trouble = "现在搜不了：索引暂时不可用，或者搜索的人太多。按编号和网址还找得到。"
        if found.named and len(found.articles) == 1:
            return redirect(url_for("desk.article", id=found.articles[0].id), 303)
        return render_template(
            "desk/articles.html",
            text=text,
            found=found.articles,
            trouble=trouble,
            status_names=STATUS_NAMES,
        )

    @pages.page("/articles/article", role="editor")
    def article() -> str:
        found, revision = _stored(request.args.get("id", ""))
        shown = content_of(in_zone(found, services.timezone))
        return render_template(
            "desk/article.html",
            article=found,
            fields=[(name, shown[key]) for key, name in FIELD_NAMES.items() if key in shown],
            revision=revision,
            status_names=STATUS_NAMES,
            changes=_possible(found.status),
            change_texts=CHANGES,
            **_standing(found.id, revision),
        )

    @pages.fragment("/articles/now", role="editor")
    def article_now() -> str:
        return render_template(
            "desk/article_now.html", **_standing(request.args.get("id", ""), _revision())
        )

    @pages.page("/articles/gone", role="editor")
    def article_gone() -> str:
        """The page of an article that was deleted."""
        article_id, revision = request.args.get("id", ""), _revision()
        return render_template(
            "desk/article_gone.html",
            article_id=article_id,
            revision=revision,
            **_standing(article_id, revision),
        )

    @pages.page("/articles/confirm", role="editor")
    def confirm_article() -> str:
        found, revision = _stored(request.args.get("id", ""))
        what = _change(request.args.get("do", ""))
        text = CHANGES[what]
        return render_template(
            "desk/confirm.html",
            title=f"{text.name}“{found.title or found.id}”？",
            text=text.means,
            action=url_for("desk.change_article"),
            button=text.name,
            fields={"id": found.id, "do": what, "revision": revision},
            back=url_for("desk.article", id=found.id),
        )

    @pages.action("/articles/change", role="editor")
    def change_article() -> AnyResponse:
        given = form()
        article_id, what = given.get("id", ""), _change(given.get("do", ""))
        try:
            done = facts.change(desk, session(), what, article_id, revision=_revision())
        except ArticleNotFound as error:
            raise _unknown() from error
        except ConditionFailed as error:
            raise Refused(
                409, "文章刚刚变过", "有人在这期间改了它。请重新打开文章，看过再决定。"
            ) from error
        desk.tell(session(), CHANGES[what].done)
        if what == "delete":
            gone = url_for("desk.article_gone", id=article_id, revision=done.revision)
            return redirect(gone, 303)
        return redirect(url_for("desk.article", id=article_id), 303)

    def _stored(article_id: str) -> tuple[Article, int]:
        try:
            return facts.stored(desk, article_id)
        except ArticleNotFound as error:
            raise _unknown() from error

    def _standing(article_id: str, revision: int) -> dict[str, object]:
        return {"standing": facts.standing(services, article_id, revision)}


def _possible(status: Status) -> list[Change]:
    """What can be done with an article of this status."""
    if status == "withdrawn":
        return ["publish", "delete"]
    return ["withdraw", "delete"]


def _change(text: str) -> Change:
    what = next((each for each in CHANGES if each == text), None)
    if what is None:
        raise Refused(400, "没有这种操作", "请回到文章的页面再选一次。")
    return what


def _revision() -> int:
    """The revision that the address or the form names; 0 if it names none."""
    text = (form() if request.method == "POST" else request.args).get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _unknown() -> Refused:
    return Refused(404, "没有这篇文章", "它可能已经删除，或者编号写错了。")

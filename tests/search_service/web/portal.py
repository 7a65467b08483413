"""A small portal for the web tests: invented articles, a real index of them, and a client that asks over HTTP."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.article import Article
from search_service.settings import Links, SearchSettings
from search_service.web.factory import create_app
from tests.factories import article
from tests.search_service.indexes import services

SCRIPT = '<script>alert("x")</script>'

STORY = article(
    "story-1",
    url="https://portal.example/story-1.html",
    title="云溪小学的板凳会：凳子搬到哪儿，事就议到哪儿",
    body="清晨，孩子们沿着石板路走进云溪小学。\n村里的事就在操场边的板凳会上商量。\n散会时天已经黑了。",
    lead="一所山村小学和一场露天的会。",
    channel="情感/故事",
    channels=["乡村"],
    source="青川日报",
    author="覃望舒",
    editor="鲁一鸣",
    tags=["板凳会", "云溪"],
    published_at="2026-02-01T08:30:00+08:00",
    updated_at="2026-02-02T09:00:00+08:00",
    attributes={"section": 3},
)

HOSTILE = article(
    "hostile-1",
    title=f"标题里有标签{SCRIPT}",
    body=f'云溪的正文里也有标签{SCRIPT}，还有 & 和 " 号。',
    lead=f"导语{SCRIPT}",
    channel=f"频道{SCRIPT.replace('/', '')}",
    source=f"来源{SCRIPT}",
    author=f"作者{SCRIPT}",
    editor=f"编辑{SCRIPT}",
    tags=[f"标签{SCRIPT}"],
    published_at="2026-01-15T08:00:00+08:00",
)

HIDDEN = (
    article("draft-1", title="云溪草稿", status="draft"),
    article("withdrawn-1", title="云溪撤稿", status="withdrawn"),
    article("future-1", title="云溪预告", published_at="2026-03-02T08:00:00+08:00"),
    article("expired-1", title="云溪过期", expires_at="2026-02-20T08:00:00+08:00"),
)

UNTITLED = article("untitled-1", title="", body="只有正文的一条云溪短讯。", channel="快讯")


def numbered(count: int = 24) -> list[Article]:
    """Articles about one thing, of two channels and two sources, a day apart in two months."""
    return [
        article(
            f"n-{number:02}",
            title=f"云溪水库观察之{number}",
            body=f"第{number}天，云溪水库的水位又降了一指。",
            channel="时政/地方" if number % 3 else "社会",
            source="澜东日报" if number % 2 else "青川日报",
            published_at=f"2026-01-{number + 1:02}" if number % 4 else f"2025-12-{number + 1:02}",
        )
        for number in range(count)
    ]


def all_articles() -> list[Article]:
    """Every article of the portal."""
    return [STORY, HOSTILE, UNTITLED, *HIDDEN, *numbered()]


@dataclass
class Portal:
    """The portal under test; ``root`` is its index folder."""

    root: Path
    client: FlaskClient

    def get(self, path: str, /, **query: str) -> TestResponse:
        """Ask for a path, with a query string made of ``query``; a trailing underscore of a name is dropped."""
        pairs = {name.rstrip("_"): value for name, value in query.items()}
        return self.client.get(path, query_string=urlencode(pairs) or None)

    def json(self, path: str, /, **query: str) -> Any:
        """The body of a good answer."""
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        assert response.content_type == "application/json"
        return response.json

    def problem(self, path: str, /, **query: str) -> Any:
        """The body of an error, whose members are checked."""
        return as_problem(self.get(path, **query))


def as_problem(response: TestResponse) -> Any:
    """The body of an error, checked for what every problem has."""
    assert response.content_type == "application/problem+json", response.text
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json(force=True)
    assert body["status"] == response.status_code
    assert body["type"] == f"/docs/errors#{body['code']}"
    assert body["title"]
    assert body["detail"]
    return body


def open_portal(
    root: Path, articles: Iterable[Article], *, engine: str = "whoosh", links: Links = "portal"
) -> Portal:
    """Index ``articles`` in ``root`` and serve them to a test client."""
    app = create_app(services(root, articles, engine=engine), SearchSettings(links=links))
    return Portal(root, app.test_client())


def visible_text(page: str) -> str:
    """What a reader sees of a page, roughly: no tags, white space collapsed. Places where a line may end are no text."""
    page = page.replace("<wbr>", "")
    body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())

"""The page that the service was made for: a real article of a portal among real articles, with the lists around it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.factories import article
from tests.search_service.indexes import SHANGHAI, live_index, promote
from tests.search_service.web.portal import visible_text

ARTICLES = 1_000
"""Enough that six of them are related to most articles, and few enough to index them in seconds."""
NOW = datetime(2024, 1, 10, tzinfo=UTC)

Read = dict[str, str]


@pytest.fixture(scope="module")
def page(corpus_dir: Path) -> Read:
    """The parts of the saved page: where it stands, its title, its source, its text and who sent it."""
    text = (corpus_dir.parent / "page" / "portal_article.txt").read_text(encoding="utf-8")
    lines = [" ".join(each.split()) for each in text.splitlines() if each.strip()]
    place, facts = (
        next(number for number, each in enumerate(lines) if each.startswith(start))
        for start in ("当前位置:", "日期:")
    )
    *_, channel, story = (each.strip() for each in lines[place].rstrip("> ").split(">"))
    source, editor = re.findall(r"(?:来源|编辑):(\S*?)(?=收集|$)", lines[facts])
    body = "\n".join(lines[facts + 1 : lines.index("相关阅读")])
    contributor = re.search(r"\(供稿人:(.+?)\)$", body)
    assert contributor
    return {
        "title": lines[place + 1],
        "channel": f"{channel}/{story}",
        "source": source,
        "editor": editor,
        "author": contributor[1],
        "body": body,
    }


@pytest.fixture(scope="module")
def client(
    corpus_dir: Path, page: Read, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FlaskClient]:
    here = article("here", published_at="2023-11-24", **page)
    root = tmp_path_factory.mktemp("portal")
    promote(root, [here, *_real(corpus_dir / "articles" / "news_portal.jsonl.gz")], engine="whoosh")
    made = Services(live_index(root), SHANGHAI, lambda: NOW)
    yield create_app(made, SearchSettings()).test_client()
    made.close()


def _real(file: Path) -> Iterator[Any]:
    with gzip.open(file, "rb") as lines:
        for line in islice(lines, ARTICLES):
            record = orjson.loads(line)
            yield article(record.pop("id"), **record)


def test_the_page_of_a_portal_is_served_whole(client: FlaskClient, page: Read) -> None:
    served = client.get("/articles/here")
    assert served.status_code == 200
    text = visible_text(served.text)
    for part in page["channel"].split("/"):
        assert f">{part}</a>" in served.text
    assert f"<h1>{page['title']}</h1>" in served.text.replace("<wbr>", "")
    shown = ("日期： 2023-11-24", f"来源： {page['source']}", f"作者： {page['author']}")
    for each in (*shown, f"编辑：{page['editor']}"):
        assert each in text
    for paragraph in page["body"].split("\n"):
        assert f"<p>{paragraph}</p>" in served.text
    assert text.index("相关阅读") < text.index("热门文章") < text.index("最新文章")


def test_its_lists_come_in_one_call(client: FlaskClient) -> None:
    lists: Any = client.get("/api/v1/articles/here/blocks?related=6&hot=10&latest=8").json
    assert [len(lists[name]) for name in ("related", "hot", "latest")] == [6, 10, 8]
    listed = [each for name in ("related", "hot", "latest") for each in lists[name]]
    assert len({each["id"] for each in listed} - {"here"}) == 24
    served = client.get("/articles/here").text
    for each in listed:
        assert f'href="{each["url"] or "/articles/" + each["id"]}"' in served
    assert {each["step"] for each in lists["related"]} == {"terms"}
    for each in (*lists["related"], *lists["latest"]):
        assert 20 <= len(each["lead"]) <= 100
        assert not re.match(r"\S{2,12}\d{1,2}月\d{1,2}日电", each["lead"])
    for each in lists["related"]:
        assert each["reasons"][0].startswith("共同关键词")

"""What the head of an article's page tells crawlers and apps."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from indexer.article import Article
from tests.factories import article
from tests.search_service.web.portal import open_portal

TITLE = 'a</script><script>alert("x")</script>&<!--'


def head(tmp_path: Path, one: Article) -> tuple[dict[str, str], Any]:
    """The properties of a page's head, with its canonical link, and its data."""
    text = open_portal(tmp_path, [one], engine="memory").get(f"/articles/{one.id}").text
    told = dict(re.findall(r'<meta property="([^"]+)" content="([^"]*)">', text))
    told |= dict(re.findall(r'<link rel="(canonical)" href="([^"]*)">', text))
    data = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, flags=re.DOTALL)
    assert len(data) == 1
    return told, json.loads(data[0])


def test_an_article_of_the_portal_has_its_one_address_there(tmp_path: Path) -> None:
    told, data = head(
        tmp_path,
        article(
            "a-1",
            url="https://portal.example/a-1.html",
            title="渡口的灯",
            lead="灯亮了一夜。",
            source="青川日报",
            author="陈立、王珂",
            editor="鲁一鸣",
            channel="情感/故事",
            tags=["水乡"],
            image_url="https://portal.example/a-1.jpg",
            published_at="2026-02-01T08:30:00+08:00",
            updated_at="2026-02-02T09:00:00+08:00",
        ),
    )
    assert told["canonical"] == told["og:url"] == data["url"] == "https://portal.example/a-1.html"
    assert data["mainEntityOfPage"]["@id"] == told["canonical"]
    assert (told["og:type"], told["og:title"]) == ("article", "渡口的灯")
    assert (told["og:site_name"], told["og:description"]) == ("搜索", "灯亮了一夜。")
    assert told["og:image"] == "https://portal.example/a-1.jpg"
    assert told["article:published_time"] == "2026-02-01T08:30:00+08:00"
    assert (data["@context"], data["@type"]) == ("https://schema.org", "NewsArticle")
    assert data["headline"] == "渡口的灯"
    assert data["datePublished"] == "2026-02-01T08:30:00+08:00"
    assert data["dateModified"] == "2026-02-02T09:00:00+08:00"
    assert [each["name"] for each in data["author"]] == ["陈立", "王珂"]
    assert data["publisher"] == {"@type": "Organization", "name": "搜索"}
    assert data["image"] == ["https://portal.example/a-1.jpg"]
    assert data["articleSection"] == ["情感", "故事"]


def test_an_article_without_an_address_has_that_of_its_page(tmp_path: Path) -> None:
    told, data = head(tmp_path, article("a-1", url="", title="短讯", image_url=""))
    assert told["canonical"] == data["url"] == "http://localhost/articles/a-1"
    assert "og:image" not in told
    assert "image" not in data


def test_an_address_without_a_host_gets_that_of_the_request(tmp_path: Path) -> None:
    told, _ = head(tmp_path, article("a-1", url="/news/a-1.html"))
    assert told["canonical"] == "http://localhost/news/a-1.html"


def test_no_title_ends_the_data(tmp_path: Path) -> None:
    _, data = head(tmp_path, article("a-1", title=TITLE))
    assert data["headline"] == TITLE

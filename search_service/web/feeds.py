"""Feeds of the latest and hot articles and of a search, for feed readers and other programs of the portal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from flask import Response, request, url_for
from flask_openapi3.models.tag import Tag
from pydantic import Field
from werkzeug.urls import iri_to_uri

from indexer.article import Article
from indexer.query import Sort
from search_service.answering.search import MAX_SIZE
from search_service.excerpts.leads import lead
from search_service.live.index import IndexState
from search_service.services import Services
from search_service.web.addresses import article_link, article_url, name_of, search_link
from search_service.web.caching import keep_nowhere
from search_service.web.feed_xml import WRITERS, Entry, Feed, Format
from search_service.web.list_params import ChannelParameters, Window
from search_service.web.narrowing import search_url
from search_service.web.params import Parameters, check_query_string
from search_service.web.responses import SEARCHING, described
from search_service.web.routes import Routes
from search_service.web.search_params import QuestionParameters
from search_service.web.surrogates import show_articles
from search_service.web.values import Number

TAGS: Final = [Tag(name="feeds", description="Lists of articles as Atom or RSS.")]

FEED_SIZE: Final = 20
"""Entries of a feed by default. A reader who asks once an hour misses none of a portal that publishes 20 articles an hour."""

UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When an article without any time was updated. Atom demands a time, and one that changes would make the article new again."""


class _FeedParameters(Parameters):
    size: Number = Field(FEED_SIZE, ge=1, le=MAX_SIZE, description="Entries at most.")
    format: Format = Field("atom", description="atom: Atom (RFC 4287). rss: RSS 2.0.")


class LatestFeed(_FeedParameters, ChannelParameters):
    """What ``/feeds/latest.xml`` takes."""


class HotFeed(_FeedParameters, ChannelParameters):
    """What ``/feeds/hot.xml`` takes."""

    window: Window = "day"


class SearchFeed(_FeedParameters, QuestionParameters):
    """What ``/feeds/search.xml`` takes."""

    sort: Sort = Field("newest", description="Order of the articles, as in a search.")


def feeds_blueprint(services: Services, site_name: str) -> Routes:
    """The routes under ``/feeds/``."""
    blueprint = Routes("feeds", __name__, url_prefix="/feeds", abp_tags=TAGS)

    @blueprint.before_request
    def check() -> None:
        check_query_string()

    @blueprint.get(
        "/latest.xml",
        operation_id="latest_feed",
        summary="The latest articles (最新文章) as a feed",
        responses=_described(),
    )
    def latest(query: LatestFeed) -> Response:
        answer = services.latest(channel=query.channel, size=query.size)
        return of_channel(query, "最新文章", (each.article for each in answer.items), answer.index)

    @blueprint.get(
        "/hot.xml",
        operation_id="hot_feed",
        summary="Hot articles (热门文章) as a feed",
        responses=_described(),
    )
    def hot(query: HotFeed) -> Response:
        answer = services.hot(window=query.window, channel=query.channel, size=query.size)
        return of_channel(query, "热门文章", (each.article for each in answer.items), answer.index)

    @blueprint.get(
        "/search.xml",
        operation_id="search_feed",
        summary="A search as a feed",
        description="Not logged: feed readers ask again and again.",
        responses=_described(),
    )
    def search(query: SearchFeed) -> Response:
        answer = services.search(replace(query.question(), size=query.size))
        if not answer.complete:
            keep_nowhere()
        title = _titled("搜索", query.q.strip() or "全部文章")
        page = urljoin(request.url, search_url(query, sort=query.sort))
        return feed(query, title, page, (each.article for each in answer.hits), answer.index)

    def of_channel(
        query: LatestFeed | HotFeed, name: str, articles: Iterable[Article], index: IndexState
    ) -> Response:
        page = _page_of(query.channel)
        return feed(query, _titled(name, query.channel), page, articles, index)

    def feed(
        query: _FeedParameters,
        title: str,
        page: str,
        articles: Iterable[Article],
        index: IndexState,
    ) -> Response:
        entries = [_entry(each, services.timezone) for each in articles]
        itself = iri_to_uri(request.url)
        made = Feed(
            id=_urn(itself),
            itself=itself,
            page=page,
            title=f"{title} - {site_name}",
            site=site_name,
            updated=max(
                (each.updated for each in entries),
                default=index.as_of.astimezone(services.timezone),
            ),
            entries=entries,
        )
        return Response(
            WRITERS[query.format](made),
            content_type=f"application/{query.format}+xml; charset=utf-8",
        )

    return blueprint


def _entry(article: Article, zone: ZoneInfo) -> Entry:
    show_articles([article.id])
    times = [each for each in (article.published_at, article.updated_at) if each]
    published = article.published_at
    return Entry(
        id=_urn(article_url(article.id, whole=True)),
        link=article_link(article, anywhere=True),
        title=name_of(article),
        summary=lead(article),
        author=article.author or article.source,
        source=article.source,
        categories=tuple(dict.fromkeys(filter(None, (article.channel, *article.tags)))),
        published=published.astimezone(zone) if published else None,
        updated=max(times, default=UNDATED).astimezone(zone),
    )


def _urn(url: str) -> str:
    """An id of what this address leads to. It does not depend on the scheme, or on where the article itself stands."""
    parts = urlsplit(url)
    return uuid5(NAMESPACE_URL, parts._replace(scheme="").geturl()).urn


def _titled(name: str, of: str | None) -> str:
    return f"{name}：{of}" if of else name


def _page_of(channel: str | None) -> str:
    """The page that lists the articles of a channel, or else the front page."""
    if channel:
        return search_link(channel=channel, whole=True)
    return url_for("pages.home", _external=True)


def _described() -> dict[str | int, Any]:
    schema = {"schema": {"type": "string"}}
    content = {"application/atom+xml": schema, "application/rss+xml": schema}
    feed = {"description": "A feed", "content": content}
    return described(feed, "invalid_parameter", *SEARCHING)

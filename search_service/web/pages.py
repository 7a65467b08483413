"""The pages for readers: search, articles, errors. They work without JavaScript."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Final, TypeVar

from flask import Blueprint, Flask, Response, render_template, request, url_for

from indexer.errors import Overloaded
from indexer.query import FACET_FIELDS
from search_service.answering.search import Question, Understood
from search_service.blocks.portal import Sizes
from search_service.excerpts.leads import lead
from search_service.querylog.lists import WINDOWS
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.web import narrowing
from search_service.web.addresses import (
    article_link,
    name_of,
    search_link,
    shown_picture,
    title_link,
    view_url,
)
from search_service.web.answers import breadcrumb, in_zone
from search_service.web.breaks import Breaks
from search_service.web.caching import except_from_etag, keep_nowhere
from search_service.web.errors import Problem
from search_service.web.heads import canonical_url, news_article, picture_url
from search_service.web.marks import marked_html
from search_service.web.page_params import read_search_page
from search_service.web.params import read_page_id
from search_service.web.surrogates import show_articles
from search_service.web.times import exact_time, told_time
from search_service.web.visits import note_search

STATIC: Final = Path(__file__).parent / "static"

HOME_LATEST: Final = 12
HOME_CHANNELS: Final = 10
"""Channels that the front page shows at once. The others, up to MAX_CHANNELS, open."""
MAX_CHANNELS: Final = 100
ARTICLE_BLOCKS: Final = Sizes(related=6, hot=10, latest=8)
NOTHING_FOUND_LATEST: Final = 6
HOT_QUERIES: Final = 10
RELATED_QUERIES: Final = 8

_Item = TypeVar("_Item")

RUNG_SENTENCES: Final = {
    "inside": (
        "没有以整词出现的结果，下面是字面上含有这些字的文章。",
        "以整词出现的文章只有 {} 篇，其余是字面上含有这些字的文章。",
    ),
    "most": (
        "没有文章同时含有全部词语，下面是含有其中大部分的文章。",
        "含有全部词语的文章只有 {} 篇，其余含有其中大部分词语。",
    ),
    "any": (
        "没有文章同时含有这些词语，下面是含有其中任意一个的文章。",
        "更符合的文章只有 {} 篇，其余只含有其中一些词语。",
    ),
    "unquoted": (
        "没有文章原样含有引号里的文字，下面是含有其中词语的文章。",
        "原样含有引号里的文字的文章只有 {} 篇，其余含有其中的词语。",
    ),
}
"""For each looser rung, two sentences: stricter rungs found nothing; stricter rungs found too few."""


def rung_sentence(understood: Understood) -> str:
    """How the search was relaxed, as a sentence for the reader. Empty if it was not."""
    if understood.rung not in RUNG_SENTENCES:
        return ""
    nothing, too_few = RUNG_SENTENCES[understood.rung]
    return too_few.format(understood.stricter) if understood.stricter else nothing


def pages_blueprint(services: Services, site_name: str) -> Blueprint:
    """The routes ``/``, ``/search``, ``/articles/<id>`` and ``/articles?id=``."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/")
    def home() -> str:
        everything = services.search(
            Question(collapse="none", size=1, facets=("channel",), facet_size=MAX_CHANNELS)
        )
        if not everything.complete:
            keep_nowhere()
        latest = services.latest(size=HOME_LATEST)
        show_articles(item.article.id for item in latest.items)
        return render_template(
            "home.html",
            total=everything.total,
            channels=[each for each in everything.facets["channel"] if "/" not in each.value],
            shown_channels=HOME_CHANNELS,
            latest=latest,
            hot=_unless_busy(lambda: services.hot_queries(*WINDOWS, size=HOT_QUERIES)),
        )

    @blueprint.get("/search")
    def search() -> str:
        asked, remarks = read_search_page()
        question = replace(asked.question(), facets=FACET_FIELDS, facet_size=narrowing.FACET_SIZE)
        answer = services.search(question)
        query_id = note_search(services.query_log, answer, asked.log)
        except_from_etag(query_id or "")
        if not answer.complete:
            keep_nowhere()
        latest = None if answer.hits else services.latest(size=NOTHING_FOUND_LATEST)
        show_articles(each.article.id for each in (latest.items if latest else answer.hits))
        return render_template(
            "search.html",
            asked=asked,
            answer=answer,
            remarks=remarks,
            rung_sentence=rung_sentence(answer.understood) if answer.hits else "",
            correction=narrowing.correction_links(asked, answer),
            sorts=narrowing.sort_links(
                asked, viewed=services.query_log.lists.popularity is not None
            ),
            filters=narrowing.filter_links(asked),
            unfiltered=search_link(q=asked.q),
            times=narrowing.time_links(asked),
            facets=narrowing.facet_links(asked, answer.facets, answer.total),
            pages=narrowing.page_links(asked, answer),
            duplicates=narrowing.duplicate_links(asked, answer),
            uncollapsed=narrowing.search_url(asked, collapse="none"),
            canonical=narrowing.search_url(asked),
            feed=narrowing.feed_url(asked),
            query_id=query_id,
            related=_unless_busy(lambda: services.related_queries(asked.q, size=RELATED_QUERIES)),
            latest=latest,
            hot=()
            if answer.hits
            else _unless_busy(lambda: services.hot_queries(*WINDOWS, size=HOT_QUERIES)),
        )

    @blueprint.get("/articles/<path:article_id>")
    @blueprint.get("/articles")
    def article(article_id: str | None = None) -> str:
        named = read_page_id() if article_id is None else article_id
        blocks = services.blocks(named, ARTICLE_BLOCKS)
        if blocks.stale:
            keep_nowhere()
        found = blocks.article
        show_articles([found.id, *(each.article.id for each in blocks.listed)])
        return render_template(
            "article.html",
            article=found,
            lead=lead(found),
            canonical=canonical_url(found),
            picture=picture_url(found),
            structured=news_article(
                in_zone(found, services.timezone), lead=lead(found), site_name=site_name
            ),
            breadcrumb=breadcrumb(found.channel),
            blocks=blocks,
            view_url="" if services.query_log.health().state == "off" else view_url(found.id),
        )

    return blueprint


def _unless_busy(ask: Callable[[], tuple[_Item, ...]]) -> tuple[_Item, ...]:
    """A list of queries. While too many requests wait, the page is shown without it, and kept by nobody."""
    try:
        return ask()
    except Overloaded:
        keep_nowhere()
        return ()


def error_page(problem: Problem) -> str:
    """A problem as a page with a link to go on. Needs no index."""
    return render_template("error.html", problem=problem)


def register_templates(app: Flask, settings: SearchSettings, services: Services) -> None:
    """Give the templates of ``app`` the site's name, and filters for times and titles."""
    zone = services.timezone

    def day(time: datetime) -> str:
        return time.astimezone(zone).strftime("%Y-%m-%d")

    def minute(time: datetime) -> str:
        return exact_time(time, zone)

    def when(time: datetime) -> str:
        return told_time(time, services.clock(), zone)

    def iso(time: datetime) -> str:
        return time.astimezone(zone).isoformat()

    app.jinja_env.filters.update(
        day=day,
        minute=minute,
        when=when,
        iso=iso,
        marked=marked_html,
        breakable=Breaks(services.live.analyzer).breakable,
        name=name_of,
        picture=shown_picture,
    )
    app.jinja_env.globals.update(
        site_name=settings.site_name,
        article_link=article_link,
        search_link=search_link,
        links=settings.links,
        title_link=partial(title_link, links=settings.links),
        static_url=static_url,
    )
    app.after_request(_keep_for_ever)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def static_url(name: str, *, whole: bool = False) -> str:
    """The address of a static file, ``whole`` with scheme and host. It changes with the content of the file. Caches may therefore keep the file for long."""
    return url_for("static", filename=name, v=content_version(name), _external=whole)


@lru_cache(maxsize=64)  # more than there are files: a name can be written in several ways
def content_version(name: str) -> str:
    """The version of a static file: 12 hex digits that change with its content."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _keep_for_ever(response: Response) -> Response:
    """Let caches keep an answer for ever if its address holds the version of the present content."""
    if request.endpoint == "static" and response.status_code in (200, 304):
        name = (request.view_args or {})["filename"]
        if request.args.get("v") == content_version(name):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response

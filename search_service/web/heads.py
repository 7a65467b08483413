"""What the head of an article's page tells crawlers and apps: its one address, and the article as data of schema.org."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urljoin

import orjson
from flask import request
from markupsafe import Markup

from indexer.article import Article
from search_service.web.addresses import article_url, name_of

_BETWEEN_NAMES: Final = re.compile(r"[、，,;；/]|\s{2,}")
_ESCAPES: Final = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)
"""What could end a script element, or a line of a script, in text that stands in one."""


def canonical_url(article: Article) -> str:
    """The one address of an article, with scheme and host: its own, else that of its page here.

    An own address without a host is one of the portal, which then has the host that the reader asked.
    """
    if article.url:
        return urljoin(request.host_url, article.url)
    return article_url(article.id, whole=True)


def picture_url(article: Article) -> str:
    """The address of an article's picture, with scheme and host; empty if there is none."""
    return urljoin(canonical_url(article), article.image_url) if article.image_url else ""


def news_article(article: Article, *, lead: str, site_name: str) -> Markup:
    """The article as a NewsArticle in JSON-LD, safe inside of a ``script`` element. What is not known is left out.

    The publisher is the site, since it is the portal that publishes; ``source`` is who the text comes from.
    """
    address, published, changed = (
        canonical_url(article),
        article.published_at,
        article.updated_at or article.published_at,
    )
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": {"@type": "WebPage", "@id": address},
        "url": address,
        "headline": name_of(article),
        "description": lead,
        "image": [picture_url(article)] if article.image_url else None,
        "datePublished": published.isoformat() if published else None,
        "dateModified": changed.isoformat() if changed else None,
        "author": [{"@type": "Person", "name": name} for name in _names(article.author)]
        or ([_organization(article.source)] if article.source else None),
        "editor": [{"@type": "Person", "name": name} for name in _names(article.editor)],
        "publisher": _organization(article.site or site_name),
        "sourceOrganization": _organization(article.source) if article.source else None,
        "articleSection": article.channel.split("/") if article.channel else None,
        "keywords": list(article.tags),
        "inLanguage": "zh-CN",
    }
    text = orjson.dumps({name: value for name, value in told.items() if value}).decode()
    return Markup(text.translate(_ESCAPES))


def _names(text: str) -> list[str]:
    """The people that a line of names holds."""
    return [name for each in _BETWEEN_NAMES.split(text) if (name := each.strip())]


def _organization(name: str) -> dict[str, str]:
    return {"@type": "Organization", "name": name}

"""Links to articles and to searches: which form an address takes, where it leads, and its text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, urljoin

from flask import url_for

from indexer.article import Article
from search_service.excerpts.snippets import Marked
from search_service.settings import Links

PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._~-]{1,128}")
"""Ids that stand in a path as they are (the unreserved characters of RFC 3986, section 2.3). Nothing on the way changes them."""

MAX_FRAGMENTS: Final = 4
MAX_FRAGMENT_TEXT: Final = 40
"""Limits of a text fragment: how many texts it names, and the characters of each. Single characters would mark half the page."""

PLAIN_PARAMETERS: Final = frozenset(("q", "page", "sort"))
"""The parameters of the search page that have the names of the API."""
FILTER_PREFIX: Final = "f."
"""What the names of all other parameters of the search page begin with.

Apps and portals add from, source, channel, tag, time and others to the links that they pass on. The page must not take theirs for its own.
"""


def page_parameter(name: str) -> str:
    """The name that a parameter of the API has on the search page."""
    return name if name in PLAIN_PARAMETERS else FILTER_PREFIX + name


def search_link(*, whole: bool = False, **asked: object) -> str:
    """The address of the search page that asks for this, by the parameters of the API. None and empty ones are left out.

    ``whole``: with scheme and host, for links that stand on pages of others.
    """
    named: dict[str, object] = {page_parameter(each): value for each, value in asked.items()}
    return url_for("pages.search", _external=whole, **named)  # type: ignore[arg-type]


def article_url(article_id: str, *, whole: bool = False) -> str:
    """The address of an article's page: ``/articles/ID`` for a plain id, ``/articles?id=ID`` for any other.

    ``whole``: with scheme and host, for links that stand on pages of others.

    Proxies and clients decode, merge or resolve the slashes, dots and percent signs of a path, but never those of a query string.
    """
    if PLAIN_ID.fullmatch(article_id):
        return url_for("pages.article", article_id=article_id, _external=whole)
    return url_for("pages.article", id=article_id, _external=whole)


def article_link(article: Article, *, anywhere: bool) -> str:
    """Where a link on a page of the portal leads: to the article's own address, else to its page here, with scheme and host.

    An address without a host is one of the portal. It is good on its pages only, so ``anywhere`` leads to the page here instead.
    """
    if article.url and not (anywhere and article.url.startswith("/")):
        return article.url
    return article_url(article.id, whole=True)


def title_link(article: Article, links: Links, found: Iterable[Marked] = ()) -> str:
    """Where the title of an article on a page of the service leads: see the setting SEARCH_LINKS.

    ``found`` are the marked texts of a hit. An address without a host is one of the portal's pages. The service may stand on
    another host, where it would lead nowhere, so it counts as none.
    """
    if links == "preview" or not article.url.lower().startswith(("http://", "https://")):
        return article_url(article.id)
    return article.url + text_fragment(article.url, found) if links == "marked" else article.url


def text_fragment(url: str, found: Iterable[Marked]) -> str:
    """The end of a link that has the browser mark what ``found`` marks, and scroll there. Empty if nothing is marked.

    See https://wicg.github.io/scroll-to-text-fragment/. A dash, a comma and an ampersand mean something in it.
    """
    texts = (each.text[start:end] for each in found for start, end in each.marks)
    wanted = [each for each in dict.fromkeys(texts) if 1 < len(each) <= MAX_FRAGMENT_TEXT]
    if not wanted:
        return ""
    directives = "&".join(
        "text=" + quote(each, safe="").replace("-", "%2D") for each in wanted[:MAX_FRAGMENTS]
    )
    return f"{'' if '#' in url else '#'}:~:{directives}"


def shown_picture(article: Article) -> str:
    """The address of an article's picture for a page of the service; empty if there is none that the page may load.

    It loads pictures over HTTPS only (see the Content-Security-Policy). An address without a host is one of the host that
    the article's own address names.
    """
    address = urljoin(article.url, article.image_url) if article.image_url else ""
    return address if address.lower().startswith("https://") else ""


def view_url(article_id: str) -> str:
    """The address that takes the views of an article, in one of the same two forms."""
    if PLAIN_ID.fullmatch(article_id):
        return url_for("queries.view", article_id=article_id)
    return url_for("queries.view_by_id", id=article_id)


def name_of(article: Article) -> str:
    """The name of an article: its title, or a text to click on if it has none."""
    return article.title or "（无题）"

"""The addresses of articles: which of the two forms a link takes."""

from __future__ import annotations

import re
from typing import Final

from flask import url_for

PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._~-]{1,128}")
"""Ids that stand in a path as they are (the unreserved characters of RFC 3986, section 2.3). Nothing on the way changes them."""


def article_url(article_id: str) -> str:
    """The address of an article's page: ``/articles/ID`` for a plain id, ``/articles?id=ID`` for any other.

    Proxies and clients decode, merge or resolve the slashes, dots and percent signs of a path, but never those of a query string.
    """
    if PLAIN_ID.fullmatch(article_id):
        return url_for("pages.article", article_id=article_id)
    return url_for("pages.article", id=article_id)


def view_url(article_id: str) -> str:
    """The address that takes the views of an article, in one of the same two forms."""
    if PLAIN_ID.fullmatch(article_id):
        return url_for("queries.view", article_id=article_id)
    return url_for("queries.view_by_id", id=article_id)

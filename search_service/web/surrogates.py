"""Surrogate-Key: which articles an answer shows. A cache can then purge all answers that show a changed article."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from flask import Flask, Response, g

from search_service.web.addresses import PLAIN_ID

HEADER: Final = "Surrogate-Key"
"""The header that Fastly and most other caches read. Keys are parted by blanks."""


def surrogate_keys(ids: Iterable[str]) -> str:
    """The keys of these articles, each once: ``article/ID`` for a plain id, ``article/sha256-`` and 32 hex digits for any other.

    A key has at most 136 bytes. No answer shows more than 100 articles, so the header has at most 13,699 bytes.
    """
    return " ".join(f"article/{_name(each)}" for each in dict.fromkeys(ids))


def _name(article_id: str) -> str:
    if PLAIN_ID.fullmatch(article_id):
        return article_id
    return f"sha256-{hashlib.sha256(article_id.encode()).hexdigest()[:32]}"


def show_articles(ids: Iterable[str]) -> None:
    """Note that the answer to this request shows these articles."""
    g.setdefault("shown", {}).update(dict.fromkeys(ids))


def register_surrogates(app: Flask) -> None:
    """Give every answer of ``app`` that shows articles their keys. Errors show none."""

    @app.after_request
    def add_header(response: Response) -> Response:
        if response.status_code < 400 and g.get("shown"):
            response.headers[HEADER] = surrogate_keys(g.shown)
        return response

"""A request's body that is one article as JSON: the fields that PUT takes."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from flask_openapi3.models import RawModel
from werkzeug.exceptions import RequestEntityTooLarge

from indexer.article import Article
from indexer.errors import InvalidArticle
from indexer.fields import read_article
from indexer.lines import MAX_LINE_BYTES, parse_record
from indexer.reading import Reading
from indexer.records import Record, Rejection
from search_service.web.errors import problem

_NAMELESS = "draft"


class ArticleBody(RawModel):
    """One article as JSON."""

    mimetypes = ["application/json"]  # noqa: RUF012 (declared so by the base class)


def read_record(body: RawModel) -> Record:
    """The record that a body holds.

    Raises:
        Problem: invalid_article.
        RequestEntityTooLarge: it has more than MAX_LINE_BYTES.
    """
    body.max_content_length = MAX_LINE_BYTES + 1  # werkzeug cuts a longer body in chunks off here
    data = body.get_data()
    if len(data) > MAX_LINE_BYTES:
        raise RequestEntityTooLarge
    parsed = parse_record(data, "body")
    if isinstance(parsed, Rejection):
        raise problem("invalid_article", parsed.why)
    return parsed


def read_draft(body: RawModel, timezone: ZoneInfo) -> Article:
    """The article that a body holds, without values that cannot be used. Without an id its id is empty.

    Raises: see :func:`read_record`.
    """
    values = read_record(body).values
    named = values.get("id") not in (None, "")
    try:
        reading = Reading(timezone=timezone)
        article = read_article(values if named else {**values, "id": _NAMELESS}, reading).article
    except InvalidArticle as error:
        raise problem("invalid_article", str(error)) from error
    return article if named else replace(article, id="")

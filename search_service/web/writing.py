"""The JSON API of writing: put, withdraw and delete articles, one by one or as a stream. Part of version 1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO, Final, cast

import orjson
from flask import Response, request
from flask_openapi3.models import RawModel
from flask_openapi3.models.tag import Tag
from werkzeug.exceptions import ClientDisconnected, RequestTimeout

from indexer.article import MAX_SHOWN, check_id, content_of
from indexer.errors import ArticleNotFound, InvalidArticle, SourceUnreadable, StoreUnavailable
from indexer.ingest import Ingest, IngestReport, Outcome
from indexer.lines import read_lines
from indexer.reading import Reading
from indexer.records import Item, Record, Rejection, Removal
from indexer.store.changing import Condition, Result
from search_service.services import Services
from search_service.web.answers import in_zone
from search_service.web.article_body import ArticleBody, read_record
from search_service.web.caching import PACKED, keep_nowhere
from search_service.web.errors import problem
from search_service.web.params import check_query_string
from search_service.web.responses import KEYS, described, json_bytes, json_response
from search_service.web.routes import Routes
from search_service.web.surrogates import show_articles
from search_service.web.write_params import (
    BulkLinePayload,
    BulkSummaryPayload,
    StoredPayload,
    StoreParameters,
    WriteParameters,
    WrittenPayload,
)
from search_service.writing import Writing

TAGS = [
    Tag(name="writing", description="For the portal's back end, with a key of the scope write.")
]

NDJSON: Final = "application/x-ndjson"
_WRITING: Final = (*KEYS, "key_scope", "writing_off", "overloaded", "store_unavailable")


class LinesBody(RawModel):
    """Articles and removals, one JSON object a line."""

    mimetypes = [NDJSON]  # noqa: RUF012 (declared so by the base class)


def writing_blueprint(services: Services) -> Routes:
    """The routes that change articles, and the one that shows an article as it is stored."""
    blueprint = Routes("writing", __name__, url_prefix="/api/v1", abp_tags=TAGS, scope="write")
    writing = services.writing or Writing(
        None, services.live, reading=Reading(timezone=services.timezone)
    )

    @blueprint.before_request
    def check() -> None:
        check_query_string()
        keep_nowhere()

    @blueprint.of_article(
        "put",
        operation_id="put_article",
        summary="Store an article",
        description="The body is a JSON object with the fields of an article; `id` may be left out. It replaces the whole "
        "article. The same article again changes nothing. `If-Match` with a revision, `*`, or `If-None-Match: *` make it "
        "conditional.",
        responses={
            201: WrittenPayload,
            **described(
                WrittenPayload,
                "invalid_parameter",
                "invalid_article",
                "condition_failed",
                *_WRITING,
            ),
        },
    )
    def put(article_id: str, query: StoreParameters, raw: ArticleBody) -> Response:
        record = _record(raw, article_id)
        strict = query.strict == "on"
        return _written(writing.change(record, when=_condition(), strict=strict), query)

    @blueprint.of_article(
        "delete",
        operation_id="delete_article",
        summary="Delete an article",
        description="An article that does not exist is no error.",
        responses=described(WrittenPayload, "invalid_parameter", "condition_failed", *_WRITING),
    )
    def delete(article_id: str, query: WriteParameters) -> Response:
        removal = Removal("", article_id, "delete")
        return _written(writing.change(removal, when=_condition()), query)

    @blueprint.of_article(
        "post",
        "withdraw",
        operation_id="withdraw_article",
        summary="Withdraw an article",
        description="Sets its status to `withdrawn`. It stays in the store, and no reader sees it any more.",
        responses=described(
            WrittenPayload, "invalid_parameter", "article_not_found", "condition_failed", *_WRITING
        ),
    )
    def withdraw(article_id: str, query: WriteParameters) -> Response:
        outcome = writing.change(Removal("", article_id, "withdraw"), when=_condition())
        if outcome.result == "absent":
            raise ArticleNotFound(article_id)
        return _written(outcome, query)

    @blueprint.of_article(
        "get",
        "stored",
        operation_id="stored_article",
        summary="An article as it is stored",
        description="Drafts, withdrawn and scheduled articles too. `article` is what `PUT` takes; the `ETag` is its revision.",
        responses=described(StoredPayload, "invalid_parameter", "article_not_found", *_WRITING),
    )
    def stored(article_id: str) -> Response:
        article, revision = writing.stored(article_id)
        record = content_of(in_zone(article, services.timezone))
        response = json_response(StoredPayload(id=article.id, revision=revision, article=record))
        response.set_etag(str(revision))
        return response

    @blueprint.post(
        "/articles:bulk",
        operation_id="bulk",
        summary="Store and remove many articles",
        description='Each line of the body is an article, or `{"action": "delete", "id": ...}`, or the same with '
        "`withdraw`. Each line of the answer says what became of a line, once that is durable. The last line sums up.",
        responses=described(_streamed(), "invalid_parameter", *_WRITING),
    )
    def bulk(query: StoreParameters, raw: LinesBody) -> Response:
        if _condition() is not None:
            raise problem("bad_request", "a bulk request takes neither If-Match nor If-None-Match")
        with ExitStack() as held:
            held.enter_context(writing.admitted())
            ingest = writing.ingest(strict=query.strict == "on")
            body = _buffered(raw.stream)
            # A body that cannot be read is an error of the request, as long as nothing was answered.
            body.peek(1)
            lines = _bulk(writing, ingest, body, wait=query.refresh is not None)
            response = Response(lines, content_type=NDJSON)
            response.call_on_close(held.pop_all().close)
        return response

    def _written(outcome: Outcome, query: WriteParameters) -> Response:
        if outcome.rejection is not None:
            raise problem("invalid_article", outcome.rejection.why)
        show_articles([outcome.article_id])
        payload = WrittenPayload(
            id=outcome.article_id,
            result=cast(Result, outcome.result),
            revision=outcome.revision,
            unused=list(outcome.unused),
            notes=list(map(str, outcome.notes)),
            searchable=writing.searchable(outcome.revision) if query.refresh else None,
        )
        response = json_response(payload)
        response.status_code = 201 if outcome.result == "created" else 200
        response.set_etag(str(outcome.revision))
        return response

    return blueprint


def _record(body: RawModel, article_id: str) -> Record:
    """The record of a body that holds one article.

    Raises:
        Problem: invalid_article.
        RequestEntityTooLarge: it has more than MAX_LINE_BYTES.
    """
    try:
        check_id(article_id)
    except InvalidArticle as error:
        raise problem("invalid_article", str(error)) from error
    parsed = read_record(body)
    given = parsed.values.get("id")
    named = "" if given is None else str(given).strip()
    if named not in ("", article_id):
        why = f"id: the body says {named[:MAX_SHOWN]!r}, the address {article_id!r}"
        raise problem("invalid_article", why)
    return Record(parsed.where, parsed.values if named else {**parsed.values, "id": article_id}, "")


def _condition() -> Condition | None:
    """The condition that the request's headers demand.

    Raises:
        Problem: bad_request; it has another form than those that are supported.
    """
    wanted, unwanted = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if wanted is None and unwanted is None:
        return None
    if unwanted == "*" and wanted is None:
        return "absent"
    if wanted == "*" and unwanted is None:
        return "present"
    tag = (wanted or "").strip('"').removesuffix(PACKED)
    if unwanted is None and tag.isascii() and tag.isdigit() and len(tag) < 19:
        return int(tag)
    raise problem(
        "bad_request",
        'If-Match takes one revision, such as "12", or *; If-None-Match takes only *; not both',
    )


def _items(body: BufferedReader) -> Iterator[Item]:
    """The records and removals of a body of lines.

    Raises:
        SourceUnreadable: the body breaks off. All lines before are taken.
    """
    try:
        for each in read_lines(cast(BinaryIO, body), "body"):
            yield _removal(each) if isinstance(each, Record) and "action" in each.values else each
    except (ClientDisconnected, RequestTimeout) as error:
        raise SourceUnreadable("body", f"{error.description}: send it again") from error


def _buffered(body: object) -> BufferedReader:
    """The body with a buffer. A second buffer over one would lose lines: what it was filled with when the body breaks off."""
    return body if isinstance(body, BufferedReader) else BufferedReader(cast(RawIOBase, body))


def _removal(record: Record) -> Item:
    """What a record with an action asks for."""
    values = dict(record.values)
    action = values.pop("action")
    if action == "put":
        return Record(record.where, values, record.raw)
    if action not in ("delete", "withdraw"):
        why = f"action: {str(action)[:40]!r} is none of put, delete, withdraw"
        return Rejection(record.where, why, record.raw)
    given = values.get("id")
    try:
        if isinstance(given, bool) or not isinstance(given, str | int | float):
            raise InvalidArticle("id", "missing: give that of the article, in quotes")
        article_id = str(given)  # a number is read as its digits, as when an article is stored
        check_id(article_id)
    except InvalidArticle as error:
        return Rejection(record.where, str(error), record.raw)
    return Removal(record.where, article_id, action)


def _bulk(writing: Writing, ingest: Ingest, body: BufferedReader, *, wait: bool) -> Iterator[bytes]:
    """The lines of the answer to a bulk request, a batch at a time."""
    newest = 0
    failure: str | None = None
    try:
        for outcomes in ingest.batches(_items(body)):
            newest = max(newest, *(each.revision for each in outcomes))
            yield b"".join(_line(each) for each in outcomes)
    except StoreUnavailable as error:
        failure = f"{error.why}; send the lines again that were not answered"
    report = ingest.report()
    if report.failure is not None:
        failure = report.failure.why
    searchable = writing.searchable(newest) if wait else None
    yield json_bytes(_summary(report, failure, searchable=searchable)) + b"\n"


def _line(outcome: Outcome) -> bytes:
    number = int(outcome.where.rpartition(":")[2])
    found: dict[str, Any] = {"line": number, "result": outcome.result}
    if outcome.rejection is not None:
        found["error"] = outcome.rejection.why
    else:
        found |= {"id": outcome.article_id, "revision": outcome.revision}
    if outcome.unused:
        found["unused"] = outcome.unused
    if outcome.notes:
        found["notes"] = list(map(str, outcome.notes))
    return orjson.dumps(found) + b"\n"


def _summary(
    report: IngestReport, failure: str | None, *, searchable: bool | None
) -> BulkSummaryPayload:
    return BulkSummaryPayload(
        read=report.read,
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        deleted=report.deleted,
        absent=report.absent,
        rejected=report.rejected,
        complete=failure is None and not report.rejected,
        error=failure,
        searchable=searchable,
    )


def _streamed() -> dict[str, Any]:
    schemas = [each.model_json_schema() for each in (BulkLinePayload, BulkSummaryPayload)]
    return {
        "description": "A line for each line of the body, then the summary.",
        "content": {NDJSON: {"schema": {"anyOf": schemas}}},
    }

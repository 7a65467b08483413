"""A small index of invented documents, and what it is asked: for the tests of Whoosh's interfaces."""

from __future__ import annotations

from typing import Any

from whoosh import query as wq
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.fields import ID, KEYWORD, NUMERIC, STORED, TEXT, Schema

from indexer.columnar.whoosh.index import ColumnarIndex

SPACES = SpaceSeparatedTokenizer()


def make_schema() -> Schema:
    return Schema(
        id=ID(unique=True, stored=True),
        url=ID(unique=True),
        title=TEXT(analyzer=SPACES, stored=True),
        body=TEXT(analyzer=SPACES, stored=True),
        tags=KEYWORD(stored=True),
        rank=NUMERIC(sortable=True, stored=True),
        note=STORED,
    )


def fill(index: ColumnarIndex, *documents: dict[str, Any], **commit: Any) -> None:
    writer = index.writer()
    for document in documents:
        writer.add_document(**document)
    writer.commit(**commit)


def found(index: ColumnarIndex, query: wq.Query | None = None, **options: Any) -> list[str]:
    with index.searcher() as searcher:
        results = searcher.search(wq.Every() if query is None else query, limit=None, **options)
        return [hit["id"] for hit in results]

"""Entries of the query log as values, and which searches become an entry.

Not logged: browsing, and single characters, which say nothing. Logged but not counted: later pages, and refreshes,
which ``store.py`` recognizes in the database. Entries of programs are dropped at writing: see ``visitors.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from indexer.analysis.characters import fold_literal
from search_service.answering.search import Answer, Question
from search_service.querylog.visitors import Visitor
from search_service.understanding.lexer import Kind, lex

MAX_QUERY: Final = 100
"""Maximum number of characters of a query that are kept. A longer query was pasted. It is not plain: nobody else asks it."""

_LEAST: Final = 2
"""Minimum number of letters and digits in a query. Names with a symbol (C++, C#) may have fewer."""
_NAMED: Final = re.compile(r"[a-z][+#]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One search. See the table ``queries`` for the meaning of each field."""

    id: str
    asked_at: datetime
    query: str
    text: str
    rung: str
    total: int
    page: int
    plain: bool
    took_ms: int
    visitor: Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicked:
    """One hit that was opened. See the table ``clicks``."""

    clicked_at: datetime
    query_id: str | None
    query: str | None
    article_id: str
    position: int
    visitor: Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """One article that was read. See the table ``views``."""

    viewed_at: datetime
    article_id: str
    visitor: Visitor


Entry = Asked | Clicked | Viewed


def normal_form(text: str) -> str:
    """The form in which equal queries are identical: folded, white space collapsed, cut at MAX_QUERY."""
    return fold_literal(text)[:MAX_QUERY].rstrip()


def asked(answer: Answer, visitor: Visitor, *, query_id: str, at: datetime) -> Asked | None:
    """The entry of an answered search; None if it is not logged."""
    text = " ".join(answer.question.text.split())
    query = normal_form(text)
    if answer.understood.rung == "browse" or _says_nothing(query):
        return None
    meant = answer.understood.correction
    return Asked(
        id=query_id,
        asked_at=at,
        query=query,
        text=text[:MAX_QUERY],
        rung=answer.understood.rung,
        total=0 if meant and meant.applied else answer.total,
        page=answer.page,
        plain=len(text) <= MAX_QUERY and _is_plain(answer.question),
        took_ms=round(answer.took_ms),
        visitor=visitor,
    )


def _says_nothing(query: str) -> bool:
    return sum(map(str.isalnum, query)) < _LEAST and _NAMED.search(query) is None


def _is_plain(question: Question) -> bool:
    """Whether the question is only words, over all articles."""
    narrowed = (
        *(question.channel, question.source, question.author, question.tag, question.site),
        *(question.attributes, question.group, question.start, question.end),
    )
    if any(narrowed):
        return False
    return question.syntax == "plain" or all(
        lexeme.kind is Kind.TEXT for lexeme in lex(question.text)
    )

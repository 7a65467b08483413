"""The smallest parts of requests to the cluster, which match articles and score nothing of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

from indexer.engines.documents import number_prefix, number_term
from indexer.engines.opensearch.fields import (
    NUMBERS,
    POSITION,
    can_be_held,
    can_be_sent,
    pairs_field,
    phrase_stream,
)
from indexer.query import NumberRange

Dsl = dict[str, Any]
"""A query in OpenSearch's own form."""

ARTICLES: Final[Dsl] = {"exists": {"field": "id"}}
"""Every article, and not the document with the facts of the commit."""
EVERYTHING: Final[Dsl] = {"match_all": {"boost": 0.0}}
NOTHING: Final[Dsl] = {"match_none": {}}


_FARTHEST: Final = 1 << 30
"""The largest slop that OpenSearch is given: more than any field has positions."""


def any_of(clauses: Sequence[Dsl], needed: int = 1) -> Dsl:
    """What matches at least ``needed`` of some clauses; scores add up."""
    if not clauses:
        return NOTHING
    if len(clauses) == 1:
        return clauses[0]
    return {"bool": {"should": list(clauses), "minimum_should_match": needed}}


def all_of(clauses: Sequence[Dsl]) -> Dsl:
    """What matches every one of some clauses; scores add up."""
    if not clauses:
        return EVERYTHING
    return clauses[0] if len(clauses) == 1 else {"bool": {"must": list(clauses)}}


def none_of(clauses: Sequence[Dsl]) -> Dsl:
    """What matches no clause."""
    return {"bool": {"must_not": list(clauses)}}


def scoring(clause: Dsl, score: float) -> Dsl:
    """What matches the clause, each with the same score."""
    return {"constant_score": {"filter": clause, "boost": score}}


def named(clause: Dsl, name: str) -> Dsl:
    """The clause, with a name by which a hit says that it matched."""
    return {"bool": {"must": [clause], "_name": name}}


def equals(field: str, value: str) -> Dsl:
    """What holds exactly this value, or this token."""
    return {"term": {field: {"value": value}}} if can_be_sent(value) else NOTHING


def begins(field: str, prefix: str) -> Dsl:
    """What holds a value that begins so."""
    return {"prefix": {field: {"value": prefix}}} if can_be_sent(prefix) else NOTHING


def holds_word(field: str, word: str, boost: float = 1.0) -> Dsl:
    """What holds a token of a text field; it scores its BM25 times ``boost``."""
    if not can_be_held(word):
        return NOTHING
    return {"term": {field: {"value": word, "boost": boost}}}


def holds_phrase(words: Sequence[str], fields: Iterable[str]) -> Dsl:
    """What holds tokens that follow one another in one of some fields."""
    if not words or not all(word and can_be_held(word) for word in words):
        return NOTHING
    phrase = phrase_stream(words)
    return any_of([{"match_phrase": {field: {"query": phrase}}} for field in fields])


def near(field: str, words: Sequence[str], slop: int) -> Dsl:
    """What holds different tokens in one stretch of a field with at most ``slop`` positions more than there are tokens."""
    if not all(map(can_be_held, words)):
        return NOTHING
    if len(words) == 1:
        return holds_word(field, words[0])
    spans = [{"span_term": {field: word}} for word in words]
    return {"span_near": {"clauses": spans, "slop": min(slop, _FARTHEST), "in_order": False}}


def holds_literal(text: str, fields: Iterable[str]) -> Dsl:
    """What holds a folded text literally in one of some fields: exact, without looking at a text.

    A character is the beginning of a pair, and a longer text is a phrase of pairs.
    """
    if not text or not can_be_held(text):
        return NOTHING
    return any_of([_literal_in(pairs_field(field), text) for field in fields])


def _literal_in(field: str, text: str) -> Dsl:
    if len(text) == 1:
        return begins(field, text)
    if len(text) == 2:
        return equals(field, text)
    return {"match_phrase": {field: {"query": POSITION.join(map("".join, pairwise(text)))}}}


def numbers_between(wanted: NumberRange) -> Dsl:
    """What has an attribute that is a number in a range. Terms of one name are ordered as their numbers are."""
    if not can_be_sent(wanted.name):
        return NOTHING
    every = number_prefix(wanted.name)
    low = every if wanted.low is None else number_term(wanted.name, wanted.low)
    # All terms are of one length, so what follows the highest sorts behind them: g comes after the hexadecimal digits.
    high = f"{every}g" if wanted.high is None else number_term(wanted.name, wanted.high)
    return {"range": {NUMBERS: {"gte": low, "lte": high}}}

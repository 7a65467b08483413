"""Explaining a score: what each part of a query adds to it, and which factors multiply it.

This module has no scoring formula of its own. It asks the index for the score of each part of the query, for the
articles of the page. The explanation thus shows the real scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isclose, prod
from typing import Final, Literal

from indexer.engines.base import Reader
from indexer.hits import Hit, Reasons
from indexer.query import And, Boost, Match, Or, Query, SearchRequest, Term, TitlePrefix
from indexer.query import Literal as LiteralQuery

AddedBy = Literal["word", "words", "text", "title", "near", "pairs"]
MultipliedBy = Literal["recency", "agreement", "channel"]

_CLOSE: Final = 1e-3
_FIELDS: Final = {"title": "标题", "lead": "导语", "body": "正文", "": "文章"}
_MULTIPLIED: Final[dict[MultipliedBy, str]] = {
    "recency": "文章的新旧",
    "agreement": "与排在前面的文章相近",
    "channel": "同频道",
}


@dataclass(frozen=True, slots=True)
class Added:
    """What one part of the query adds: a word in a field, a literal text, a title, close words, or pairs of characters."""

    by: AddedBy
    text: str
    field: str
    score: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score is the sum of ``added``, times every factor of ``multiplied``."""

    added: tuple[Added, ...]
    multiplied: tuple[tuple[MultipliedBy, float], ...]

    @property
    def score(self) -> float:
        """The explained score."""
        return sum(each.score for each in self.added) * prod(each for _, each in self.multiplied)

    def lines(self) -> list[str]:
        """The explanation as Chinese sentences; the largest addition first."""
        added = sorted(self.added, key=lambda each: -each.score)
        said = [f"{_said(each)}：+{each.score:.2f}" for each in added]
        said += [f"{_MULTIPLIED[by]}：×{factor:.2f}" for by, factor in self.multiplied]
        return [*said, f"合计：{self.score:.2f}"]


def _said(added: Added) -> str:
    text, field = added.text, _FIELDS[added.field]
    match added.by:
        case "word":
            return f"{field}里有“{text}”"
        case "words":
            return f"有“{text}”里的词"
        case "text":
            return f"原样含有“{text}”"
        case "title":
            return f"标题是“{text}”，或以它开头"
        case "near":
            return "搜索词离得近"
        case "pairs":
            return "相邻的字也一样"


def explain(reader: Reader, request: SearchRequest, hits: Sequence[Hit]) -> dict[str, Explanation]:
    """Explain the scores of some hits of a request sorted by relevance. Empty if the request's deadline comes first.

    Asks the index once for each part of the query, and once for each word in each field.
    """
    asked = list(dict.fromkeys(_parts(request.query)))
    reasons = reader.explain(request, asked, [hit.article.id for hit in hits])
    return {
        hit.article.id: _explained(request, hit, each, dict(zip(asked, each.parts, strict=True)))
        for hit in hits
        if (each := reasons.get(hit.article.id))
    }


def _parts(query: Query) -> Iterator[Query]:
    """Yield the query and, recursively, every part of it that is scored by itself."""
    yield query
    match query:
        case And(clauses) | Or(clauses):
            for clause in clauses:
                yield from _parts(clause)
        case Boost(clause):
            yield from _parts(clause)
        case Match():
            for _, one, in_fields in _words(query):
                yield one
                yield from in_fields


def _words(query: Match) -> Iterator[tuple[str, Match, list[Match]]]:
    """Each word: as a query of its own, and as one query per field."""
    for word in dict.fromkeys(query.words):
        one = replace(query, words=(word,))
        yield word, one, [replace(one, fields=(field,)) for field in query.fields]


def _explained(
    request: SearchRequest,
    hit: Hit,
    reasons: Reasons,
    scores: Mapping[Query, float],
) -> Explanation:
    added = list(_added(request.query, 1.0, scores))
    plain = scores[request.query]
    factors: list[tuple[MultipliedBy, float]] = []
    if request.recency is not None and plain:
        factors.append(("recency", reasons.recency))
    rescore = request.rescore
    if rescore is not None and not isclose(hit.score, plain * reasons.recency, rel_tol=1e-6):
        text = " ".join(rescore.words)
        added.append(Added("near", text, "", reasons.near))
        added.append(Added("pairs", text, "", reasons.pairs))
        if rescore.agree:
            before = (plain + reasons.near + reasons.pairs) * reasons.recency
            factors.append(("agreement", hit.score / before))
    return Explanation(tuple(each for each in added if each.score), tuple(factors))


def _added(query: Query, factor: float, scores: Mapping[Query, float]) -> Iterator[Added]:
    """What the parts of a query add, each times ``factor``."""
    if not factor or not (score := scores[query]):
        return
    match query:
        case And(clauses) | Or(clauses):
            for clause in clauses:
                yield from _added(clause, factor, scores)
        case Boost(clause, boost):
            yield from _added(clause, factor * boost, scores)
        case Match():
            yield from _added_by_words(query, factor, scores)
        case LiteralQuery(text):
            yield Added("text", text, "", factor * score)
        case Term(field, token):
            yield Added("word", token, field, factor * score)
        case TitlePrefix(text):
            yield Added("title", text, "title", factor * score)


def _added_by_words(query: Match, factor: float, scores: Mapping[Query, float]) -> Iterator[Added]:
    """What each word adds in each field, if these scores add up to the score of the query."""
    found: list[Added] = []
    for word, one, in_fields in _words(query):
        fields = [
            Added("word", word, each.fields[0][0], factor * scores[each]) for each in in_fields
        ]
        whole = factor * scores[one]
        if isclose(sum(each.score for each in fields), whole, rel_tol=_CLOSE):
            found += fields
        else:
            found.append(Added("word", word, "", whole))
    if isclose(sum(each.score for each in found), factor * scores[query], rel_tol=_CLOSE):
        yield from found
    else:
        yield Added("words", " ".join(query.words), "", factor * scores[query])

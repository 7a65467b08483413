"""Explaining a score: what each part of a query adds to it, and what it is multiplied with.

Nothing is computed a second way: each part is asked of the index by itself, about one article, so that what is said is
what happened. A dozen small searches for an article.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isclose, prod
from typing import Final, Literal

from indexer.analysis.analyzers import Analyzer
from indexer.engines.base import Reader
from indexer.hits import Hit
from indexer.query import And, Boost, Match, Or, Query, SearchRequest, Term, TitlePrefix
from indexer.query import Literal as LiteralQuery

AddedBy = Literal["word", "words", "text", "title", "near", "pairs"]
MultipliedBy = Literal["recency", "agreement"]

_CLOSE: Final = 1e-3
_FIELDS: Final = {"title": "标题", "lead": "导语", "body": "正文", "": "文章"}
_MULTIPLIED: Final[dict[MultipliedBy, str]] = {
    "recency": "文章的新旧",
    "agreement": "与排在前面的文章相近",
}


@dataclass(frozen=True, slots=True)
class Added:
    """What a part of the query adds: a word in a field, a text as it stands, a title, words that stand together, pairs."""

    by: AddedBy
    text: str
    field: str
    score: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score is the sum of what is ``added``, times each of what it is ``multiplied`` with."""

    added: tuple[Added, ...]
    multiplied: tuple[tuple[MultipliedBy, float], ...]

    @property
    def score(self) -> float:
        """The score that this explains."""
        return sum(each.score for each in self.added) * prod(each for _, each in self.multiplied)

    def lines(self) -> list[str]:
        """The same as sentences in Chinese, what counts most first."""
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
            return "检索词离得近"
        case "pairs":
            return "相邻的字也一样"


def explain(reader: Reader, analyzer: Analyzer, request: SearchRequest, hit: Hit) -> Explanation:
    """Why a hit of a request, by relevance, has its score."""
    only = Term("id", hit.article.id)
    alone = replace(
        request, filter=only, collapse="none", facets=(), page=1, size=1, recency=None, rescore=None
    )
    asker = _Asker(reader, analyzer, alone)
    added = list(asker.parts(request.query, 1.0))
    plain = faded = asker.score(request.query)
    factors: list[tuple[MultipliedBy, float]] = []
    if request.recency is not None and plain:
        faded = asker.score(request.query, recency=request.recency)
        factors.append(("recency", faded / plain))
    rescore = request.rescore
    if rescore is not None and not isclose(hit.score, faded, rel_tol=1e-6):
        close = asker.score(request.query, rescore=replace(rescore, pairs=0.0, agree=0.0))
        paired = asker.score(request.query, rescore=replace(rescore, near=0.0, agree=0.0))
        added.append(Added("near", rescore.text, "", close - plain))
        added.append(Added("pairs", rescore.text, "", paired - plain))
        if rescore.agree:
            before = asker.score(
                request.query, recency=request.recency, rescore=replace(rescore, agree=0.0)
            )
            factors.append(("agreement", hit.score / before))
    return Explanation(tuple(each for each in added if each.score), tuple(factors))


class _Asker:
    """Asks for the score of one article."""

    def __init__(self, reader: Reader, analyzer: Analyzer, alone: SearchRequest) -> None:
        self._reader, self._analyzer, self._alone = reader, analyzer, alone

    def score(self, query: Query, **request: object) -> float:
        """What the article scores; 0.0 when it does not match."""
        asked = replace(self._alone, query=query, **request)  # type: ignore[arg-type]
        return sum(hit.score for hit in self._reader.search(asked).hits)

    def parts(self, query: Query, factor: float) -> Iterator[Added]:
        """What the parts of a query add, each times ``factor``."""
        if not factor or not (score := self.score(query)):
            return
        match query:
            case And(clauses) | Or(clauses):
                for clause in clauses:
                    yield from self.parts(clause, factor)
            case Boost(clause, boost):
                yield from self.parts(clause, factor * boost)
            case Match():
                yield from self._words(query, factor, score)
            case LiteralQuery(text):
                yield Added("text", text, "", factor * score)
            case TitlePrefix(text):
                yield Added("title", text, "title", factor * score)

    def _words(self, query: Match, factor: float, score: float) -> Iterator[Added]:
        """Word by word and field by field, where that is how they were counted."""
        words = dict.fromkeys(token.text for token in self._analyzer.query(query.text))
        found: list[Added] = []
        for word in words:
            one = replace(query, text=word)
            in_fields = [
                Added("word", word, field[0], factor * self.score(replace(one, fields=(field,))))
                for field in query.fields
            ]
            whole = factor * self.score(one)
            if isclose(sum(each.score for each in in_fields), whole, rel_tol=_CLOSE):
                found += in_fields
            else:
                found.append(Added("word", word, "", whole))
        if isclose(sum(each.score for each in found), factor * score, rel_tol=_CLOSE):
            yield from found
        else:
            yield Added("words", query.text, "", factor * score)

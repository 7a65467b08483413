"""Two indexes that are told the same: stock Whoosh with its W3 codec, the oracle, and ours. Documents and queries for them.

W3 keeps a field's length in one byte, which is exact up to ten terms: texts here are shorter. Document numbers are the same
on both sides as long as both merge the same segments, so answers can be compared number by number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from whoosh import index as stock
from whoosh import query as wq
from whoosh.analysis import LowercaseFilter, SpaceSeparatedTokenizer
from whoosh.fields import (
    BOOLEAN,
    DATETIME,
    ID,
    KEYWORD,
    NGRAM,
    NUMERIC,
    TEXT,
    Schema,
)
from whoosh.searching import Results, Searcher

from indexer.columnar.whoosh.index import ColumnarIndex

WORDS = [
    "alfa",
    "alfas",
    "alpha",
    "bravo",
    "brave",
    "charlie",
    "delta",
    "echo",
    "山村",
    "山路",
    "茶",
    "Émile",
]
TAGS = ["red", "green", "blue", "blau"]
NOON = datetime(2024, 5, 1, 12)


def schema() -> Schema:
    words = SpaceSeparatedTokenizer() | LowercaseFilter()
    return Schema(
        id=ID(unique=True, stored=True),
        title=TEXT(analyzer=words, stored=True),
        body=TEXT(analyzer=words, stored=True, vector=True),
        plain=TEXT(analyzer=words, phrase=False),
        grams=NGRAM(2, 3),
        tags=KEYWORD(stored=True),
        path=ID(sortable=True),
        grade=NUMERIC(sortable=True, stored=True),
        price=NUMERIC(float, stored=True),
        when=DATETIME(sortable=True, stored=True),
        flag=BOOLEAN(stored=True),
    )


class Pair:
    """One index of each kind, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        (folder / "w3").mkdir(parents=True)
        self.w3 = stock.create_in(str(folder / "w3"), schema())
        self.ours = ColumnarIndex.create(folder / "ours", schema())

    @contextmanager
    def writers(self, **commit: Any) -> Iterator[list[Any]]:
        """A writer of each; both commit at the end."""
        writers = [self.w3.writer(), self.ours.writer()]
        yield writers
        for writer in writers:
            writer.commit(**commit)

    def add(self, *documents: dict[str, Any], **commit: Any) -> None:
        with self.writers(**commit) as writers:
            for writer in writers:
                for document in documents:
                    writer.add_document(**document)

    @contextmanager
    def searchers(self, **options: Any) -> Iterator[tuple[Searcher, Searcher]]:
        with self.w3.searcher(**options) as w3, self.ours.searcher(**options) as ours:
            yield w3, ours


# Documents

texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


def documents(ident: int) -> st.SearchStrategy[dict[str, Any]]:
    """A document of that id, in which any other field may be missing."""
    return st.fixed_dictionaries(
        {"id": st.just(f"d{ident}")},
        optional={
            "title": texts,
            "body": texts,
            "plain": texts,
            "grams": st.text("abc", max_size=5),
            "tags": st.lists(st.sampled_from(TAGS), unique=True).map(" ".join),
            "path": st.sampled_from(["/a", "/a/b", "/b", "/山"]),
            "grade": st.integers(-5, 5),
            "price": st.sampled_from([-1.5, 0.0, 0.25, 1e9]),
            "when": st.integers(-3, 3).map(lambda days: NOON + timedelta(days=days)),
            "flag": st.booleans(),
        },
    )


@st.composite
def batches(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Batches of changes: ids to delete, documents to add or, where their id was there before, to update."""
    made: list[dict[str, Any]] = []
    seen: set[int] = set()
    for _ in range(draw(st.integers(1, 3))):
        idents = draw(st.lists(st.integers(0, 12), unique=True, max_size=8))
        made.append(
            {
                "delete": draw(st.sets(st.sampled_from(sorted(seen)), max_size=2))
                if seen
                else set(),
                "put": [draw(documents(ident)) for ident in idents],
                "optimize": draw(st.booleans()),
            }
        )
        seen.update(idents)
    return made


def apply(pair: Pair, changes: list[dict[str, Any]]) -> None:
    """Apply batches to both sides."""
    for batch in changes:
        with pair.writers(merge=False) as writers:
            for writer in writers:
                for ident in sorted(batch["delete"]):
                    writer.delete_by_term("id", f"d{ident}")
                for document in batch["put"]:
                    writer.update_document(**document)
        if batch["optimize"]:
            with pair.writers(optimize=True):
                pass


# Queries

boosts = st.sampled_from([1.0, 0.5, 2.0])
text_fields = st.sampled_from(["title", "body"])
words = st.sampled_from([word.lower() for word in WORDS] + ["unknown"])


def terms() -> st.SearchStrategy[wq.Query]:
    return st.one_of(
        st.builds(wq.Term, text_fields, words, boosts),
        st.builds(wq.Term, st.just("plain"), words, boosts),
        st.builds(wq.Term, st.just("tags"), st.sampled_from([*TAGS, "unknown"]), boosts),
        st.builds(wq.Term, st.just("grams"), st.text("abc", min_size=2, max_size=3)),
        st.builds(wq.Term, st.just("grade"), st.integers(-6, 6)),
        st.builds(wq.Term, st.just("flag"), st.booleans()),
        st.builds(wq.Term, st.just("nowhere"), words),
    )


def expansions() -> st.SearchStrategy[wq.Query]:
    prefixes = st.sampled_from(["al", "alfa", "br", "山", "x", ""])
    constant = st.booleans()
    edges = st.one_of(st.none(), words)
    days = st.integers(-4, 4).map(lambda day: NOON + timedelta(days=day))
    return st.one_of(
        st.builds(wq.Prefix, text_fields, prefixes, boosts, constant),
        st.builds(
            wq.Wildcard,
            text_fields,
            st.sampled_from(["*a", "al*a", "?lfa*", "山?", "*", "zz*"]),
            boosts,
            constant,
        ),
        st.builds(wq.Regex, text_fields, st.sampled_from(["al.*", "br(avo|ave)", ".*"])),
        st.builds(
            wq.FuzzyTerm,
            text_fields,
            words,
            boosts,
            maxdist=st.integers(1, 2),
            prefixlength=st.integers(0, 1),
            constantscore=constant,
        ),
        st.builds(
            wq.TermRange, text_fields, edges, edges, st.booleans(), st.booleans(), boosts, constant
        ),
        st.builds(
            wq.NumericRange,
            st.just("grade"),
            st.one_of(st.none(), st.integers(-6, 6)),
            st.one_of(st.none(), st.integers(-6, 6)),
            st.booleans(),
            st.booleans(),
            boosts,
        ),
        st.builds(
            wq.NumericRange, st.just("price"), st.sampled_from([None, -2.0, 0.0]), st.just(1.0)
        ),
        st.builds(wq.DateRange, st.just("when"), days, days, st.booleans(), st.booleans()),
        st.builds(wq.Every, st.sampled_from([None, "title", "tags", "grade"]), boosts),
        st.builds(wq.Variations, text_fields, st.sampled_from(["alfa", "brave"])),
    )


def phrases() -> st.SearchStrategy[wq.Query]:
    some = st.lists(words, min_size=2, max_size=3)
    return st.builds(wq.Phrase, text_fields, some, st.integers(1, 3), boosts)


def spans() -> st.SearchStrategy[wq.Query]:
    """Span queries. Whoosh cannot put them into And and Or, which ask for a size that these do not know."""
    leaves = st.builds(wq.Term, text_fields, words)
    two = st.lists(leaves, min_size=2, max_size=2)
    slops = st.integers(1, 3)
    near = st.builds(wq.SpanNear, leaves, leaves, slop=slops, ordered=st.booleans())
    return st.one_of(
        near,
        st.builds(wq.SpanNear2, st.lists(leaves, min_size=2, max_size=3), slop=slops),
        st.builds(wq.SpanFirst, leaves, st.integers(0, 3)),
        st.builds(wq.SpanOr, st.lists(leaves, min_size=2, max_size=3)),
        st.builds(wq.SpanNot, leaves, leaves),
        st.builds(wq.SpanContains, near, leaves),
        st.builds(wq.SpanBefore, leaves, leaves),
        st.builds(wq.SpanCondition, leaves, leaves),
        st.builds(wq.Sequence, two, slops, st.booleans()),
        st.builds(wq.Ordered, two),
    )


def _trees(parts: st.SearchStrategy[wq.Query]) -> st.SearchStrategy[wq.Query]:
    some = st.lists(parts, min_size=1, max_size=4)
    return st.one_of(
        st.builds(wq.And, some, boosts),
        st.builds(wq.Or, some, boosts),
        st.builds(wq.DisjunctionMax, some, boosts),
        _pairs(parts),
    )


def _pairs(parts: st.SearchStrategy[wq.Query]) -> st.SearchStrategy[wq.Query]:
    return st.one_of(
        st.builds(wq.Not, parts),
        st.builds(wq.AndNot, parts, parts),
        st.builds(wq.AndMaybe, parts, parts),
        st.builds(wq.Otherwise, parts, parts),
        st.builds(wq.ConstantScoreQuery, parts, boosts),
    )


trees: st.SearchStrategy[wq.Query] = st.recursive(
    st.one_of(terms(), expansions(), phrases()), _trees, max_leaves=6
)
queries = st.one_of(trees, spans(), _pairs(st.one_of(spans(), terms())))


# Answers


def ranked(results: Results) -> list[tuple[int, float]]:
    return [(doc, score) for doc, score in results.items()]


def assert_same_ranking(ours: list[tuple[int, float]], theirs: list[tuple[int, float]]) -> None:
    """The same documents and scores in the same order, up to ties; a tie may be cut differently at the end."""
    assert [score for _, score in ours] == pytest.approx([score for _, score in theirs], rel=1e-9)
    last = theirs[-1][1] if theirs else 0.0
    above = [{doc for doc, score in side if score > last * (1 + 1e-9)} for side in (ours, theirs)]
    assert above[0] == above[1]


def answers(
    searchers: tuple[Searcher, Searcher], asked: Iterable[wq.Query], limit: int | None = None
) -> Iterator[tuple[Results, Results]]:
    """Our results and the oracle's for each query on which the oracle does not fail by itself."""
    w3, ours = searchers
    for query in asked:
        try:
            theirs = w3.search(query, limit=limit)
            len(theirs)
        except Exception:  # noqa: BLE001 (Whoosh raises whatever it comes across)
            continue
        yield ours.search(query, limit=limit), theirs


def assert_same_answers(*args: Any) -> None:
    for mine, theirs in answers(*args):
        assert dict(ranked(mine)) == pytest.approx(dict(ranked(theirs)), rel=1e-9), mine.q
        assert len(mine) == len(theirs)

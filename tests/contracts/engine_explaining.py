"""What makes up a score: the parts of a query scored for given articles, rescoring, and recency."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from indexer.engines.base import Engine, Reader
from indexer.query import (
    And,
    Boost,
    Literal,
    Not,
    Or,
    Query,
    Recency,
    SearchRequest,
    Term,
    TitlePrefix,
)
from tests.contracts.engine_base import EngineBase, fill
from tests.factories import article
from tests.typed_queries import alternative, match, rescore_by

BODY = (("body", 1.0),)
WORDS = match("桥 河", fields=(("title", 2.0), ("body", 1.0)), need=0.0)
INSIDE = match("石桥", fields=BODY, inside=True, alternatives=(alternative("石桥", "河岸", 0.8),))
QUERY = Or((Boost(WORDS, 2.0), INSIDE, And((TitlePrefix("桥"), Not(Term("channel", "山"))))))
PARTS: tuple[Query, ...] = (QUERY, WORDS, INSIDE, match("桥", fields=BODY), Literal("河边的石"), TitlePrefix("桥"),
         Term("channel", "山"), Not(WORDS), match("没有这样的词"), match(""))  # fmt: skip
DAY = datetime(2026, 3, 1, tzinfo=UTC)
RECENCY = Recency(DAY, 30.0, (), 0.5)
RESCORE = rescore_by("桥 河边的石头", fields=("title", "body"), near=1.5, pairs=1.0)


def fill_some(engine: Engine) -> list[str]:
    """Make two commits, so that a reader may have two segments. Returns the ids."""
    many = [
        article(
            f"a-{n}",
            title="桥" if n % 3 else "桥与河",
            body=("桥 河 " * (n % 4) + "河边的石桥 " * (n % 2) + "河岸 " * (n % 5)) or "无",
            channel="山" if n % 2 else "水",
            published_at=f"2026-02-{n + 1:02}T00:00:00Z",
        )
        for n in range(12)
    ]
    fill(engine, *many[:5], article("gone", title="桥"))
    with engine.writer() as writer:
        writer.delete("gone")
        for each in many[5:]:
            writer.put(each)
        writer.commit(revision=2)
    return [each.id for each in many]


def scores(reader: Reader, query: Query, **request: object) -> dict[str, float]:
    page = reader.search(SearchRequest(query, size=50, **request))  # type: ignore[arg-type]
    return {hit.article.id: hit.score for hit in page.hits}


class ExplainPromises(EngineBase):
    def test_each_part_scores_what_it_scores_when_searched_for(self, engine: Engine) -> None:
        ids = fill_some(engine)
        with engine.reader() as reader:
            said = reader.explain(SearchRequest(QUERY), PARTS, [*ids[::-1], "unknown", "gone"])
            assert said.keys() == set(ids)
            for place, part in enumerate(PARTS):
                found = scores(reader, part)
                for each in ids:
                    assert said[each].parts[place] == pytest.approx(found.get(each, 0), rel=1e-5)
            for reasons in said.values():
                assert (reasons.recency, reasons.near, reasons.pairs) == (1.0, 0.0, 0.0)

    def test_recency_and_rescoring_make_up_the_rest(self, engine: Engine) -> None:
        ids = fill_some(engine)
        with engine.reader() as reader:
            request = SearchRequest(QUERY, recency=RECENCY, rescore=RESCORE)
            said = reader.explain(request, (QUERY,), ids)
            for each, score in scores(reader, QUERY, recency=RECENCY, rescore=RESCORE).items():
                (own,), recency, near, pairs = (
                    said[each].parts,
                    said[each].recency,
                    said[each].near,
                    said[each].pairs,
                )
                assert (own + near + pairs) * recency == pytest.approx(score, rel=1e-5)
            assert any(each.near for each in said.values())
            assert any(each.pairs for each in said.values())
            assert len({each.recency for each in said.values()}) == 12

    def test_nothing_is_said_when_time_is_over_and_of_nothing(self, engine: Engine) -> None:
        ids = fill_some(engine)
        with engine.reader() as reader:
            assert reader.explain(SearchRequest(QUERY, deadline=0.0), (QUERY,), ids) == {}
            assert reader.explain(SearchRequest(QUERY), (QUERY,), []) == {}
            assert reader.explain(SearchRequest(QUERY), (), ids)["a-1"].parts == ()

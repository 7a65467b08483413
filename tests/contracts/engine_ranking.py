"""Scores, order and pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from indexer.engines.base import Engine
from indexer.query import (
    SORTS,
    And,
    Boost,
    Literal,
    MatchAll,
    Not,
    Or,
    Query,
    Range,
    Recency,
    SearchRequest,
    Term,
    TitlePrefix,
)
from tests.contracts.engine_base import EngineBase, bm25, fill, found, idf, score
from tests.factories import article
from tests.typed_queries import alternative, match, rescore_by


class RankingPromises(EngineBase):
    # Scoring

    def test_scores_are_bm25_as_written(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="桥", body="桥 河 桥 岸"),
            article("b", title="河", body="桥 河"),
            article("c", title="山", body="山"),
            article("d", title="桥 山", body="岸"),
        )
        # Bodies have 4, 2, 1 and 1 tokens, titles 1, 1, 1 and 2.
        in_body, in_title = idf(4, 2), idf(4, 2)
        with engine.reader() as reader:
            body = match("桥", fields=(("body", 3.0),))
            assert score(reader, body, "a") == pytest.approx(
                3 * in_body * bm25(2, 4, 2.0), abs=1e-6
            )
            assert score(reader, body, "b") == pytest.approx(
                3 * in_body * bm25(1, 2, 2.0), abs=1e-6
            )
            both = match("桥", fields=(("title", 2.0), ("body", 1.0)))
            assert score(reader, both, "a") == pytest.approx(
                2 * in_title * bm25(1, 1, 1.25) + in_body * bm25(2, 4, 2.0), abs=1e-6
            )
            assert score(reader, Term("title", "桥"), "d") == pytest.approx(
                in_title * bm25(1, 2, 1.25), abs=1e-6
            )
            two = match("桥 河", fields=(("body", 1.0),), need=0.0)
            assert score(reader, two, "b") == pytest.approx(
                2 * idf(4, 2) * bm25(1, 2, 2.0), abs=1e-6
            )

    def test_statistics_forget_articles_that_were_dropped_for_good(self, engine: Engine) -> None:
        body = {"title": "无"}
        fill(engine, *(article(f"old-{n}", body="桥 河 岸 山 桥", **body) for n in range(5)))
        fill(engine, article("a", body="桥 河", **body), article("old-0", body="桥", **body))
        with engine.writer() as writer:
            for n in range(5):
                writer.delete(f"old-{n}")
            writer.put(article("b", body="山 山 山 山", **body))
            writer.commit(revision=2)
        self.drop_deleted(engine)
        with engine.reader() as reader:
            assert score(reader, Term("body", "桥"), "a") == pytest.approx(
                idf(2, 1) * bm25(1, 2, 3.0), abs=1e-6
            )
            assert reader.document_frequencies("body", ["桥", "岸", "山"]) == [1, 0, 1]

    def test_a_literal_scores_its_idf_once(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="一段简单的话", body="一段简单的话，一段简单的话"),
            article("b", title="无", body="一段简单的话"),
            *(article(f"c-{n}", title="无", body="无") for n in range(4)),
        )
        expected = pytest.approx(idf(6, 2), abs=1e-6)
        with engine.reader() as reader:
            for query in (Literal("段简"), Literal("段简单的话")):
                assert score(reader, query, "a") == expected
                assert score(reader, query, "b") == expected

    def test_a_word_scores_as_a_word_where_it_is_one_and_else_as_a_literal_once(
        self, engine: Engine
    ) -> None:
        fill(
            engine,
            article("word", title="无", body="研究生"),
            article("inside", title="研究生命", body="研究生命起源"),
            *(article(f"c-{n}", title="无", body="无") for n in range(4)),
        )
        with engine.reader() as reader:
            plain, inside = match("研究生"), match("研究生", inside=True)
            assert score(reader, inside, "word") == score(reader, plain, "word")
            assert score(reader, inside, "inside") == pytest.approx(idf(6, 2), abs=1e-6)

    def test_the_best_of_a_word_and_its_alternatives_scores(self, engine: Engine) -> None:
        fill(
            engine,
            article("word", title="无", body="桥"),
            article("word-2", title="无", body="桥"),
            article("both", title="无", body="桥 河 河 河 河"),
            article("other", title="无", body="河"),
            article("none", title="无", body="山"),
        )
        body = (("body", 2.0),)
        bridge, river = match("桥", fields=body), match("河", fields=body)
        either = match("桥", fields=body, alternatives=(alternative("桥", "河", 0.8),))
        with engine.reader() as reader:
            assert score(reader, either, "word") == score(reader, bridge, "word")
            # 河 is rarer, but counts as if it were as common as 桥.
            rarer = 0.8 * idf(5, 3) / idf(5, 2)
            assert score(reader, either, "other") == pytest.approx(
                rarer * score(reader, river, "other"), abs=1e-5
            )
            assert score(reader, either, "both") == pytest.approx(
                max(score(reader, bridge, "both"), rarer * score(reader, river, "both")), abs=1e-5
            )
            common = match("河", fields=body, alternatives=(alternative("河", "桥", 0.5),))
            assert score(reader, common, "word") == pytest.approx(
                0.5 * score(reader, bridge, "word"), abs=1e-5
            )

    def test_a_literal_alternative_scores_no_more_than_if_it_were_the_word(
        self, engine: Engine
    ) -> None:
        fill(
            engine,
            *(article(f"word-{n}", title="桥", body="无") for n in range(3)),
            article("other", title="桥头的河", body="无"),
            *(article(f"none-{n}", title="山", body="无") for n in range(4)),
        )
        query = match("桥", alternatives=(alternative("桥", "头的河", 0.5),))
        with engine.reader() as reader:
            assert score(reader, query, "other") > 0.5 * idf(8, 4)
            alone = match("海", alternatives=(alternative("海", "头的河", 0.5),))
            assert score(reader, alone, "other") == pytest.approx(0.5 * idf(8, 1), abs=1e-5)
            common = match("山", alternatives=(alternative("山", "头的河", 0.5),))
            assert score(reader, common, "other") == pytest.approx(0.5 * idf(8, 4), abs=1e-5)

    def test_what_scores_nothing_scores_nothing(self, engine: Engine) -> None:
        fill(engine, article("a", source="甲", published_at="2026-01-01T00:00:00Z"), article("b"))
        silent: Sequence[Query] = (
            MatchAll(),
            Not(match("火星")),
            Term("source", "甲"),
            Range("published_at"),
            And(()),
        )
        with engine.reader() as reader:
            for query in silent:
                assert score(reader, query, "a") == 0.0
            word = score(reader, match("学校"), "a")
            assert score(reader, And((match("学校"), *silent)), "a") == word > 0
            assert score(reader, Or((match("学校"), *silent)), "a") == word

    def test_a_title_that_begins_as_asked_scores_one(self, engine: Engine) -> None:
        fill(engine, article("a", title="山里的学校"))
        with engine.reader() as reader:
            assert score(reader, TitlePrefix("山里"), "a") == 1.0
            assert score(reader, Boost(TitlePrefix("山里的学校", whole=True), 3.0), "a") == 3.0

    def test_what_comes_first_comes_first_whatever_its_score(self, engine: Engine) -> None:
        fill(
            engine,
            article("often", title="学校 学校 学校", body="学校，学校"),
            article("old", title="石桥", body="学校", published_at="1999-02-01T00:00:00Z"),
            article("older", title="石桥", body="学校", published_at="1998-02-01T00:00:00Z"),
            article("river", title="河", body="学校"),
            article("no-school", title="石桥", body="河"),
        )
        first = (TitlePrefix("石桥", whole=True), match("河"))
        with engine.reader() as reader:
            plain = reader.search(SearchRequest(match("学校")))
            recency = Recency(datetime(2026, 3, 1, tzinfo=UTC), floor=0.1)
            for more in (
                {},
                {"recency": recency},
                {"rescore": rescore_by("学校", near=1.0, depth=2)},
            ):
                assert found(reader, match("学校"), first=first, **more) == [
                    "old",
                    "older",
                    "river",
                    "often",
                ]
            page = reader.search(SearchRequest(match("学校"), first=first))
            assert page.total == plain.total
            assert {hit.article.id: hit.score for hit in page.hits} == {
                hit.article.id: hit.score for hit in plain.hits
            }
            assert found(reader, match("学校"), first=first, size=1, page=3) == ["river"]
            by_time = found(reader, match("学校"), first=first, sort="oldest")
            assert by_time[:2] == ["older", "old"]

    def test_scores_add_up_and_boosts_multiply(self, engine: Engine) -> None:
        fill(engine, article("a"), article("b", title="无", body="无"))
        school, stone = match("学校"), match("石板路")
        with engine.reader() as reader:
            one, other = score(reader, school, "a"), score(reader, stone, "a")
            for both in (And((school, stone)), Or((school, stone))):
                assert score(reader, both, "a") == pytest.approx(one + other, abs=1e-5)
            assert score(reader, Or((school, school)), "a") == pytest.approx(2 * one, abs=1e-5)
            nested = Boost(And((Boost(school, 2.0), stone)), 3.0)
            assert score(reader, nested, "a") == pytest.approx(6 * one + 3 * other, abs=1e-5)
            assert score(reader, Boost(school, 0.0), "a") == 0.0
            assert score(reader, Boost(Literal("石板路"), 2.0), "a") == pytest.approx(
                2 * score(reader, Literal("石板路"), "a"), abs=1e-5
            )

    def test_a_union_of_many_terms_scores_the_sum_of_each_that_an_article_holds(
        self, engine: Engine
    ) -> None:
        words = ("学校", "石板", "古塔", "茶会", "渔船", "灯火", "雨季", "木桥", "山路")
        fill(
            engine,
            *(
                article(
                    f"{number}", title=f"{word}与{words[number - 1]}", body=f"{word}。" * number
                )
                for number, word in enumerate(words)
            ),
            article("none", title="无", body="无"),
        )
        terms = [
            Boost(Term(field, word), number + 0.5)
            for field in ("title", "body")
            for number, word in enumerate(words)
        ]
        with engine.reader() as reader:
            alone = [dict(reader.rank(SearchRequest(term))) for term in terms]
            wanted = {
                f"{number}": sum(scores.get(f"{number}", 0.0) for scores in alone)
                for number in range(len(words))
            }
            together = reader.search(SearchRequest(Or(tuple(terms)), size=20))
            assert {hit.article.id: hit.score for hit in together.hits} == pytest.approx(wanted)
            assert together.total == len(words)

    # Order and pages

    def test_relevance_orders_by_score_then_newer_then_id(self, engine: Engine) -> None:
        same = {"title": "桥", "body": "无"}
        day = "2026-01-0{}T00:00:00Z".format
        fill(
            engine,
            article("d", **same, published_at=day(1)),
            article("b", **same, published_at=day(2)),
            article("undated", **same, published_at=None),
        )
        fill(
            engine,
            article("c", **same, published_at=day(2)),
            article("a", **same, published_at=day(1)),
            article("best", title="桥 桥 桥", body="桥", published_at=day(1)),
        )
        with engine.reader() as reader:
            ordered = ["best", "b", "c", "a", "d", "undated"]
            assert found(reader, match("桥")) == ordered
            for page, article_id in enumerate(ordered, start=1):
                assert found(reader, match("桥"), page=page, size=1) == [article_id]

    def test_newest_and_oldest_put_undated_articles_last(self, engine: Engine) -> None:
        fill(
            engine,
            article("b", published_at=datetime(2026, 1, 2, second=1, tzinfo=UTC)),
            article("c", published_at="2026-01-02T00:00:00Z"),
            article("none-2", published_at=None),
        )
        fill(
            engine,
            article("none-1", published_at=None),
            article("a", published_at="2026-01-02T00:00:00Z"),
            article("old", published_at="1905-01-01T00:00:00Z"),
        )
        with engine.reader() as reader:
            newest = ["b", "a", "c", "old", "none-1", "none-2"]
            oldest = ["old", "a", "c", "b", "none-1", "none-2"]
            assert found(reader, MatchAll(), sort="newest") == newest
            assert found(reader, MatchAll(), sort="oldest") == oldest
            page = reader.search(SearchRequest(match("学校"), sort="newest"))
            assert {hit.score for hit in page.hits} == {0.0}

    @pytest.mark.parametrize("sort", SORTS)
    def test_pages_joined_are_the_whole(self, engine: Engine, sort: str) -> None:
        for turn in range(3):
            fill(
                engine,
                *(
                    article(f"a-{n}", body="桥 " * (n % 4), published_at=f"2026-01-{n % 5 + 1:02}")
                    for n in range(turn * 10, turn * 10 + 10)
                ),
            )
        with engine.reader() as reader:
            query = Or((match("桥"), MatchAll()))
            whole = found(reader, query, sort=sort)
            assert len(whole) == len(set(whole)) == 30
            for size in (1, 7, 10, 30):
                joined: list[str] = []
                for page in range(1, 30 // size + 2):
                    answer = reader.search(
                        SearchRequest(query, sort=sort, page=page, size=size)  # type: ignore[arg-type]
                    )
                    assert answer.total == 30
                    joined += [hit.article.id for hit in answer.hits]
                assert joined == whole
            assert found(reader, query, page=100, size=100) == []

    def test_what_is_ranked_are_the_hits_of_a_search(self, engine: Engine) -> None:
        many = [
            article(
                f"a-{n}", title="桥" * (n % 3), body="桥 河 " * (n % 5 + 1), duplicate_group=n // 4
            )
            for n in range(20)
        ]
        fill(engine, *many)
        with engine.reader() as reader:
            for request in (
                SearchRequest(match("桥 河"), size=5, page=2),
                SearchRequest(match("桥"), collapse="duplicates"),
                SearchRequest(MatchAll(), sort="newest", filter=match("桥")),
                SearchRequest(match("没有")),
            ):
                hits = reader.search(request).hits
                assert reader.rank(request) == [(hit.article.id, hit.score) for hit in hits]

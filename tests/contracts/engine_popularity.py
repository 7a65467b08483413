"""Popularity: sorted by heat, the articles that readers view come first."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from indexer.engines.base import Engine
from indexer.errors import InvalidQuery
from indexer.query import MatchAll, Popularity, Recency, SearchRequest, Term
from tests.contracts.engine_base import EngineBase, fill, found
from tests.factories import article
from tests.typed_queries import match

AT = datetime(2026, 3, 1, tzinfo=UTC)
NOW, TEN_DAYS_AGO = "2026-03-01T00:00:00Z", "2026-02-19T00:00:00Z"
SPRING = {"title": "桥", "body": "无"}


def viewed(half_life: float | None = None, floor: float = 0.5, /, **heats: float) -> Popularity:
    return Popularity(tuple(heats.items()), Recency(AT, half_life, floor=floor))


class PopularityPromises(EngineBase):
    def test_the_hottest_come_first_then_the_newest_of_the_others(self, engine: Engine) -> None:
        fill(engine, article("a", published_at=TEN_DAYS_AGO), article("b", published_at=NOW))
        fill(
            engine,
            article("d", published_at=NOW),
            article("c", published_at=NOW),
            article("e", published_at=None),
            article("f", published_at=None),
        )
        popularity = viewed(a=3.0, e=7.5, nobody=9.0)
        with engine.reader() as reader:
            ordered = ["e", "a", "b", "c", "d", "f"]
            assert found(reader, MatchAll(), sort="hot", popularity=popularity) == ordered
            for page, article_id in enumerate(ordered, start=1):
                request = {"sort": "hot", "popularity": popularity, "page": page, "size": 1}
                assert found(reader, MatchAll(), **request) == [article_id]
            found_page = reader.search(
                SearchRequest(match("学校"), sort="hot", popularity=popularity)
            )
            assert {hit.score for hit in found_page.hits} == {0.0}
            assert found_page.total == 6

    def test_equal_heats_go_to_the_newer_then_to_the_lesser_id(self, engine: Engine) -> None:
        fill(engine, article("c", published_at=NOW), article("a", published_at=None))
        fill(engine, article("b", published_at=NOW), article("d", published_at=TEN_DAYS_AGO))
        popularity = viewed(a=2.0, b=2.0, c=2.0, d=2.0)
        with engine.reader() as reader:
            ordered = ["b", "c", "d", "a"]
            assert found(reader, MatchAll(), sort="hot", popularity=popularity) == ordered

    def test_heat_fades_with_the_age_of_the_article(self, engine: Engine) -> None:
        fill(
            engine,
            article("old", published_at=TEN_DAYS_AGO),
            article("new", published_at=NOW),
            article("undated", published_at=None),
        )
        with engine.reader() as reader:
            for heats, ordered in (
                ({"old": 5.0, "new": 4.0, "undated": 6.0}, ["new", "old", "undated"]),
                ({"old": 6.0, "new": 4.0, "undated": 10.0}, ["undated", "old", "new"]),
            ):
                popularity = viewed(10.0, 0.5, **heats)
                assert found(reader, MatchAll(), sort="hot", popularity=popularity) == ordered

    def test_heats_of_any_size_are_told_apart(self, engine: Engine) -> None:
        heats = {"b": 1e9, "a": 0.998e9, "d": 1.002, "c": 1.0, "f": 1.002e-30, "e": 1e-30}
        fill(engine, *(article(each, published_at=None) for each in heats))
        fill(engine, article("new", published_at=NOW))
        with engine.reader() as reader:
            ordered = found(reader, MatchAll(), sort="hot", popularity=viewed(**heats))
            assert ordered == [*heats, "new"]

    def test_heat_that_faded_away_counts_as_none(self, engine: Engine) -> None:
        fill(engine, article("undated", published_at=None), article("new", published_at=NOW))
        with engine.reader() as reader:
            popularity = viewed(10.0, 0.0, undated=5.0)
            ordered = found(reader, MatchAll(), sort="hot", popularity=popularity)
            assert ordered == ["new", "undated"]

    def test_without_a_popularity_the_newest_come_first(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="桥 桥", published_at=TEN_DAYS_AGO),
            article("b", title="桥", published_at=NOW),
            article("c", title="桥 桥 桥", published_at=None),
        )
        with engine.reader() as reader:
            for popularity in (None, viewed()):
                ordered = found(reader, match("桥"), sort="hot", popularity=popularity)
                assert ordered == ["b", "a", "c"]

    def test_a_new_popularity_needs_no_commit_and_survives_one(self, engine: Engine) -> None:
        fill(engine, article("a"), article("b"), article("c"))
        first, second = viewed(c=1.0), viewed(b=1.0, c=0.5)
        with engine.reader() as reader:
            for popularity, ordered in ((first, "cab"), (second, "bca"), (first, "cab")):
                request = {"sort": "hot", "popularity": popularity}
                assert found(reader, match("学校"), **request) == [*ordered]
        with engine.writer() as writer:
            writer.put(article("d"))
            writer.put(article("c"))
            writer.delete("b")
            writer.commit(revision=2)
        with engine.reader() as reader:
            third = viewed(d=2.0, c=1.0)
            for popularity, ordered in ((second, "cad"), (third, "dca")):
                request = {"sort": "hot", "popularity": popularity}
                assert found(reader, match("学校"), **request) == [*ordered]

    def test_the_hottest_of_each_duplicate_group_is_its_hit(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", published_at=NOW, source="河湾日报", duplicate_group=1),
            article("b", published_at=TEN_DAYS_AGO, duplicate_group=1),
            article("c", published_at=NOW, source="河湾日报"),
            article("draft", status="draft", duplicate_group=1),
        )
        request = SearchRequest(
            MatchAll(),
            filter=Term("status", "published"),
            sort="hot",
            popularity=viewed(b=2.0, c=1.0, draft=9.0),
            collapse="duplicates",
            facets=("source",),
        )
        with engine.reader() as reader:
            page = reader.search(request)
            assert [(hit.article.id, hit.group_size) for hit in page.hits] == [("b", 2), ("c", 1)]
            assert (page.total, page.groups) == (3, 2)
            assert [each.count for each in page.facets["source"]] == [2]
            assert reader.rank(request) == [("b", 0.0), ("c", 0.0)]

    def test_a_popularity_changes_no_other_order(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", **SPRING, published_at=NOW),
            article("b", **SPRING, published_at=TEN_DAYS_AGO),
        )
        with engine.reader() as reader:
            for sort in ("relevance", "newest", "oldest"):
                cold = found(reader, match("桥"), sort=sort)
                assert found(reader, match("桥"), sort=sort, popularity=viewed(b=9.0)) == cold

    def test_pages_of_the_hottest_joined_are_the_whole(self, engine: Engine) -> None:
        for turn in range(3):
            fill(
                engine,
                *(
                    article(f"a-{n}", published_at=f"2026-01-{n % 5 + 1:02}")
                    for n in range(turn * 100, turn * 100 + 100)
                ),
            )
        heats = {f"a-{n}": 1.0 + n % 9 for n in range(0, 300, 4)}
        popularity = Popularity(tuple(heats.items()), Recency(AT, 30.0))
        with engine.reader() as reader:
            request = {"sort": "hot", "popularity": popularity}
            whole = found(reader, match("学校"), size=300, **request)
            assert set(whole[:75]) == heats.keys()
            for size in (7, 80):
                pages = range(1, 300 // size + 2)
                joined = [found(reader, match("学校"), page=n, size=size, **request) for n in pages]
                assert [each for page in joined for each in page] == whole

    @pytest.mark.parametrize("heat", [0.0, -1.0, float("inf"), float("nan")])
    def test_a_heat_is_above_0(self, heat: float) -> None:
        with pytest.raises(ValueError, match="the heat of b is"):
            viewed(a=1.0, b=heat)

    def test_a_popularity_that_makes_no_sense_is_refused(self, engine: Engine) -> None:
        with engine.reader() as reader, pytest.raises(InvalidQuery, match="half_life"):
            reader.search(SearchRequest(MatchAll(), sort="hot", popularity=viewed(-1.0)))

"""Duplicates collapsed to one hit: which article is the hit, what is counted, and how pages are cut."""

from __future__ import annotations

import pytest

from indexer.engines.base import Engine
from indexer.errors import InvalidQuery
from indexer.hits import SearchPage
from indexer.query import SORTS, MatchAll, Query, SearchRequest, Term
from tests.contracts.engine_base import EngineBase, fill, found
from tests.factories import article
from tests.typed_queries import match


def sizes(page: SearchPage) -> list[tuple[str, int]]:
    """The ids of the hits, each with the size of its group."""
    return [(hit.article.id, hit.group_size) for hit in page.hits]


def collapsed(query: Query, **request: object) -> SearchRequest:
    return SearchRequest(query, collapse="duplicates", **request)  # type: ignore[arg-type]


class CollapsePromises(EngineBase):
    def test_the_best_ranked_stands_for_its_group_wherever_the_others_were_committed(
        self, engine: Engine
    ) -> None:
        fill(
            engine,
            article("a-1", title="桥", body="无", duplicate_group=7),
            article("b-1", title="桥 桥", body="桥", duplicate_group=3),
        )
        fill(
            engine,
            article("a-2", title="桥 桥 桥", body="桥", duplicate_group=7),
            article("alone", title="桥", body="河 河 河 河"),
            article("b-2", title="桥", body="无", duplicate_group=3),
            article("other", title="山", body="山", duplicate_group=3),
        )
        with engine.reader() as reader:
            page = reader.search(collapsed(match("桥")))
            assert sizes(page) == [("a-2", 2), ("b-1", 2), ("alone", 1)]
            assert (page.total, page.groups) == (5, 3)
            plain = reader.search(SearchRequest(match("桥")))
            assert (plain.total, plain.groups, len(plain.hits)) == (5, 5, 5)
            assert {hit.group_size for hit in plain.hits} == {1}

    def test_ties_within_a_group_go_to_the_newer_then_to_the_lesser_id(
        self, engine: Engine
    ) -> None:
        day = "2026-01-0{}T00:00:00Z".format
        for turn, (article_id, group, published) in enumerate(
            [("d", 1, day(1)), ("c", 1, day(2)), ("b", 2, day(1)), ("a", 2, day(1))], start=1
        ):
            copy = article(article_id, published_at=published, duplicate_group=group)
            fill(engine, copy, revision=turn)
        with engine.reader() as reader:
            query = match("学校")
            assert found(reader, query, collapse="duplicates") == ["c", "a"]
            assert found(reader, query, collapse="duplicates", sort="newest") == ["c", "a"]
            assert found(reader, query, collapse="duplicates", sort="oldest") == ["a", "d"]

    def test_only_what_was_found_and_let_through_counts_in_a_group(self, engine: Engine) -> None:
        fill(
            engine,
            *(article(f"seen-{n}", duplicate_group=5) for n in range(3)),
            article("hidden", status="draft", duplicate_group=5),
            article("gone", duplicate_group=5),
        )
        with engine.writer() as writer:
            writer.delete("gone")
            writer.put(article("seen-2"))
            writer.commit(revision=2)
        with engine.reader() as reader:
            page = reader.search(collapsed(match("学校"), filter=Term("status", "published")))
            assert sizes(page) == [("seen-0", 2), ("seen-2", 1)]
            assert (page.total, page.groups) == (3, 2)

    def test_facets_count_articles_before_they_collapse(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", source="山城晚报", duplicate_group=1),
            article("b", source="河湾日报", duplicate_group=1),
            article("c", source="河湾日报"),
        )
        with engine.reader() as reader:
            page = reader.search(collapsed(MatchAll(), facets=("source",)))
            counted = [(each.value, each.count) for each in page.facets["source"]]
            assert counted == [("河湾日报", 2), ("山城晚报", 1)]

    @pytest.mark.parametrize("sort", SORTS)
    def test_pages_of_groups_joined_are_the_whole(self, engine: Engine, sort: str) -> None:
        copies = [
            article(
                f"a-{n:03}",
                body="桥 " * (n % 3),
                published_at=f"2026-01-{n % 5 + 1:02}",
                # The best articles are all of one group, and more than fit on a page.
                duplicate_group=1 if n % 3 == 2 else n % 7,
            )
            for n in range(180)
        ]
        for begin in range(0, 180, 60):
            fill(engine, *copies[begin : begin + 60])
        with engine.reader() as reader:
            firsts: dict[int | str, str] = {}
            for hit in reader.search(SearchRequest(match("桥"), sort=sort, size=180)).hits:  # type: ignore[arg-type]
                article_id, group = hit.article.id, hit.article.duplicate_group
                firsts.setdefault(group or article_id, article_id)
            whole = list(firsts.values())
            assert len(whole) > 10
            for size in (1, 4, 100):
                pages = [
                    reader.search(collapsed(match("桥"), sort=sort, page=page, size=size))
                    for page in range(1, len(whole) // size + 2)
                ]
                assert {page.groups for page in pages} == {len(whole)}
                assert [hit.article.id for page in pages for hit in page.hits] == whole

    def test_the_articles_of_a_group_are_found_by_its_number(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", duplicate_group=12),
            article("b", duplicate_group=12),
            article("c", duplicate_group=1),
            article("d"),
        )
        with engine.reader() as reader:
            assert sorted(found(reader, Term("group", "12"))) == ["a", "b"]
            assert found(reader, Term("group", "0")) == []
            assert reader.get("a") == article("a", duplicate_group=12)

    def test_an_unknown_way_to_collapse_is_refused(self, engine: Engine) -> None:
        with engine.reader() as reader, pytest.raises(InvalidQuery, match="none, duplicates"):
            reader.search(SearchRequest(MatchAll(), collapse="events"))  # type: ignore[arg-type]

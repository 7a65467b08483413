"""Rescoring: the best hits are ordered again by measures that are too expensive for all hits."""

from __future__ import annotations

import pytest

from indexer.engines.base import Engine
from indexer.errors import InvalidQuery
from indexer.query import MatchAll, Rescore, SearchRequest
from tests.contracts.engine_base import EngineBase, fill, found, idf
from tests.factories import article
from tests.typed_queries import match, rescore_by

BOTH = match("桥 河", fields=(("body", 1.0),))
APART = "桥" + "，山" * 20 + "，河"
TOGETHER = "桥，河" + "，山" * 20


class RescorePromises(EngineBase):
    def test_words_that_stand_together_score_their_idfs_more(self, engine: Engine) -> None:
        fill(engine, article("a", title="无", body=APART), article("b", title="无", body="山"))
        fill(engine, article("c", title="无", body=TOGETHER))
        with engine.reader() as reader:
            plain = {hit.article.id: hit.score for hit in reader.search(SearchRequest(BOTH)).hits}
            request = SearchRequest(BOTH, rescore=rescore_by("桥 河", fields=("body",), near=2.0))
            page = reader.search(request)
            assert [hit.article.id for hit in page.hits] == ["c", "a"]
            more = {hit.article.id: hit.score - plain[hit.article.id] for hit in page.hits}
            each = idf(3, 2)
            assert more["c"] == pytest.approx(2 * (each + each), abs=1e-5)
            assert more["a"] == pytest.approx(2 * each, abs=1e-5), "one word alone is a window too"
            assert page.total == 2

    @pytest.mark.parametrize(("window", "first"), [(20, "near"), (21, "far")])
    def test_a_window_reaches_so_many_positions(
        self, engine: Engine, window: int, first: str
    ) -> None:
        fill(
            engine,
            article("far", title="无", body=APART, published_at="2026-02-02T00:00:00Z"),
            article("near", title="无", body="桥" + "，山" * 19 + "，河，山"),
        )
        with engine.reader() as reader:
            near = rescore_by("桥 河", fields=("body",), window=window)
            assert found(reader, MatchAll(), rescore=near)[0] == first

    def test_repeated_words_and_other_fields_add_nothing(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="桥", body="桥，桥，桥，山"),
            article("b", title="河", body="山，桥，河，山"),
            article("c", title="山", body="山，山，山，山"),
        )
        with engine.reader() as reader:
            near = rescore_by("桥 河 桥", fields=("title", "body"))
            page = reader.search(SearchRequest(MatchAll(), rescore=near))
            scores = {hit.article.id: hit.score for hit in page.hits}
            bridge, river = min(idf(3, 1), idf(3, 2)), idf(3, 1)
            assert scores == pytest.approx({"a": bridge, "b": bridge + river, "c": 0.0}, abs=1e-5)

    def test_pairs_of_characters_count_where_the_words_leave_them(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="石板", body="石板桥"),
            article("b", title="无", body="的板桥"),
            article("c", title="无", body="桥的石"),
        )
        with engine.reader() as reader:
            rescore = rescore_by("石板桥的ab", fields=("title", "body"), near=0.0, pairs=2.0)
            page = reader.search(SearchRequest(MatchAll(), rescore=rescore))
            scores = {hit.article.id: hit.score for hit in page.hits}
            first, second, title = idf(3, 1), idf(3, 2), idf(3, 1)
            wanted = {"a": 2 * (first + second + title), "b": 2 * second, "c": 0.0}
            assert scores == pytest.approx(wanted, abs=1e-5)

    def test_articles_that_are_like_the_best_count_more(self, engine: Engine) -> None:
        same, other = "石渠 河堤 水闸 渡口", "灯会 庙会 糖人 锣鼓"
        fill(engine, *(article(f"best-{n}", title=f"修桥 修桥 {n}", body=same) for n in range(3)))
        fill(
            engine,
            article("like", title="修桥 甲", body=same),
            article("unlike", title="修桥 乙", body=other, published_at="2026-02-02T00:00:00Z"),
            *(article(f"far-{n}", title="无", body="无关的话") for n in range(20)),
        )
        query = match("修桥", fields=(("title", 1.0),))
        with engine.reader() as reader:
            plain = reader.search(SearchRequest(query, size=9))
            before = {hit.article.id: hit.score for hit in plain.hits}
            assert [hit.article.id for hit in plain.hits][3:] == ["unlike", "like"]
            rescore = rescore_by("修桥", near=0.0, agree=0.5)
            page = reader.search(SearchRequest(query, rescore=rescore, size=9))
            after = {hit.article.id: hit.score for hit in page.hits}
            assert [hit.article.id for hit in page.hits][3:] == ["like", "unlike"]
            assert after["unlike"] == pytest.approx(before["unlike"], rel=0.02)
            assert after["like"] == pytest.approx(1.5 * before["like"], rel=0.1)

    def test_articles_with_the_title_of_the_best_do_not_count_more(self, engine: Engine) -> None:
        same, other = "石渠 河堤 水闸 渡口", "灯会 庙会 糖人 锣鼓"
        fill(
            engine,
            *(article(f"part-{n}", title="修桥记", body=f"修桥 {same}") for n in range(3)),
            article("own", title="《修桥》记！", body=f"修桥 {same}"),
            article("other", title="渡口", body=f"修桥 {same}"),
            *(article(f"far-{n}", title="无", body=other) for n in range(20)),
        )
        query = match("修桥", fields=(("body", 1.0),))
        with engine.reader() as reader:
            before = {hit.article.id: hit.score for hit in reader.search(SearchRequest(query)).hits}
            rescore = rescore_by("修桥", near=0.0, agree=1.0)
            page = reader.search(SearchRequest(query, rescore=rescore))
            grown = {hit.article.id: hit.score / before[hit.article.id] for hit in page.hits}
        # Each article is like every other. Those with one title are compared with "other" alone, which is like them.
        assert grown == pytest.approx(dict.fromkeys(grown, 2.0), rel=0.1)
        with engine.writer() as writer:
            writer.delete("other")
            writer.commit(revision=2)
        with engine.reader() as reader:
            plain = {hit.article.id: hit.score for hit in reader.search(SearchRequest(query)).hits}
            page = reader.search(SearchRequest(query, rescore=rescore))
            assert {hit.article.id: hit.score for hit in page.hits} == plain

    def test_one_article_agrees_with_nothing(self, engine: Engine) -> None:
        fill(engine, article("a", title="桥", body="桥 河"))
        with engine.reader() as reader:
            rescore = rescore_by("桥", near=0.0, agree=1.0)
            assert found(reader, match("河"), rescore=rescore) == ["a"]
            page = reader.search(SearchRequest(match("河"), rescore=rescore))
            assert page.hits[0].score == reader.search(SearchRequest(match("河"))).hits[0].score

    def test_only_the_best_are_looked_at_on_every_page(self, engine: Engine) -> None:
        fill(
            engine,
            article("best", title="桥", body=APART),
            article("next", title="无", body=APART),
            article("last", title="无", body=TOGETHER + "，山" * 20),
        )
        query, near = match("桥 河", need=0.0), rescore_by("桥 河", depth=2)
        with engine.reader() as reader:
            assert found(reader, query) == ["best", "next", "last"]
            assert found(reader, query, rescore=rescore_by("桥 河")) != ["best", "next", "last"]
            pages = [found(reader, query, rescore=near, size=1, page=page) for page in (1, 2, 3, 4)]
            assert pages == [["best"], ["next"], ["last"], []]

    def test_by_date_and_without_words_it_changes_nothing(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", body=APART, published_at="2026-02-02T00:00:00Z"),
            article("b", body=TOGETHER, published_at="2026-02-01T00:00:00Z"),
        )
        with engine.reader() as reader:
            near = rescore_by("桥 河")
            assert found(reader, BOTH, rescore=near) == ["b", "a"]
            assert found(reader, BOTH, rescore=near, sort="newest") == ["a", "b"]
            assert found(reader, BOTH, rescore=rescore_by("，")) == found(reader, BOTH)

    @pytest.mark.parametrize(
        ("near", "message"),
        [
            (rescore_by("桥", fields=("source",)), "text field"),
            (rescore_by("桥", near=-1.0), "near"),
            (rescore_by("桥", pairs=-1.0), "pairs"),
            (rescore_by("桥", agree=-1.0), "agree"),
            (rescore_by("桥", window=-1), "window"),
            (rescore_by("桥", depth=0), "depth"),
        ],
    )
    def test_rescoring_that_makes_no_sense_is_refused(
        self, engine: Engine, near: Rescore, message: str
    ) -> None:
        with engine.reader() as reader, pytest.raises(InvalidQuery, match=message):
            reader.search(SearchRequest(MatchAll(), rescore=near))

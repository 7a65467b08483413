"""Engine promises about completions of typed text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from indexer.analysis.typed import read_typed
from indexer.engines.base import Engine, Reader
from indexer.errors import InvalidQuery
from indexer.hits import Completion
from indexer.query import Alike, AnyOf, CompletionRequest, Query, Range, Term, TitleSound, TypedSo
from tests.contracts.engine_base import EngineBase, fill, found
from tests.factories import article
from tests.typed_queries import match

PUBLISHED = Term("status", "published")


def complete(
    reader: Reader, typed: str, *, only: Query | None = PUBLISHED, size: int = 10
) -> list[Completion]:
    read = read_typed(typed)
    return reader.complete(
        CompletionRequest(read.keys, TypedSo(typed), read.in_characters, filter=only, size=size)
    )


def texts(reader: Reader, typed: str, **request: object) -> list[str]:
    return [each.text for each in complete(reader, typed, **request)]  # type: ignore[arg-type]


class CompletionPromises(EngineBase):
    """Completions, and titles found by their sound."""

    @pytest.mark.parametrize("typed", ["x", "xc", "xiangcun", "乡", "乡村", "乡cun", "鄉村"])
    def test_words_of_titles_are_found_by_characters_and_by_sound(
        self, engine: Engine, typed: str
    ) -> None:
        fill(engine, article("a", title="乡村的路"), article("b", title="清晨的渔港"))
        with engine.reader() as reader:
            assert texts(reader, typed) == ["乡村"]

    def test_tags_and_the_author_complete_too_and_the_body_does_not(self, engine: Engine) -> None:
        fill(engine, article("a", title="路", tags=["三农问题"], author="罗秋满", body="渔港"))
        with engine.reader() as reader:
            assert texts(reader, "sn") == ["三农问题"]
            assert texts(reader, "luoq") == ["罗秋满"]
            assert texts(reader, "yg") == []

    @pytest.mark.parametrize("typed", ["baise", "bose", "bs", "百", "百se", "b"])
    def test_a_word_with_two_readings_is_found_by_each_and_counts_once(
        self, engine: Engine, typed: str
    ) -> None:
        fill(engine, article("a", title="百色"), article("b", title="渔港", tags=["百色"]))
        with engine.reader() as reader:
            assert [(each.text, each.count) for each in complete(reader, typed)] == [("百色", 2)]

    @pytest.mark.parametrize("typed", ["zengqiu", "cengqiu", "zqm", "cqm", "曾qiu"])
    def test_a_title_is_found_by_each_reading_of_its_beginning(
        self, engine: Engine, typed: str
    ) -> None:
        fill(engine, article("a", title="曾秋满来了"), article("b", title="清晨"))
        with engine.reader() as reader:
            assert found(reader, TitleSound(read_typed(typed).keys)) == ["a"]

    def test_a_phrase_of_the_title_counts_where_the_body_repeats_it(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="乡村振兴在路上", body="谈乡村振兴。什么是乡村振兴？"),
            article("b", title="渔港振兴在路上", body="渔港振兴。"),
        )
        with engine.reader() as reader:
            assert texts(reader, "xczx") == ["乡村振兴"]

    def test_a_phrase_must_stand_free_on_both_sides(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="教练拒绝采访", body="教练拒绝比赛。当天教练拒绝采访三次。"),
            article("b", title="绿色消费", body="谈绿色消费。绿色消费的路。"),
            article("c", title="关于夏季旅游的路", body="在夏季旅游的人，为夏季旅游的人。"),
        )
        with engine.reader() as reader:
            assert texts(reader, "教练") == ["教练"]
            assert texts(reader, "绿色") == ["绿色", "绿色消费"]
            assert texts(reader, "夏季") == ["夏季"]

    def test_what_most_articles_hold_comes_first_then_the_newest(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="香山 乡村", published_at="2026-01-01T00:00:00Z"),
            article("b", title="乡村", published_at="2026-01-02T00:00:00Z"),
            article("c", title="香港", published_at="2026-01-05T00:00:00Z"),
            article("d", title="象牙", published_at=None),
        )
        with engine.reader() as reader:
            assert complete(reader, "xiang") == [
                Completion("乡村", "乡村", 2, datetime(2026, 1, 2, tzinfo=UTC)),
                Completion("香港", "香港", 1, datetime(2026, 1, 5, tzinfo=UTC)),
                Completion("香山", "香山", 1, datetime(2026, 1, 1, tzinfo=UTC)),
                Completion("象牙", "象牙", 1, None),
            ]
            assert texts(reader, "xiang", size=2) == ["乡村", "香港"]

    def test_only_articles_that_the_filter_lets_through_count(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="乡村"),
            article("b", title="乡村 香山", status="draft"),
            article("c", title="香港", published_at="2026-05-01T00:00:00Z"),
        )
        before = Range("published_at", end=datetime(2026, 4, 1, tzinfo=UTC))
        with engine.reader() as reader:
            assert [(each.text, each.count) for each in complete(reader, "x", only=before)] == [
                ("乡村", 2),
                ("香山", 1),
            ]
            assert texts(reader, "x") == ["香港", "乡村"]
            assert texts(reader, "x", only=None) == ["乡村", "香港", "香山"]

    def test_what_was_deleted_or_replaced_completes_nothing(self, engine: Engine) -> None:
        fill(engine, article("a", title="乡村"), article("b", title="香山"), article("c"))
        with engine.writer() as writer:
            writer.delete("a")
            writer.put(article("b", title="香港"))
            writer.commit(revision=2)
        with engine.reader() as reader:
            assert texts(reader, "xiang") == ["香港"]

    def test_spellings_of_one_word_are_one_completion(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="iPhone 评测"),
            article("b", title="用iphone拍照"),
            article("c", title="iPhone"),
        )
        with engine.reader() as reader:
            assert [(each.text, each.count) for each in complete(reader, "ip")] == [("iPhone", 3)]

    def test_single_characters_and_numbers_complete_nothing(self, engine: Engine) -> None:
        fill(engine, article("a", title="山 2026 桥", author="山"))
        with engine.reader() as reader:
            assert texts(reader, "s") == texts(reader, "2") == texts(reader, "桥") == []

    def test_no_keys_and_refused_texts_find_nothing(self, engine: Engine) -> None:
        fill(engine, article("a", title="乡村"))
        with engine.reader() as reader:
            assert texts(reader, "") == []
            refused = CompletionRequest(("x",), AnyOf(frozenset()))
            assert reader.complete(refused) == []

    def test_texts_alike_are_as_long_and_share_characters_and_sounds(self, engine: Engine) -> None:
        fill(engine, article("a", title="路", tags=["渔港", "渔岗", "鱼缸", "渔歌", "渔港区"]))
        sounds = (frozenset(("yu",)), frozenset(("gang", "gan")))
        with engine.reader() as reader:
            for wanted, expected in (
                (Alike(2, "渔岗", 1, sounds), ["渔港"]),
                (Alike(2, "渔岗", 0, sounds), ["渔港", "鱼缸"]),
                (Alike(2, "渔岗", 1), ["渔歌", "渔港"]),
                (Alike(3), ["渔港区"]),
            ):
                asked = CompletionRequest(("yu\x01",), wanted)
                assert sorted(each.text for each in reader.complete(asked)) == expected

    def test_texts_alike_are_chinese_throughout(self, engine: Engine) -> None:
        """Other texts are no match, even if they are as long in characters or in bytes."""
        fill(
            engine,
            article("a", title="路", tags=["渔𠮷港", "渔a港", "渔民港", "渔aaa港", "𠮷𠮷𠮷"]),
        )
        with engine.reader() as reader:
            for wanted in (Alike(3, "渔人港", 2), Alike(3, "渔𠮷区", 1), Alike(3)):
                asked = CompletionRequest(("yu\x01", "𠮷\x01"), wanted)
                assert [each.text for each in reader.complete(asked)] == ["渔民港"]
                assert reader.complete(replace(asked, texts=Alike(4))) == []

    def test_whole_keys_are_those_of_no_longer_text(self, engine: Engine) -> None:
        fill(engine, article("a", title="渔港", tags=["渔港区"]))
        with engine.reader() as reader:
            for whole, expected in ((True, ["渔港"]), (False, ["渔港", "渔港区"])):
                asked = CompletionRequest(("yu\x01g",), TypedSo("渔"), "渔", whole_keys=whole)
                assert sorted(each.text for each in reader.complete(asked)) == expected

    def test_several_commits_are_counted_together(self, engine: Engine) -> None:
        for n in range(3):
            fill(
                engine, article(f"a-{n}", title="乡村"), article(f"b-{n}", title=f"香{'山港料'[n]}")
            )
        with engine.reader() as reader:
            found = complete(reader, "xiang")
            assert (found[0].text, found[0].count) == ("乡村", 3)
            assert len(found) == 4

    @pytest.mark.parametrize("wrong", [{"size": 0}, {"filter": match("桥", need=2.0)}])
    def test_completions_that_make_no_sense_are_refused(
        self, engine: Engine, wrong: dict[str, object]
    ) -> None:
        with engine.reader() as reader, pytest.raises(InvalidQuery):
            reader.complete(CompletionRequest(("x",), TypedSo("x"), **wrong))  # type: ignore[arg-type]

    def test_titles_are_found_by_how_they_begin_to_sound(self, engine: Engine) -> None:
        fill(
            engine,
            article("a", title="乡村振兴在路上"),
            article("b", title="“乡村”小景"),
            article("c", title="在乡村"),
            article("d", title="！"),
        )
        with engine.reader() as reader:
            for typed, titles in (
                ("xczx", ["a"]),
                ("xiangcun", ["a", "b"]),
                ("zai", ["c"]),
                ("", []),
            ):
                assert sorted(found(reader, TitleSound(read_typed(typed).keys))) == titles

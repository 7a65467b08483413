"""Which articles a query finds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from indexer.engines.base import Engine
from indexer.errors import InvalidQuery
from indexer.query import (
    Adjacent,
    Alternative,
    And,
    Glued,
    Literal,
    MatchAll,
    Near,
    Not,
    NumberRange,
    Or,
    Range,
    SearchRequest,
    Term,
    TitlePrefix,
)
from tests.contracts.engine_base import SHANGHAI, EngineBase, fill
from tests.factories import article
from tests.typed_queries import adjacent, alternative, analyzer, match


class QueryPromises(EngineBase):
    def test_match_finds_the_words_wherever_they_stand(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("title", title="北京 地铁 开通", body="无"),
            article("lead", title="无", lead="北京 地铁 开通", body="无"),
            article("body", title="无", body="无。\n北京。地铁，今天开通。"),
            article("split", title="北京", lead="开通", body="地铁"),
            article("some", title="北京", body="地铁"),
            article("none", title="上海", body="公交"),
        )
        assert ask(match("开通，北京 地铁")) == ["body", "lead", "split", "title"]
        assert ask(match("北京 地铁 开通", need=0.6)) == ["body", "lead", "some", "split", "title"]
        assert ask(match("北京 公交", need=0.0)) == sorted(
            {"body", "lead", "split", "title", "some", "none"}
        )
        assert ask(match("北京 地铁", fields=(("title", 1.0),))) == ["title"]
        assert ask(match("北京 北京 地铁 地铁", need=1.0)) == ask(match("北京 地铁"))
        assert ask(match("火星")) == []

    def test_adjacent_words_follow_one_another_in_one_field(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("model", title="新款h15上市", body="无"),
            article("dash", title="无", lead="新款h-15上市", body="无"),
            article("turned", title="新款15h失利", body="无"),
            article("apart", title="h 队 15 场", body="无"),
            article("split", title="h", body="15"),
            article("draw", title="型号h1h，1天后再战", body="无"),
            article("inside", title="农业银行网点", body="无"),
        )
        assert ask(adjacent("Ｈ15")) == ["dash", "model"]
        assert ask(adjacent("h15", fields=("lead", "body"))) == ["dash"]
        assert ask(adjacent("h1h")) == ["draw"]
        assert ask(adjacent("银行网点")) == ["inside"]
        assert ask(adjacent("网点")) == ["inside"]
        assert ask(adjacent("h15上市无")) == []
        assert ask(adjacent("，")) == ask(adjacent("h15", fields=())) == []

    def test_a_number_with_a_sign_is_one_word(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("score", title="主队3：2取胜", body="无"),
            article("dash", title="主队3-2取胜", body="无"),
            article("apart", title="第3场，2人", body="无"),
        )
        assert ask(match("3:2")) == ["score"]
        assert ask(match("3—2")) == ["dash"]
        assert ask(match("3 2")) == ["apart", "dash"]

    def test_near_words_stand_in_one_stretch_of_one_field(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("next", title="古塔 茶会", body="无"),
            article("turned", title="无", lead="茶会，古塔", body="无"),
            article("two-between", title="无", body="茶会 石桥 河流 古塔"),
            article("three-between", title="无", body="茶会 石桥 河流 山路 古塔"),
            article("fields", title="茶会", body="古塔"),
            article("one", title="茶会 茶会 茶会", body="无"),
            article("inside", title="农业银行", body="无"),
        )
        pair = ("茶会", "古塔")
        assert ask(Near(pair, 0)) == ask(Near(pair[::-1], 1)) == ["next", "turned"]
        assert ask(Near(pair, 2)) == ["next", "turned", "two-between"]
        assert ask(Near(pair, 3)) == ask(Near(pair, 50))
        assert ask(Near(pair, 3)) == ["next", "three-between", "turned", "two-between"]
        assert ask(Near(("茶会", "石桥", "古塔"), 1)) == ["two-between"]
        assert ask(Near((*pair, *pair), 0)) == ["next", "turned"]
        assert ask(Near(pair, 3, fields=("lead", "title"))) == ["next", "turned"]
        assert ask(Near(("茶会",), 0)) == [
            "fields",
            "next",
            "one",
            "three-between",
            "turned",
            "two-between",
        ]
        assert ask(Near(("农业", "银行"), 0)) == ["inside"]
        assert ask(Near((), 5)) == ask(Near(pair, 5, fields=())) == []
        assert ask(Near(("茶会", "火星"), 50)) == []
        for wrong in (Near(pair, -1), Near(pair, 1, fields=("tag",))):
            with pytest.raises(InvalidQuery):
                ask(wrong)

    def test_an_alternative_counts_for_its_word(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("word", title="出租车 调价", body="无"),
            article("other", title="計程車 调价", body="无"),
            article("both", title="计程车 出租车 调价", body="无"),
            article("taken", title="计程车", body="调价"),
            article("neither", title="公交车 调价", body="无"),
        )
        taxi = (alternative("出租车", "计程车", 0.8),)
        assert ask(match("出租车 调价")) == ["both", "word"]
        assert ask(match("出租车 调价", alternatives=taxi)) == ["both", "other", "taken", "word"]
        assert ask(match("出租车", fields=(("body", 1.0),), alternatives=taxi)) == []
        assert ask(match("计程车", alternatives=taxi)) == ["both", "other", "taken"]
        two = match("出租车 调价 公交车", need=0.6, alternatives=taxi)
        assert ask(two) == ["both", "neither", "other", "taken", "word"]
        assert ask(match("出租车 公交车", alternatives=taxi)) == []

    def test_an_empty_index_holds_no_alternative(self, engine: Engine) -> None:
        ask = self.answers(engine)
        others = (alternative("番茄", "西红柿", 0.8), alternative("番茄", "西红柿炒鸡蛋", 0.8))
        assert ask(match("番茄", alternatives=others)) == []
        assert ask(match("番茄", alternatives=others, inside=True)) == []

    def test_an_alternative_of_several_words_is_a_literal(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("literal", title="西红柿炒鸡蛋", body="无"),
            article("apart", title="西红柿 一碗，炒鸡蛋 一盘", body="无"),
            article("split", title="西红柿", body="炒鸡蛋"),
        )
        dish = (alternative("番茄", "西红柿炒鸡蛋", 0.8),)
        assert ask(match("番茄", alternatives=dish)) == ["literal"]

    def test_the_words_of_an_adjacent_alternative_follow_one_another(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("held", title="会场在17号楼", body="无"),
            article("longer", title="会场在117号楼", body="无"),
            article("apart", title="17人在号房", body="无"),
        )
        other = Alternative("十七号", "17号", 0.8, ("17", "号"), adjacent=True)
        assert ask(match("十七号", alternatives=(other,))) == ["held"]
        assert ask(match("十七号", fields=(("body", 1.0),), alternatives=(other,))) == []

    def test_words_do_not_follow_one_another_over_the_end_of_a_sentence(
        self, engine: Engine
    ) -> None:
        ask = self.answers(
            engine,
            article("held", title="茶会，开幕", body="无"),
            article("ends", title="茶会。开幕", body="去茶会\n开幕式"),
        )
        assert ask(Adjacent(("茶会", "开幕"))) == ["held"]

    def test_an_alternative_that_is_a_word_never_stands_inside_others(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("inside", title="研究生命起源", body="无"),
            article("word", title="研究生", body="无"),
        )
        student = (alternative("学员", "研究生", 0.8),)
        assert ask(match("学员", alternatives=student, inside=True)) == ["word"]

    @pytest.mark.parametrize("text", ["", "   ", "，。！", "\n", "\ud800", "*", '"', "((("])
    def test_a_text_without_a_word_matches_nothing(self, engine: Engine, text: str) -> None:
        ask = self.answers(engine, article("a", body='他说："（*）"，。！'))
        assert ask(match(text)) == []
        assert ask(match(text, need=0.0, inside=True)) == []

    def test_match_folds_width_case_and_script(self, engine: Engine) -> None:
        ask = self.answers(engine, article("a", title="臺灣軟體與ＡＢＣ１２３", body="无"))
        assert ask(match("台湾")) == ask(match("臺灣")) == ask(match("abc")) == ["a"]

    def test_match_inside_finds_a_word_inside_other_words(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("word", title="研究生", body="招生"),
            article("inside", title="研究生命起源", body="招生"),
            article("none", title="研究 生命", body="招生"),
        )
        assert ask(match("研究生")) == ["word"]
        assert ask(match("研究生", inside=True)) == ["inside", "word"]
        assert ask(match("研究生 招生", inside=True)) == ["inside", "word"]
        assert ask(match("研究生 招生", inside=True, need=0.0)) == ["inside", "none", "word"]
        assert ask(match("研究生", fields=(("body", 1.0),), inside=True)) == []

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("技大", ["a"]),
            ("上海科技大学", ["a"]),
            ("技大学发", ["a"]),
            ("大学ｘ", []),
            ("海", ["a"]),
            ("布", ["a", "b"]),
            ("书", ["a"]),
            ("《绿皮书》", ["a"]),
            ("》", ["a"]),
            ("书》", ["a"]),
            ("皮书绿", []),
            ("台湾软件", ["b"]),
            ("臺灣軟件", ["b"]),
            ("ＡＢＣ１２３", ["b"]),
            ("abc123", ["b"]),
            ("bc12", ["b"]),
            ("c 1", []),
            ("新品 发布", ["b"]),
            ("  新品\n\u3000发布 ", ["b"]),
            ("新品发布", []),
            ("第一段。 第二段", ["b"]),
            ("😀", ["b"]),
            ("😀𠮷", ["b"]),
            ("𠮷", ["b"]),
            ("标题正文", []),
            ("", []),
            ("  ", []),
            ("\ud800", []),
            ("\0", []),
        ],
    )
    def test_a_literal_is_found_as_it_stands(
        self, engine: Engine, text: str, expected: list[str]
    ) -> None:
        ask = self.answers(
            engine,
            article("a", title="标题", body="正文：上海科技大学发布《绿皮书》"),
            article("b", title="臺灣軟件ＡＢＣ123", lead="新品 发布", body="第一段。\n第二段😀𠮷"),
        )
        assert ask(Literal(text)) == expected

    def test_a_literal_is_found_in_the_fields_asked_for(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("t", title="河边的灯亮了", body="无"),
            article("l", title="无", lead="河边的灯亮了", body="无"),
            article("b", title="无", body="河边的灯亮了"),
        )
        assert ask(Literal("边的灯")) == ["b", "l", "t"]
        assert ask(Literal("边的灯", fields=("title",))) == ["t"]
        assert ask(Literal("边的灯", fields=("lead", "body"))) == ["b", "l"]
        assert ask(Literal("边", fields=("lead",))) == ["l"]
        assert ask(Literal("边的灯", fields=())) == []

    def test_a_literal_of_punctuation_is_found(self, engine: Engine) -> None:
        ask = self.answers(
            engine, article("a", title="什么？！", body="无"), article("b", title="好。", body="无")
        )
        assert ask(Literal("？！")) == ask(Literal("！")) == ask(Literal("么？")) == ["a"]
        assert ask(Literal("。")) == ["b"]
        assert ask(Literal("……")) == ask(Literal("！？")) == []

    def test_a_literal_of_symbols_is_found(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("a", title="甲→乙", body="今天20℃"),
            article("b", title="好😀👍", body="1+1"),
        )
        assert ask(Literal("→")) == ask(Literal("℃")) == ask(Literal("0℃")) == ["a"]
        assert ask(Literal("😀")) == ask(Literal("😀👍")) == ask(Literal("+")) == ["b"]
        assert ask(Literal("👍😀")) == ask(Literal("€")) == ask(Literal("→℃")) == []

    def test_a_lead_that_is_part_of_the_body_is_not_counted_twice(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("part", title="无", lead="雨停了", body="雨停了，太阳出来了。"),
            article("own", title="无", lead="雨停了", body="太阳出来了。"),
        )
        assert ask(Literal("雨停了", fields=("lead",))) == ["own"]
        assert ask(Literal("雨停了")) == ["own", "part"]

    def test_a_title_prefix_is_folded_and_anchored(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("a", title="乡村 振兴在路上"),
            article("b", title="鄉村"),
            article("c", title="新乡村"),
            article("d", title=""),
        )
        assert ask(TitlePrefix("乡村")) == ["a", "b"]
        assert ask(TitlePrefix("乡村　振")) == ["a"]
        assert ask(TitlePrefix("乡村振")) == ["a"]
        assert ask(TitlePrefix("村振")) == []
        assert ask(TitlePrefix("")) == []
        assert ask(TitlePrefix("\ud800")) == []
        assert ask(TitlePrefix("乡村　振兴在路上", whole=True)) == ["a"]
        assert ask(TitlePrefix("乡村", whole=True)) == ["b"]
        assert ask(TitlePrefix("新", whole=True)) == []
        assert ask(TitlePrefix("《乡村》振兴，在")) == ["a"]
        assert ask(TitlePrefix("“乡村”！", whole=True)) == ["b"]

    def test_a_name_is_found_at_the_ends_of_words_that_no_dictionary_holds(
        self, engine: Engine
    ) -> None:
        glued = analyzer().query("谌龙则")
        assert [token.text for token in glued] == ["谌龙则"], "the model makes one word of it"
        ask = self.answers(
            engine,
            article("title", title="谌龙则", body="无"),
            article("body", title="无", body="记者问。谌龙则，好。"),
            article("apart", title="无", body="谌，龙则，学会。大学会议。"),
        )
        assert ask(Glued("谌龙")) == ["body", "title"]
        assert ask(Glued("学会")) == []
        assert ask(Glued("谌")) == []

    def test_a_term_of_a_keyword_field_is_compared_as_it_stands(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("a", source="山城晚报", author="林小满", tags=["桥", "河"], site="main"),
            article("b", source="山城", author="林", tags=["桥梁"], status="draft"),
        )
        assert ask(Term("id", "a")) == ["a"]
        assert ask(Term("source", "山城晚报")) == ["a"]
        assert ask(Term("source", "山城")) == ["b"]
        assert ask(Term("author", "林小满")) == ["a"]
        assert ask(Term("tag", "河")) == ["a"]
        assert ask(Term("tag", "桥")) == ["a"]
        assert ask(Term("site", "main")) == ["a"]
        assert ask(Term("status", "draft")) == ["b"]
        assert ask(Term("source", "")) == ask(Term("site", "")) == []
        assert ask(Term("source", "\ud800")) == []

    def test_a_channel_holds_all_that_lies_in_it(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("a", channel="情感/故事"),
            article("b", channel="情感"),
            article("c", channel="体育", channels=["情感/故事/夜话", "社会"]),
            article("d", channel="情感故事"),
            article("e"),
        )
        assert ask(Term("channel", "情感")) == ["a", "b", "c"]
        assert ask(Term("channel", "情感/故事")) == ["a", "c"]
        assert ask(Term("channel", "情感/故事/夜话")) == ["c"]
        assert ask(Term("channel", "社会")) == ["c"]
        assert ask(Term("channel", "故事")) == []

    def test_a_term_of_a_text_field_is_a_token(self, engine: Engine) -> None:
        ask = self.answers(engine, article("a", title="北京地铁", body="公交"))
        assert ask(Term("title", "地铁")) == ["a"]
        assert ask(Term("body", "地铁")) == []
        assert ask(Term("title", "地")) == []

    def test_a_number_is_in_a_range_with_both_its_ends(self, engine: Engine) -> None:
        numbers: dict[str, int | float] = {
            "least": -(2**63),
            "minus": -12.5,
            "under": -1e-300,
            "zero": 0,
            "over": 1e-300,
            "third": 0.333,
            "three": 3,
            "float": 3.0,
            "ten": 10,
            "most": 1.7e308,
        }
        ask = self.answers(
            engine,
            *(article(name, attributes={"price": value}) for name, value in numbers.items()),
            article("text", attributes={"price": "3"}),
            article("other", attributes={"price.net": 3, "pric": 3, "size": 3}),
            article("none"),
        )
        assert ask(NumberRange("price")) == sorted(numbers)
        for low in numbers.values():
            for high in numbers.values():
                inside = sorted(name for name, value in numbers.items() if low <= value <= high)
                assert ask(NumberRange("price", float(low), float(high))) == inside, (low, high)
        assert ask(NumberRange("price", -0.0, 0.0)) == ["zero"]
        assert ask(NumberRange("price", low=3.0)) == ["float", "most", "ten", "three"]
        assert ask(NumberRange("price", high=-12.5)) == ["least", "minus"]
        assert ask(NumberRange("size", 3.0, 3.0)) == ["other"]
        for name in ("", "Price", "price=", "价", "\ud800"):
            assert ask(NumberRange(name)) == [], name

    def test_an_attribute_that_is_a_text_is_compared_as_it_stands(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("east", attributes={"region": "华东", "form": "报告"}),
            article("north", attributes={"region": "华北"}),
            article("long", attributes={"region": "华东 上海"}),
            article("signs", attributes={"region": "a=b", "a": "b=c"}),
            article("number", attributes={"region": 3}),
            article("none"),
        )
        assert ask(Term("attribute", "region=华东")) == ["east"]
        assert ask(Or((Term("attribute", "region=华东"), Term("attribute", "region=华北")))) == [
            "east",
            "north",
        ]
        assert ask(Term("attribute", "form=报告")) == ["east"]
        assert ask(Term("attribute", "region=a=b")) == ask(Term("attribute", "a=b=c")) == ["signs"]
        for value in ("region=", "region", "region=華東", "region=3", "=华东", "form=华东", ""):
            assert ask(Term("attribute", value)) == [], value

    def test_a_range_takes_its_start_and_not_its_end(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("a", published_at="2026-01-01T00:00:00Z", expires_at="2026-05-01T00:00:00Z"),
            article("b", published_at="2026-01-02T00:00:00Z", updated_at="2026-01-03T00:00:00Z"),
            article("c", published_at=datetime(2026, 1, 2, second=1, tzinfo=UTC)),
            article("d", published_at=None),
            article("e", published_at="1905-01-01T00:00:00Z"),
        )
        first, second = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
        assert ask(Range("published_at", first, second)) == ["a"]
        assert ask(Range("published_at", second.astimezone(SHANGHAI), None)) == ["b", "c"]
        assert ask(Range("published_at", None, second)) == ["a", "e"]
        assert ask(Range("published_at")) == ["a", "b", "c", "e"]
        assert ask(Range("published_at", second, first)) == []
        assert ask(Range("updated_at", first)) == ["b"]
        assert ask(Range("expires_at", second)) == ["a"]

    def test_and_or_not_combine_at_any_depth(self, engine: Engine) -> None:
        ask = self.answers(
            engine,
            article("a", title="农业", body="无"),
            article("b", title="农业 银行", body="无"),
            article("c", title="银行", body="无"),
            article("d", title="晴天", body="无"),
        )
        farm, bank = match("农业"), match("银行")
        assert ask(And((farm, bank))) == ["b"]
        assert ask(And((farm, Not(bank)))) == ["a"]
        assert ask(Or((farm, bank))) == ["a", "b", "c"]
        assert ask(Not(Or((farm, bank)))) == ["d"]
        assert ask(Or((Not(farm), bank))) == ["b", "c", "d"]
        assert ask(Or((And((farm, Not(bank))), And((Not(farm), bank))))) == ["a", "c"]
        assert ask(Not(Not(farm))) == ["a", "b"]
        assert ask(And((farm, Or((bank, Not(MatchAll())))))) == ["b"]
        assert ask(And((farm,))) == ask(Or((farm,))) == ["a", "b"]
        assert ask(And(())) == ask(MatchAll()) == ["a", "b", "c", "d"]
        assert ask(Or(())) == ask(Not(MatchAll())) == ask(Not(And(()))) == []

    def test_a_filter_narrows_without_counting(self, engine: Engine) -> None:
        fill(engine, article("a", source="甲"), article("b", source="乙"))
        with engine.reader() as reader:
            plain = reader.search(SearchRequest(match("学校")))
            page = reader.search(
                SearchRequest(match("学校"), filter=And((Term("source", "乙"), match("学校"))))
            )
            assert (page.total, [hit.article.id for hit in page.hits]) == (1, ["b"])
            assert page.hits[0].score == plain.hits[0].score > 0

    def test_what_was_expected_counts_as_what_was_not(self, engine: Engine) -> None:
        fill(engine, article("a", source="甲"), article("b", source="乙"), article("c", body="雨"))
        queries = (match("学校 石板路"), match("雨"), Not(match("雨")), Literal("石板"))
        requests = [
            SearchRequest(query, filter=narrow)
            for query in queries
            for narrow in (None, Term("source", "乙"))
        ]
        with engine.reader() as reader:
            before = [reader.count(each) for each in requests]
            reader.expect(requests)
            assert [reader.count(each) for each in requests] == before
            assert [reader.search(each).total for each in requests] == before
            reader.expect([])
            assert [reader.count(each) for each in requests] == before
        fill(engine, article("b", source="乙", body="雨"), revision=2)
        with engine.reader() as reader:
            assert reader.count(requests[3]) == before[3] + 1

from __future__ import annotations

import pytest

from indexer.query import (
    Adjacent,
    And,
    Boost,
    Literal,
    MatchAll,
    Near,
    Not,
    Or,
    Query,
    Range,
    Term,
    TitlePrefix,
)
from search_service.answering.ladder import query_for, rescore_for
from search_service.answering.rungs import Rung, is_loose, may_stand_inside, rungs
from search_service.ranking.weights import FIELD_WEIGHTS
from search_service.understanding.parse import parse
from search_service.understanding.tree import Node
from tests.search_service.indexes import SHANGHAI
from tests.typed_queries import adjacent, analyzer, match

TITLE = (("title", 2.0),)
NAMES = ("title", "lead", "body")


def unquoted(text: str) -> Query:
    most = match(text, FIELD_WEIGHTS, need=0.6)
    return Or((match(text, FIELD_WEIGHTS, need=0.0), Boost(most, 5.0)))


UNQUOTED = unquoted("茶会")
NEAR = Or((
    And((match("茶会 古塔", FIELD_WEIGHTS), Near(("茶会", "古塔"), 5, NAMES))),
    Literal("茶会 古塔", NAMES),
))  # fmt: skip
NEAR_IN_TITLE = Or((
    And((match("茶会 古塔", TITLE), Near(("茶会", "古塔"), 3, ("title",)))),
    Literal("茶会 古塔", ("title",)),
))  # fmt: skip
BESIDE = And((Literal("茶会", NAMES), Term("tag", "茶")))


def tree(text: str) -> Node | None:
    return parse(text, analyzer=analyzer(), timezone=SHANGHAI).tree


def titled(query: Query, title: str) -> Query:
    """The articles of the query, and those with exactly that title."""
    return Or((query, TitlePrefix(title, whole=True)))


def enough(telling: str, need: float, words: str) -> Query:
    """The articles that hold enough telling words, ranked by all words."""
    held = Boost(match(telling, FIELD_WEIGHTS, need=need), 0.0)
    return And((held, match(words, FIELD_WEIGHTS, need=0.0)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["browse"]),
        ("-银行", ["browse"]),
        ("channel:情感 date:2023", ["browse"]),
        ('"乡村振兴"', ["words", "unquoted"]),
        ('title:"乡村振兴"', ["words"]),
        ('-"乡村振兴"', ["browse"]),
        ('"乡村 振兴"~5', ["words", "unquoted"]),
        ('title:"乡村 振兴"~5', ["words"]),
        ('"乡村振兴" 茶会', ["words", "inside", "any", "unquoted"]),
        ('"乡村振兴" -茶会', ["words", "unquoted"]),
        ("，", ["words"]),
        ("茶会", ["words", "inside"]),
        ("茶会 古塔", ["words", "inside", "any"]),
        ("茶会 古塔 石渠", ["words", "inside", "most", "any"]),
        ("茶会 古塔 的", ["words", "inside", "any"]),
        ("茶会 明", ["words", "inside", "any"]),
        ("明 日", ["words", "inside"]),
        ("的", ["words", "inside"]),
        ("的 了", ["words", "inside", "any"]),
        ("的了吗", ["words", "most", "any", "inside"]),
        ("title:茶会古塔石渠", ["words", "inside"]),
        ("茶会 AND 古塔", ["words", "inside"]),
        ("茶会 古塔 -石渠", ["words", "inside", "any"]),
        ("茶会 茶会", ["words", "inside"]),
    ],
)
def test_a_tree_has_the_rungs_that_can_differ(text: str, expected: list[Rung]) -> None:
    assert list(rungs(tree(text))) == expected


@pytest.mark.parametrize(
    ("text", "rung", "query"),
    [
        ("", "browse", MatchAll()),
        ("茶会 古塔", "words", match("茶会 古塔", FIELD_WEIGHTS)),
        ("茶会 古塔", "inside", match("茶会 古塔", FIELD_WEIGHTS, inside=True)),
        ("茶会 古塔 石渠 明", "most", enough("茶会 古塔 石渠", 0.6, "茶会 古塔 石渠 明")),
        ("茶会 古塔 明", "any", enough("茶会 古塔", 0.0, "茶会 古塔 明")),
        ("art 茶会", "inside", And((match("art", FIELD_WEIGHTS), match("茶会", FIELD_WEIGHTS, inside=True)))),
        ("art 15", "inside", match("art 15", FIELD_WEIGHTS, inside=True)),
        ("3:2", "words", match("3:2", FIELD_WEIGHTS)),
        ("茶会 3:2", "any", enough("茶会 3:2", 0.0, "茶会 3:2")),
        ("茶会 h15", "any", And((
            Boost(Or((
                And((match("茶会", FIELD_WEIGHTS, need=0.5),)),
                And((Or((adjacent("h15", NAMES), Adjacent(("h15",), NAMES))),)),
            )), 0.0),
            match("茶会 h15", FIELD_WEIGHTS, need=0.0),
        ))),
        ("title:7号", "words", titled(And((match("7号", TITLE), adjacent("7号", ("title",)))), "7号")),
        ("art 茶会", "any", enough("art 茶会", 0.0, "art 茶会")),
        ("的 了", "any", enough("的 了", 0.0, "的 了")),
        ('"茶会"', "any", Literal("茶会", NAMES)),
        ('"茶会"', "unquoted", UNQUOTED),
        ('"茶会" 古塔 tag:茶', "unquoted", And((unquoted("茶会 古塔"), Term("tag", "茶")))),
        ('"茶会" 古塔 tag:茶', "any", Or((BESIDE, And((BESIDE, enough("古塔", 0.0, "古塔")))))),
        ('"茶会 古塔"~5', "words", NEAR),
        ('"茶会 古塔"~5', "any", NEAR),
        ('"茶会 古塔"~5', "unquoted", unquoted("茶会 古塔")),
        ('"茶会 古塔"~5 石渠', "inside", And((NEAR, match("石渠", FIELD_WEIGHTS, inside=True)))),
        ('-"茶会 古塔"~5', "browse", Not(NEAR)),
        ('title:"茶会 古塔"~3', "words", NEAR_IN_TITLE),
        ('title:"茶会 古塔"~3', "unquoted", NEAR_IN_TITLE),
        ("，", "words", Literal("，", NAMES)),
        ("title:茶会", "any", titled(match("茶会", TITLE, inside=True), "茶会")),
        ('title:"茶会"', "words", Literal("茶会", ("title",))),
        ("channel:情感/ 故事", "words", And((Term("channel", "情感"), match("故事", FIELD_WEIGHTS)))),
        ("channel:/情感/故事/", "browse", Term("channel", "情感/故事")),
        ("tag:茶", "browse", Term("tag", "茶")),
        ("茶会 OR 古塔", "words", Or((match("茶会", FIELD_WEIGHTS), match("古塔", FIELD_WEIGHTS)))),
        ("-茶会", "browse", Not(And((Literal("茶会", NAMES),)))),
        ("-(茶会 art，)", "browse", Not(And((Literal("茶会", NAMES), adjacent("art，", NAMES))))),
        ("-(a OR b)", "browse", Not(Or((And((adjacent("a", NAMES),)), And((adjacent("b", NAMES),)))))),
        ("-title:茶会", "browse", Not(And((Literal("茶会", ("title",)),)))),
        ('-"a b"', "browse", Not(Literal("a b", NAMES))),
        ("date:..1999-12", "browse", Range("published_at", None, None)),
    ],
)  # fmt: skip
def test_a_tree_on_a_rung_is_the_query(text: str, rung: Rung, query: Query) -> None:
    made = query_for(tree(text), rung)
    if isinstance(made, Range):
        made = Range(made.field, made.start)
    assert made == query


@pytest.mark.parametrize(
    ("text", "expected"),
    [("art", False), ("ａｒｔ 15", False), ("art 茶", True), ("茶会", True), ('"茶会"', False), ("", False)],
)  # fmt: skip
def test_only_chinese_words_may_have_been_cut_otherwise(text: str, expected: bool) -> None:
    assert may_stand_inside(tree(text)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("茶会 古塔 石渠 集市", True),
        ("茶会 古塔 石渠 明 日", False),
        ("茶会古塔怎么样", True),
        ("茶会怎么样", True),
        ("茶会是什么", False),
        ("茶会 古塔", False),
        ('"茶会古塔石渠集市"', False),
        ("", False),
    ],
)
def test_questions_and_long_texts_are_asked_loosely(text: str, expected: bool) -> None:
    assert is_loose(tree(text)) is expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("茶会 古塔 -石渠", "茶会 古塔"),
        ("(茶会 OR 古塔) 石渠", "茶会 古塔 石渠"),
        ("茶会", None),
        ("茶会 title:古塔", None),
        ('"茶会古塔" 石渠', None),
        ("", None),
    ],
)
def test_two_and_more_loose_words_should_stand_close_together(text: str, words: str | None) -> None:
    found = rescore_for(tree(text))
    assert (found and " ".join(found.words)) == words


@pytest.mark.parametrize("text", ['"茶会" "的"', '"茶会" 了', '"什么" "茶会" -古塔'])
def test_quotes_of_stopwords_alone_ask_for_nothing_once_they_are_words(text: str) -> None:
    asked = query_for(tree(text), "unquoted")
    assert asked == UNQUOTED or (isinstance(asked, And) and UNQUOTED in asked.clauses)
    assert query_for(tree('"的" "了"'), "unquoted") == And((unquoted("的 了"),))


def test_a_part_of_stopwords_alone_does_not_count_for_what_stands_close_together() -> None:
    found = rescore_for(tree("(茶会 古塔) OR (的 了)"))
    assert found is not None
    assert found.words == ("茶会", "古塔")

"""Recall that is certain: whatever stands in an article is found, and nothing that is typed can fail.

The oracle looks through the folded texts character by character. Both engines are asked.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.analysis.characters import fold, fold_literal
from indexer.engines.documents import searchable_texts
from search_service.answering.rungs import is_loose
from search_service.answering.search import Answer, Question
from search_service.ranking.weights import FEW
from search_service.services import Services
from search_service.understanding.parse import MAX_LENGTH, Parsed, parse
from search_service.understanding.tree import All, Either, Exclude, Node, Words
from tests.factories import article
from tests.relevance.test_must_work import TEXTS as SENTENCES
from tests.relevance.test_odd_words import TEXTS as ODD
from tests.search_service.indexes import services
from tests.typed_queries import analyzer

ARTICLES = [
    *(article(name, title=title, body=body) for name, (title, body) in SENTENCES.items()),
    *(article(f"odd-{name}", title="短讯", body=body) for name, body in ODD.items()),
]
FOLDED = {
    each.id: [fold_literal(text) for text in searchable_texts(each).values()] for each in ARTICLES
}

STRANGE = (
    "\ud800",
    "\u202e",
    "\u2066",
    "\u200d",
    "\x00",
    "\ufeff",
    "\ufe0f",
    "\u0301",
    "\U000e0041",
)
OPERATORS = (
    *'()|-"“”「」『』（）｜－*:：',
    " OR ",
    " AND ",
    " NOT ",
    "title:",
    "date:",
    "tag:",
    "2026-02..",
    "　",
)
OPERATOR = re.compile(r"""AND|OR|NOT|[-－()（）|｜"“”「」『』:：]""")
WORDS = (
    "茶会",
    "云溪",
    "3:2",
    "C++",
    "*ST",
    "100%",
    "iPhone15",
    "臺灣",
    "的",
    "明",
    "𠮷",
    "😀",
    "https://example.com/a",
)
TYPED = st.one_of(
    st.lists(st.sampled_from((*STRANGE, *OPERATORS, *WORDS)), max_size=25).map("".join),
    st.text(max_size=80),
    st.sampled_from(["(" * 600 + "茶" + ")" * 600, "-" * 600, '"' * 501, "NOT " * 150, "茶 OR " * 99, "a:" * 300]),
)  # fmt: skip

QUICKLY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(
    scope="module", params=[pytest.param("memory", marks=pytest.mark.thorough), "whoosh"]
)
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Services:
    return services(tmp_path_factory.mktemp("index"), ARTICLES, engine=request.param)


def ask(asked: Services, text: str) -> Answer:
    return asked.search(Question(text=text, size=100))


def ids(answer: Answer) -> set[str]:
    return {hit.article.id for hit in answer.hits}


def holding(text: str) -> set[str]:
    return {name for name, fields in FOLDED.items() if any(text in each for each in fields)}


@st.composite
def pieces(draw: st.DrawFn) -> tuple[str, str]:
    """An article's id and up to eight characters that stand in it."""
    chosen = draw(st.sampled_from(ARTICLES))
    text = draw(st.sampled_from([chosen.title, chosen.body]))
    start = draw(st.integers(0, len(text) - 1))
    return chosen.id, text[start : start + draw(st.integers(1, 8))].strip()


def read(asked: Services, text: str) -> Parsed:
    return parse(text, analyzer=analyzer(), timezone=asked.timezone)


def holds_operators(node: Node | None) -> bool:
    """Whether operators that had nothing to act on were read as text: spelt beside other words, they may act again."""
    match node:
        case All(parts) | Either(parts):
            return any(map(holds_operators, parts))
        case Exclude(part):
            return holds_operators(part)
        case Words(text):
            return OPERATOR.search(text) is not None
        case _:
            return False


def is_chinese(text: str) -> bool:
    return bool(text) and all("\u4e00" <= character <= "\u9fff" for character in text)


@given(TYPED)
@QUICKLY
def test_nothing_typed_fails_and_the_echo_means_the_same(asked: Services, typed: str) -> None:
    answer = ask(asked, typed)
    parsed = read(asked, typed)
    assert answer.understood.parsed == parsed.echo
    if len(parsed.echo) < MAX_LENGTH and not holds_operators(parsed.tree):
        assert read(asked, parsed.echo).echo == parsed.echo
    assert len(answer.hits) == min(answer.total, 100)


@given(pieces())
@QUICKLY
def test_a_quote_finds_all_articles_that_hold_it_and_no_others(
    asked: Services, piece: tuple[str, str]
) -> None:
    name, text = piece
    if fold_literal(text):
        answer = ask(asked, f'"{text}"')
        assert answer.understood.rung == "words"
        assert ids(answer) == holding(fold_literal(text)) >= {name}


@given(pieces().filter(lambda piece: is_chinese(piece[1])))
@QUICKLY
def test_what_stands_in_an_article_finds_it(asked: Services, piece: tuple[str, str]) -> None:
    name, text = piece
    answer = ask(asked, text)
    loose = is_loose(read(asked, text).tree)
    all_words = answer.understood.rung in ("words", "inside", "most") or answer.understood.stricter
    assert all_words or loose
    assert name in ids(answer) or (answer.understood.rung == "words" and answer.total >= FEW)


@given(pieces().filter(lambda piece: is_chinese(piece[1])))
@QUICKLY
def test_an_exclusion_takes_away_what_holds_it_and_nothing_else(
    asked: Services, piece: tuple[str, str]
) -> None:
    assert ids(ask(asked, f"-{piece[1]}")) == set(FOLDED) - holding(fold(piece[1]))

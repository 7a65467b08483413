"""Synonyms: what counts for the words of a query, and what the reader is told and shown."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from indexer.editorial.entries import Synonyms
from indexer.editorial.lines import packaged_synonyms, read_entries
from search_service.answering.search import Question
from search_service.ranking.weights import SYNONYM
from search_service.understanding.parse import parse
from search_service.understanding.synonyms import MOST, SynonymTable, Used, with_synonyms
from search_service.understanding.tree import Exclude, Node, Phrase, Words, all_of
from tests.factories import article
from tests.search_service.indexes import SHANGHAI, services
from tests.typed_queries import alternative, analyzer


def table(*lines: str) -> SynonymTable:
    entries = read_entries("synonyms", "\n".join(lines), where="test")
    return SynonymTable([each for each in entries if isinstance(each, Synonyms)])


def expanded(text: str, *lines: str) -> tuple[Node | None, tuple[Used, ...]]:
    tree = parse(text, analyzer=analyzer(), timezone=SHANGHAI).tree
    return with_synonyms(tree, table(*lines), analyzer())


def alternatives(text: str, *lines: str) -> list[tuple[str, str]]:
    tree, _ = expanded(text, *lines)
    assert isinstance(tree, Words)
    assert all(each.factor == SYNONYM for each in tree.alternatives)
    return [(each.word, each.text) for each in tree.alternatives]


def test_words_of_one_line_find_each_other() -> None:
    lines = ("出租车, 的士，计程车",)
    assert alternatives("出租车", *lines) == [("出租车", "的士"), ("出租车", "计程车")]
    assert alternatives("計程車 司机", *lines) == [("计程车", "出租车"), ("计程车", "的士")]
    assert alternatives("公交车", *lines) == []


def test_an_arrow_goes_one_way() -> None:
    lines = ("番茄 => 西红柿、洋柿子",)
    assert alternatives("番茄", *lines) == [("番茄", "西红柿"), ("番茄", "洋柿子")]
    assert alternatives("西红柿", *lines) == []


def test_several_lines_add_up_and_do_not_chain() -> None:
    lines = ("酒店, 宾馆", "宾馆, 旅馆")
    assert alternatives("宾馆", *lines) == [("宾馆", "酒店"), ("宾馆", "旅馆")]
    assert alternatives("酒店", *lines) == [("酒店", "宾馆")]


def test_words_that_are_set_apart_do_not_find_each_other_whatever_else_says_so() -> None:
    assert alternatives("软件", "软件, 软体, 程序", "-软体, 软件") == [("软件", "程序")]


def test_words_that_make_an_entry_together_each_have_its_synonym() -> None:
    assert alternatives("番茄炒蛋 做法", "番茄炒蛋, 西红柿炒鸡蛋") == [
        ("番茄", "西红柿炒鸡蛋"),
        ("炒蛋", "西红柿炒鸡蛋"),
    ]


def test_a_word_inside_a_longer_one_is_replaced_there() -> None:
    assert analyzer().query("网络安全")[0].text == "网络安全"
    assert alternatives("网络安全", "网络, 网路") == [("网络安全", "网路安全")]


def test_a_word_has_only_so_many_synonyms() -> None:
    many = ", ".join(f"名{number}号" for number in range(20))
    assert len(alternatives("茶会", f"茶会, {many}")) == MOST


def test_quotes_exclusions_and_fields_mean_the_very_words() -> None:
    tree, used = expanded('软件 "软件" -软件 source:软件', "软件, 软体")
    assert tree == all_of(
        [
            Words("软件", ("软件",), alternatives=(alternative("软件", "软体", SYNONYM),)),
            Phrase("软件"),
            Exclude(Words("软件", ("软件",))),
            *parts(parse("source:软件", analyzer=analyzer(), timezone=SHANGHAI).tree),
        ]
    )
    assert used == (Used("软件", ("软体",)),)


def parts(tree: Node | None) -> list[Node]:
    return [tree] if tree else []


@pytest.mark.parametrize("text", ["", "，", '"软件"'])
def test_a_tree_without_loose_words_stays_as_it_is(text: str) -> None:
    tree, used = expanded(text, "软件, 软体")
    assert tree == parse(text, analyzer=analyzer(), timezone=SHANGHAI).tree
    assert used == ()


def test_the_packaged_list_holds_each_word_once_and_in_folded_form() -> None:
    words = [word for line in packaged_synonyms() if not line.targets for word in line.words]
    assert len(packaged_synonyms()) > 60
    assert len(words) == len(set(words))


def test_the_readers_own_word_comes_first_and_the_other_is_marked(tmp_path: Path) -> None:
    articles = [
        article("taxi", title="出租车调价", body="起步价涨了一元。"),
        article("other", title="計程車調價", body="起步價漲了。"),
        article("none", title="公交调价", body="票价涨了一元。"),
    ]
    with closing(services(tmp_path, articles, engine="whoosh")) as asked:
        answer = asked.search(Question(text="出租车"))
        assert [hit.article.id for hit in answer.hits] == ["taxi", "other"]
        assert answer.understood.synonyms == (Used("出租车", ("计程车", "的士")),)
        title = answer.hits[1].title
        assert [title.text[start:end] for start, end in title.marks] == ["計程車"]

from __future__ import annotations

import pytest

from indexer.abbreviations import Abbreviation, abbreviations
from indexer.article import Article
from indexer.editorial.entries import Synonyms
from tests.factories import article
from tests.typed_queries import analyzer


def found(*bodies: str, least: int = 1, known: tuple[Synonyms, ...] = ()) -> list[tuple[str, str]]:
    articles = [article(f"a-{n}", title="短讯", body=body) for n, body in enumerate(bodies)]
    return pairs(articles, least=least, known=known)


def pairs(
    articles: list[Article], *, least: int, known: tuple[Synonyms, ...] = ()
) -> list[tuple[str, str]]:
    made = abbreviations(articles, analyzer(), least=least, known=known)
    return [(each.full, each.short) for each in made]


@pytest.mark.parametrize(
    ("text", "full", "short"),
    [
        ("记者从云溪大学（以下简称云大）获悉", "云溪大学", "云大"),
        ("昨天，云溪大学(简称：“云大”)开学", "云溪大学", "云大"),
        ("走进云溪大学（下称「云大」）的校门", "云溪大学", "云大"),
        ("雲溪大學（以下簡稱雲大）", "云溪大学", "云大"),
        ("“云溪读书与写作计划”（以下简称“云溪计划”）", "云溪读书与写作计划", "云溪计划"),
        ("《云溪古塔保护条例》（简称古塔条例）", "", ""),
        ("石渠管理委员会（下文简称石管委）", "石渠管理委员会", "石管委"),
        ("县里的茶叶博览会（以下简称为茶博会）", "茶叶博览会", "茶博会"),
        ("第一届供应链促进博览会（以下简称链博会）", "", ""),
        ("《茶叶管理办法》（以下简称《办法》）", "", ""),
        ("青石有限公司（以下简称公司）", "", ""),
        ("罗秋满（以下简称村长）", "", ""),
        ("云溪大学（简称1905）", "", ""),
        ("云溪大学（又名云大）", "", ""),
    ],
)
def test_a_full_name_and_its_short_form_are_read(text: str, full: str, short: str) -> None:
    assert found(text) == ([(full, short)] if full else [])


def test_a_short_form_of_several_things_is_left_out() -> None:
    assert found("云溪大学（简称云大）", "云山大学（简称云大）") == []


def test_articles_are_counted_and_reprints_once() -> None:
    body = "云溪大学（简称云大）和石渠大学（简称渠大）"
    reprints = [
        article("a", title="甲", body=f"{body}。", duplicate_group=7),
        article("b", title="乙", body=f"{body}！", duplicate_group=7),
        article("c", title="丙", body="云溪大学（简称云大）"),
    ]
    assert abbreviations(reprints, analyzer(), least=1)[0] == Abbreviation("云溪大学", "云大", 2)
    assert pairs(reprints, least=2) == [("云溪大学", "云大")]


def test_a_line_that_is_known_is_left_out() -> None:
    known = (Synonyms(("云大", "云溪大学"), apart=True),)
    assert found("云溪大学（简称云大）", known=known) == []

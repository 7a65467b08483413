"""Words show their effect before they act: the articles that they touch, titles that are cut otherwise, readers' queries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.analysis.dictionary import UserDictionary, UserWord
from indexer.asking import Asked
from indexer.rebuilding.previewing import preview_words
from indexer.store.database import open_store
from indexer.word_changes import RecutTitle
from indexer.words_preview import FullPreview, read_preview, write_preview
from tests.indexer.rebuilding.test_checks import Checked
from tests.indexer.site import SHANGHAI
from tests.typed_queries import analyzer


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Checked]:
    store = open_store(f"sqlite:///{tmp_path}/articles.sqlite3")
    made = Checked(tmp_path, store, analyzer(), "whoosh")
    made.fill("a-0", title="去晴川谷物市场", body="今天开门。")
    made.fill("a-1", title="晴川谷的秋天", body="山里，谷里。")
    made.fill("a-2", title="晴川的谷子丰收", body="今天开门。", status="draft")
    made.fill("a-3", title="市场", body="这里的谷物很多。")
    made.fill(*(f"b-{n}" for n in range(16)))
    made.rebuild()
    yield made
    store.close()


def preview(site: Checked, *words: str) -> FullPreview:
    site.analyzer = site.analyzer.knowing(UserDictionary.of(map(UserWord, words)))
    return preview_words(
        site.generations, analyzer=site.analyzer, timezone=SHANGHAI, asking=site.asking
    )


def test_a_preview_names_what_would_change_and_changes_nothing(site: Checked) -> None:
    site.search("晴川谷物", "报道")
    made = preview(site, "晴川谷物")
    assert (made.generation, made.effect.touched, made.effect.articles) == ("000001", 1, 20)
    assert made.effect.titles == (
        RecutTitle("a-0", "去晴川谷物市场", ("去", "晴川", "谷物", "市场"), ("去", "晴川谷物", "市场")),
    )  # fmt: skip
    assert made.asked == 2
    assert site.folders() == ["000001"]
    assert site.look().need == "words"
    assert made.sentence.startswith("added 晴川谷物: 1 of 20 articles are touched; of 2 recorded")


def test_a_query_that_finds_other_articles_is_shown_with_both_first_pages(site: Checked) -> None:
    site.search("秋天", "谷物", "晴川谷物")
    made = preview(site, "晴川谷")
    assert [query.text for query in made.queries] == ["晴川谷物", "谷物"]
    assert made.queries[1].before == Asked(2, ("a-0", "a-3"))
    assert made.queries[1].after == Asked(2, ("a-3", "a-0"))
    assert (made.asked, made.moved) == (3, 2)


def test_without_queries_or_changes_or_with_too_many_articles_none_is_asked(site: Checked) -> None:
    assert preview(site, "晴川谷").why.startswith("readers' queries cannot be read (")
    site.search("谷物")
    assert preview(site, "报道").why.startswith("the words touch so many articles")
    assert preview(site).sentence == "the live index was made with these words"


def test_the_last_preview_is_kept_in_the_index_folder(site: Checked) -> None:
    root = site.generations.root
    assert read_preview(root) is None
    site.search("谷物")
    made = preview(site, "晴川谷")
    write_preview(made, root)
    assert read_preview(root) == made
    (root / "words_preview.json").write_text("{}", encoding="utf-8")
    assert read_preview(root) is None

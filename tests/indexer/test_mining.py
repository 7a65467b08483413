"""New words of the articles, as editors are shown them."""

from __future__ import annotations

from pathlib import Path

from indexer.analysis.dictionary import UserDictionary, UserWord
from indexer.engines.registry import open_engine
from indexer.mining import mined_words
from tests.contracts.engine_base import SHANGHAI, fill
from tests.factories import article
from tests.indexer.analysis.test_new_words import texts
from tests.typed_queries import analyzer


def test_words_are_shown_with_the_articles_that_hold_them_and_a_passage(tmp_path: Path) -> None:
    engine = open_engine("whoosh", tmp_path / "index", analyzer=analyzer(), timezone=SHANGHAI)
    engine.create()
    some = [*texts("晴川谷"), *texts("罗秋满")]
    fill(
        engine,
        article("old", body="".join(some), published_at="2026-01-01"),
        article("new", title="晴川谷", body="到晴川谷去。", published_at="2026-02-01"),
    )
    with engine.reader() as reader:
        mined = mined_words(some, reader, analyzer(), most=10)
        assert [(each.word.text, each.articles) for each in mined] == [("晴川谷", 2), ("罗秋满", 1)]
        assert mined[0].example == "晴川谷 到晴川谷去。"
        assert "罗秋满" in mined[1].example
        assert all(each.word.frequency for each in mined)
        assert len(mined_words(some, reader, analyzer(), most=1)) == 1
        refusing = analyzer().knowing(UserDictionary((UserWord("晴川谷", 0), UserWord("罗秋满"))))
        assert mined_words(some, reader, refusing, most=10) == []

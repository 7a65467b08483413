"""Applies the editors' words: a copy of the live index becomes a new generation, with the touched articles indexed anew.

Words belong to a generation, so nothing ever mixes two dictionaries. The new generation is caught up, checked and promoted as
every other. If the words touch much of the index, or something else is wrong with it, the whole store is indexed instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.asking import MakeAsking
from indexer.build_progress import Announcer, Report, silent
from indexer.engines.base import Engine, Reader
from indexer.engines.registry import open_engine
from indexer.fingerprint import SCHEMA_VERSION, fingerprint
from indexer.generations import Generation, Generations
from indexer.opening import made_with
from indexer.rebuilding.catch_up import BATCH, made_from
from indexer.rebuilding.filling import Build, Fill, Filled, whole_store
from indexer.rebuilding.rebuild import RebuildReport, rebuild
from indexer.said import Said, listed
from indexer.store.articles import ArticleStore
from indexer.word_changes import WordChanges, touched, with_words

MOST: Final = 0.2
"""The largest share of touched articles. With more a rebuild is cheaper: it uses all cores, and leaves no deleted documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsReport:
    """What came of applying words. ``touched`` articles were indexed anew; None if all were, for the reason ``why``.

    ``rebuilt`` is None if the live index was made with these words already.
    """

    changes: WordChanges
    touched: int | None = None
    why: str = ""
    rebuilt: RebuildReport | None = None

    @property
    def sentence(self) -> str:
        """Which words were applied, and how."""
        if self.rebuilt is None:
            return Said("nothing to do: the live index was made with these words")
        how = self.why or Said("articles indexed anew: {touched:,}", touched=self.touched)
        return listed(self.changes.sentence, how)


def apply_words(
    store: ArticleStore,
    generations: Generations,
    *,
    engine_name: str,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    keep: int,
    processes: int = 1,
    asking: MakeAsking | None = None,
    force: bool = False,
    progress: Report = silent,
) -> WordsReport:
    """Make a generation with the editors' words, which ``analyzer`` knows, and promote it unless a check fails.

    The words that the last rebuild found in the articles stay, except those that editors list. A word that is listed meanwhile is
    not applied. O(live index) to check the files, and as much as indexing the touched articles.

    Raises:
        NoLiveGeneration, GenerationMissing, ManifestDamaged, IndexDamaged: there is nothing sound to apply them to.
        As :func:`~indexer.rebuilding.rebuild.rebuild` does.
    """
    live = generations.live()
    before = made_with(live, analyzer)
    changes = WordChanges.between(before.user_dictionary, analyzer.user_dictionary)
    if not changes:
        return WordsReport(changes=changes)
    engine = open_engine(live.manifest.engine, live.index, analyzer=before, timezone=timezone)
    count: int | None = None
    with engine.reader() as reader:
        why = _unfit(live, before, engine_name) or _unlike(store, reader)
        if not why:
            count = len(touched(reader, changes))
            if count > MOST * reader.doc_count:
                why = Said(
                    "the words touch {touched:,} of {articles:,} articles",
                    touched=count,
                    articles=reader.doc_count,
                )
                count = None
    fill: Fill = whole_store
    if count is not None:
        after = with_words(before, analyzer.user_dictionary)
        fill = partial(_from_live, live=live, source=engine, after=after, changes=changes)
    rebuilt = rebuild(
        store,
        generations,
        engine_name=engine_name,
        analyzer=analyzer,
        timezone=timezone,
        keep=keep,
        processes=processes,
        asking=asking,
        force=force,
        fill=fill,
        progress=progress,
    )
    return WordsReport(changes=changes, touched=count, why=why, rebuilt=rebuilt)


def _unfit(live: Generation, before: Analyzer, engine_name: str) -> str:
    """Why a generation of this program cannot be made of the live one's files; empty if it can."""
    if live.manifest.schema_version != SCHEMA_VERSION:
        return Said("the live index has the format of another release")
    if live.manifest.fingerprint != fingerprint(engine=engine_name, analysis=before.fingerprint):
        return Said("another release or another engine made the live index")
    return ""


def _unlike(store: ArticleStore, reader: Reader) -> str:
    return "" if made_from(store, reader) else Said("the live index does not match the store")


def _from_live(
    build: Build, *, live: Generation, source: Engine, after: Analyzer, changes: WordChanges
) -> Filled:
    """Copy the live index, and index the articles anew that the words touch."""
    engine = recut(source, build.index, after, changes, build.timezone, build.announcer)
    with engine.reader() as reader:
        applied = live.manifest.words_applied + len(changes)
        return Filled(engine, reader.revision, words_applied=applied)


def recut(
    source: Engine,
    folder: Path,
    after: Analyzer,
    changes: WordChanges,
    timezone: ZoneInfo,
    announcer: Announcer,
) -> Engine:
    """A copy of an index in ``folder``, in which the articles that ``changes`` touch are cut by ``after``.

    Raises:
        FolderNotWritable: it cannot be written, or the disk is full.
        IndexDamaged: the index cannot be read.
    """
    announcer.begin("scan", total=0)
    source.copy_to(folder)
    engine = open_engine(source.name, folder, analyzer=after, timezone=timezone)
    with engine.reader() as reader:
        ids = touched(reader, changes)
        announcer.begin("index", total=len(ids))
        for start in range(0, len(ids), BATCH):
            with engine.writer() as writer:
                for article_id in ids[start : start + BATCH]:
                    article = reader.get(article_id)
                    assert article is not None, "the reader is a snapshot of the ids' index"
                    writer.put(article)
                    announcer.advance()
                writer.commit(revision=reader.revision)
    announcer.end()
    return engine

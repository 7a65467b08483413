"""Previews words that are not yet applied: applies them to a copy of the live index, and asks both as readers do.

The copy is an unfinished generation, so the next rebuild removes it if this process is killed. It never becomes live.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.asking import Asked, Asking, MakeAsking
from indexer.build_progress import Announcer, Report, silent
from indexer.engines.base import Engine
from indexer.errors import QueryLogUnavailable
from indexer.generations import INDEX, Generations
from indexer.opening import made_with, open_generation
from indexer.rebuilding.words import MOST, recut
from indexer.said import Said, told
from indexer.word_changes import preview, with_words
from indexer.words_preview import FullPreview, MovedQuery

RECORDED: Final = 500
"""The last queries of readers that are asked. Each takes some milliseconds, twice."""
SHOWN: Final = 20
"""The most queries of a preview."""


def preview_words(
    generations: Generations,
    *,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    asking: MakeAsking | None = None,
    progress: Report = silent,
) -> FullPreview:
    """What the editors' words, which ``analyzer`` knows, would change in the live index. Nothing that answers is changed.

    Indexes the touched articles, unless they are so many that applying the words means a rebuild: then no query is asked.

    Raises:
        NoLiveGeneration, GenerationMissing, ManifestDamaged, IndexDamaged, FormatMismatch: there is nothing to compare with.
        WriterBusy: a rebuild is running.
        FolderNotWritable: the copy cannot be written, or the disk is full.
        StoreError: the editors' lists cannot be read.
    """
    live = generations.live()
    before = made_with(live, analyzer)
    after = with_words(before, analyzer.user_dictionary)
    source = open_generation(live, analyzer=analyzer, timezone=timezone)
    with source.reader() as reader:
        effect = preview(reader, before, after)
    asker = asking() if asking else None
    texts, why = _recorded(asker)
    if effect.touched > MOST * effect.articles:
        why = Said("the words touch so many articles that applying them means a rebuild")
    if asker is None or why or not effect.touched:
        return FullPreview(generation=live.name, effect=effect, why=why)
    with ExitStack() as held:
        with generations.lock():
            generations.clean()
            folder = generations.begin()
            held.enter_context(generations.writing(folder.name, purpose="words preview"))
        try:
            announcer = held.enter_context(Announcer(progress))
            copy = recut(source, folder / INDEX, after, effect.changes, timezone, announcer)
            announcer.begin("check", total=len(texts))
            moved = [
                each
                for text in texts
                if (each := _asked_both(asker, source, copy, text, announcer)) is not None
            ]
        finally:
            with generations.lock():
                generations.discard(folder.name)
    moved.sort(key=_shared)
    return FullPreview(
        generation=live.name,
        effect=effect,
        asked=len(texts),
        moved=len(moved),
        queries=tuple(moved[:SHOWN]),
    )


def _recorded(asker: Asking | None) -> tuple[list[str], str]:
    """The last queries of readers, and why there are none."""
    if asker is None:
        return [], Said("nobody asks the index as readers do")
    try:
        texts = asker.recorded(RECORDED)
    except QueryLogUnavailable as error:
        return [], Said("readers' queries cannot be read ({why})", why=told(error))
    return texts, "" if texts else Said("no query of a reader is recorded")


def _asked_both(
    asker: Asking, source: Engine, copy: Engine, text: str, announcer: Announcer
) -> MovedQuery | None:
    """How the first page of a query changes; None if it does not."""
    before, after = asker.ask(source, text), asker.ask(copy, text)
    announcer.advance()
    return None if before.ids == after.ids else MovedQuery(text, before, after)


def _shared(query: MovedQuery) -> float:
    """The share of articles that both pages hold."""
    pages: tuple[Asked, Asked] = query.before, query.after
    every = set().union(*(page.ids for page in pages))
    return len(set(query.before.ids) & set(query.after.ids)) / len(every)

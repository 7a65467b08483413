"""The least that brings the live index up to the store: nothing, its changes, the editors' words, or a rebuild."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.asking import MakeAsking
from indexer.build_progress import Report, silent
from indexer.generations import Generations
from indexer.rebuilding.catch_up import ChangesReport, apply_changes
from indexer.rebuilding.rebuild import RebuildReport, rebuild
from indexer.rebuilding.status import look
from indexer.rebuilding.words import WordsReport, apply_words
from indexer.store.articles import ArticleStore

Did = Literal["nothing", "applied changes", "applied words", "rebuilt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What :func:`rebuild_if_needed` did, and why in one sentence."""

    did: Did
    why: str
    applied: ChangesReport | None = None
    words: WordsReport | None = None
    rebuilt: RebuildReport | None = None


def rebuild_if_needed(
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
) -> Outcome:
    """Do the least that brings the live index up to the store: nothing, apply its changes or the editors' words, or rebuild.

    Raises:
        As :func:`rebuild` and :func:`~indexer.rebuilding.catch_up.apply_changes` do.
    """
    standing = look(
        store, generations, engine_name=engine_name, analyzer=analyzer, timezone=timezone
    )
    need, why = standing.need, standing.why
    if need == "nothing":
        return Outcome(did="nothing", why=why)
    if need == "words":
        words = apply_words(
            store,
            generations,
            engine_name=engine_name,
            analyzer=analyzer,
            timezone=timezone,
            keep=keep,
            processes=processes,
            asking=asking,
            force=force,
            progress=progress,
        )
        return Outcome(did="applied words", why=why, words=words)
    if need == "changes":
        applied = apply_changes(
            store,
            generations,
            engine_name=engine_name,
            analyzer=analyzer,
            timezone=timezone,
            progress=progress,
        )
        if applied.follower or applied.doc_count == applied.store_articles:
            return Outcome(did="applied changes", why=why, applied=applied)
        why = (
            "with all changes applied the index did not hold the store "
            f"(articles: {applied.doc_count}, in the store: {applied.store_articles})"
        )
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
        progress=progress,
    )
    return Outcome(did="rebuilt", why=why, rebuilt=rebuilt)

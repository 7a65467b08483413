"""Promotion and rollback by an admin: one small file is replaced, and readers follow within a second.

A rebuild promotes by itself. What is promoted here was built before: it may have failed its checks, or been damaged since.
"""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.generations import Generation, Generations
from indexer.opening import ensure_fit
from indexer.promotion_checks import ensure_passed


def promote(
    generations: Generations,
    name: str,
    *,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    force: bool = False,
) -> Generation:
    """Make a generation live. With ``force`` it may have failed checks. O(index): its bytes are compared with their checksums.

    Raises:
        GenerationMissing, ManifestDamaged, FormatMismatch, IndexDamaged: this program cannot answer from it.
        ChecksFailed: it failed a check before its promotion.
        FolderNotWritable, WriterBusy: the live one stays.
    """

    def ensure(generation: Generation) -> None:
        if not force:
            ensure_passed(generation.name, generation.folder)
        ensure_fit(generation, analyzer=analyzer, timezone=timezone)

    with generations.lock():
        return generations.promote(name, ensure=ensure)


def roll_back(generations: Generations, *, analyzer: Analyzer, timezone: ZoneInfo) -> Generation:
    """Make the newest generation live that is older than the live one and was live before. O(index), as :func:`promote`.

    Checks are not asked: it was live. The follower brings it up to date, which takes moments unless much changed since.

    Raises:
        NoLiveGeneration, NoEarlierGeneration: there is none.
        FormatMismatch, ManifestDamaged, IndexDamaged: this program cannot answer from it.
        FolderNotWritable, WriterBusy: the live one stays.
    """
    with generations.lock():
        return generations.rollback(
            ensure=partial(ensure_fit, analyzer=analyzer, timezone=timezone)
        )

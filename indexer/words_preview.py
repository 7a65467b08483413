"""The effect of words that are not yet applied, readers' queries included, in ``words_preview.json`` in the index folder.

``indexer/rebuilding/previewing.py`` makes it, for which it copies the live index. Commands and pages only show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from indexer.asking import Asked
from indexer.durable import replace_file
from indexer.errors import FolderNotWritable
from indexer.said import Said
from indexer.word_changes import WordsPreview

PREVIEW: Final = "words_preview.json"


@dataclass(frozen=True, slots=True)
class MovedQuery:
    """A query of readers, as typed, whose first page changes."""

    text: str
    before: Asked
    after: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class FullPreview:
    """What words would change if they were applied to ``generation``.

    Of ``asked`` recorded queries ``moved`` change their first page; ``queries`` are those that change most, the worst first. If none
    was asked, ``why`` says the reason.
    """

    generation: str
    effect: WordsPreview
    asked: int = 0
    moved: int = 0
    queries: tuple[MovedQuery, ...] = ()
    why: str = ""

    @property
    def sentence(self) -> str:
        """What comes of it, in one sentence."""
        if not self.effect.changes:
            return Said("the live index was made with these words")
        figures = {"touched": self.effect.touched, "articles": self.effect.articles}
        if self.effect.is_estimate:
            touched = Said("about {touched:,} of {articles:,} articles are touched", **figures)
        else:
            touched = Said("{touched:,} of {articles:,} articles are touched", **figures)
        asked = {"asked": self.asked, "moved": self.moved}
        return Said(
            "{changes}: {touched}; {queries}",
            changes=self.effect.changes.sentence,
            touched=touched,
            queries=self.why
            or Said("of {asked:,} recorded queries {moved:,} change their first page", **asked),
        )


_FORMAT: Final = TypeAdapter(FullPreview)


def write_preview(preview: FullPreview, root: Path) -> None:
    """Keep the last preview in the index folder.

    Raises:
        FolderNotWritable: it cannot be written, or the disk is full.
    """
    try:
        replace_file(root / PREVIEW, _FORMAT.dump_json(preview, indent=2) + b"\n")
    except OSError as error:
        raise FolderNotWritable(root, error.strerror or str(error)) from error


def read_preview(root: Path) -> FullPreview | None:
    """The last preview in the index folder; None if there is none that this release can read, for it can be made again.

    It may be of another generation, or of other words than those that are listed now: see its ``generation`` and ``effect``.
    """
    try:
        return _FORMAT.validate_json((root / PREVIEW).read_bytes())
    except (OSError, ValidationError):
        return None

"""Opens a generation with the engine that its manifest names, and checks whether this program can answer from it.

This module only reads. The caller decides what becomes live.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.dictionary import NO_WORDS, UserDictionary, parse_user_dictionary
from indexer.durable import replace_file
from indexer.engines.base import Engine
from indexer.engines.registry import open_engine
from indexer.errors import (
    FolderNotWritable,
    FormatMismatch,
    IndexDamaged,
    IndexFailure,
    InvalidDictionary,
    InvalidSetting,
    ManifestDamaged,
    NoLiveGeneration,
)
from indexer.fingerprint import SCHEMA_VERSION
from indexer.generations import Generation, Generations
from indexer.manifest import MANIFEST
from indexer.said import Said, told

DICTIONARY: Final = "user_dictionary.txt"
"""The file beside the manifest that holds the user dictionary the generation was made with."""
FOUND_WORDS: Final = "found_words.txt"
"""The file beside it that holds the words found in the articles, as lines of a user dictionary."""


def keep_words(folder: Path, analyzer: Analyzer) -> None:
    """Write the analyzer's user dictionary and found words into the folder of the generation that is made with them.

    Raises:
        FolderNotWritable: they cannot be written, or the disk is full.
    """
    try:
        replace_file(folder / DICTIONARY, analyzer.user_dictionary.lines.encode())
        replace_file(folder / FOUND_WORDS, analyzer.found_words.lines.encode())
    except OSError as error:
        raise FolderNotWritable(folder, error.strerror or str(error)) from error


def made_with(generation: Generation, analyzer: Analyzer) -> Analyzer:
    """The analyzer with the user dictionary and the found words that a generation was made with.

    If a release made the generation that did not keep its user dictionary, it is that of ``analyzer``.

    Raises:
        ManifestDamaged: a file of words cannot be read, or holds other words.
    """
    manifest = generation.manifest
    words = _kept(generation.folder / DICTIONARY, manifest.user_dictionary)
    found = _kept(generation.folder / FOUND_WORDS, manifest.found_words)
    return analyzer.knowing(
        analyzer.user_dictionary if words is None else words, NO_WORDS if found is None else found
    )


def _kept(path: Path, fingerprint: str | None) -> UserDictionary | None:
    """The words in a file; None if the manifest has no fingerprint of them.

    Raises:
        ManifestDamaged: the file cannot be read, or holds other words.
    """
    if fingerprint is None:
        return None
    try:
        words = parse_user_dictionary(path.read_bytes(), path)
    except OSError as error:
        raise ManifestDamaged(path, error.strerror or str(error)) from error
    except InvalidDictionary as error:
        raise ManifestDamaged(path, told(error)) from error
    if words.fingerprint != fingerprint:
        raise ManifestDamaged(path, Said("it holds other words than the index was made with"))
    return words


def open_generation(generation: Generation, *, analyzer: Analyzer, timezone: ZoneInfo) -> Engine:
    """The engine for a generation's index, which analyses with the words that the generation was made with.

    An index of another format is accepted if the engine can read it.

    Raises:
        ManifestDamaged: this program has no engine of that name, or a file of words is damaged.
        FormatMismatch: it has another format, which cannot be read.
    """
    manifest = generation.manifest
    analyzer = made_with(generation, analyzer)
    try:
        engine = open_engine(
            manifest.engine, generation.index, analyzer=analyzer, timezone=timezone
        )
    except InvalidSetting as error:
        why = f"this program has no engine {manifest.engine!r}"
        raise ManifestDamaged(generation.folder / MANIFEST, why) from error
    if manifest.schema_version != SCHEMA_VERSION:
        try:
            engine.reader().close()
        except IndexDamaged as error:
            raise _mismatch(generation) from error
    return engine


def live_revision(generations: Generations, *, analyzer: Analyzer, timezone: ZoneInfo) -> int:
    """The store's revision that the live index has reached; 0 if there is no index. Some milliseconds, without dictionaries.

    Raises:
        IndexFailure: the live index cannot be opened.
    """
    try:
        live = generations.live()
    except NoLiveGeneration:
        return 0
    with open_generation(live, analyzer=analyzer, timezone=timezone).reader() as reader:
        return reader.revision


def ensure_fit(generation: Generation, *, analyzer: Analyzer, timezone: ZoneInfo) -> None:
    """Check that a generation may become live: it has this program's format, and no byte was altered. O(index).

    Raises:
        ManifestDamaged: this program has no engine of that name.
        FormatMismatch: it has another format. Even if that can be read, fields may be missing.
        IndexDamaged: it cannot be read, or a byte was altered.
    """
    if generation.manifest.schema_version != SCHEMA_VERSION:
        raise _mismatch(generation)
    ensure_unaltered(open_generation(generation, analyzer=analyzer, timezone=timezone))


def is_sound(generation: Generation, *, analyzer: Analyzer, timezone: ZoneInfo) -> bool:
    """Whether this program can answer from a generation, and no byte of it was altered. O(index)."""
    try:
        ensure_fit(generation, analyzer=analyzer, timezone=timezone)
    except IndexFailure:
        return False
    return True


def ensure_unaltered(engine: Engine) -> None:
    """Compare the last commit of an index with its checksums. O(index).

    Raises:
        IndexDamaged: a byte was altered, or the index cannot be read.
    """
    with engine.reader() as reader:
        for _ in reader.verifying():
            pass
        if damage := reader.damage:
            raise damage


def _mismatch(generation: Generation) -> FormatMismatch:
    return FormatMismatch(generation.name, generation.manifest.schema_version, SCHEMA_VERSION)

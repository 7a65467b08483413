"""The sources by name. A source's module and its dependencies are imported when the source is opened."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

from indexer.errors import InvalidSetting, SourceUnreadable
from indexer.said import Said
from indexer.sources.base import Source
from indexer.sources.recognise import CALLED, is_elsewhere, kind_of

SOURCES: Final = {
    "csv": "indexer.sources.csv_files:CsvFile",
    "excel": "indexer.sources.workbooks:Workbook",
    "feed": "indexer.sources.feed:Feed",
    "folder": "indexer.sources.folder:Folder",
    "html": "indexer.sources.pages.source:Pages",
    "json": "indexer.sources.json_files:JsonFile",
    "sql": "indexer.sources.sql:SqlRows",
}

_FORMER: Final = {"json_lines": "json"}
"""What releases before called a kind: a job that waits across an upgrade names it so."""


_WITH_OPTIONS: Final = ("sql",)
"""The kinds that take options of their own."""


def open_source(
    kind: str | None,
    location: str,
    options: Mapping[str, str] = MappingProxyType({}),
    *,
    changes_only: bool = False,
) -> Source:
    """The source of this kind at ``location``. Without a kind it is recognised by what stands there; else nothing is read yet.

    ``options`` are the kind's own, such as the table. Of a folder ``kind`` is that of its files. With ``changes_only`` a folder
    gives the files that changed since the last run; other sources are read whole, or have an option for it.

    Raises:
        InvalidSetting: this kind takes no options.
        SourceUnreadable: there is no such kind; or it cannot be recognised.
    """
    known = find_kind(location) if kind is None else _FORMER.get(kind, kind)
    if known not in SOURCES:
        raise SourceUnreadable(
            location, f"{kind!r} is no kind of source: choose one of {', '.join(SOURCES)}"
        )
    for name, value in options.items():
        if known not in _WITH_OPTIONS:
            raise InvalidSetting(f"--{name}", value, f"is for --source sql, not for {known}")
    more: dict[str, object] = dict(options)
    if not is_elsewhere(location) and Path(location).is_dir():
        of_files = None if known == "folder" else known
        known, more = "folder", {"kind": of_files, "changes_only": changes_only}
    module, _, name = SOURCES[known].partition(":")
    return cast(Source, getattr(import_module(module), name)(location, **more))


def find_kind(location: str) -> str:
    """The kind of source that reads what stands at ``location``. Uses nothing up, even of standard input.

    Raises:
        SourceUnreadable: it cannot be opened, or no source here reads it.
    """
    kind = kind_of(location)
    if kind not in SOURCES:
        raise SourceUnreadable(
            location, Said("is {what}, which no source here reads", what=CALLED[kind])
        )
    return kind

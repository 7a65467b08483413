"""The engines by name. An engine's module and its dependencies are loaded on first use."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final, cast
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.engines.base import Engine
from indexer.errors import InvalidSetting

ENGINES: Final = {
    "memory": "indexer.engines.memory:MemoryEngine",
    "opensearch": "indexer.engines.opensearch.engine:OpenSearchEngine",
    "whoosh": "indexer.engines.whoosh.engine:WhooshEngine",
}


def open_engine(name: str, folder: Path, *, analyzer: Analyzer, timezone: ZoneInfo) -> Engine:
    """The engine of that name for the index in ``folder``, which need not exist yet.

    Raises:
        InvalidSetting: there is no such engine.
        PackageMissing: a package that it needs is not installed.
    """
    try:
        module, _, maker = ENGINES[name].partition(":")
    except KeyError:
        known = ", ".join(ENGINES)
        raise InvalidSetting("SEARCH_ENGINE", name, f"must be one of {known}") from None
    made = getattr(import_module(module), maker)(folder, analyzer=analyzer, timezone=timezone)
    return cast(Engine, made)

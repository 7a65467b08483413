"""The engines by name, and the storages of their indexes. A module and its dependencies are loaded on first use."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.engines.base import Engine, Storage
from indexer.engines.folder import LocalFiles
from indexer.engines.sharing import Sharing
from indexer.errors import InvalidSetting

ENGINES: Final = {
    "memory": "indexer.engines.memory:MemoryEngine",
    "opensearch": "indexer.engines.opensearch.engine:OpenSearchEngine",
    "whoosh": "indexer.engines.whoosh.engine:WhooshEngine",
}

ELSEWHERE: Final = {"index.json": "indexer.engines.opensearch.storage:ClusterStorage"}
"""Where an index is kept elsewhere, a file in its folder says where. The storages by the names of these files."""

SHARED: Final = {"opensearch": "indexer.engines.opensearch.sharing:ClusterSharing"}
"""How machines agree on the generations of an engine whose indexes they share, by the engine's name."""


def open_engine(name: str, folder: Path, *, analyzer: Analyzer, timezone: ZoneInfo) -> Engine:
    """The engine of that name for the index in ``folder``, which need not exist yet.

    Raises:
        InvalidSetting: there is no such engine.
        PackageMissing: a package that it needs is not installed.
    """
    if name not in ENGINES:
        known = ", ".join(ENGINES)
        raise InvalidSetting("SEARCH_ENGINE", name, f"must be one of {known}")
    return cast(Engine, _class_of(ENGINES[name])(folder, analyzer=analyzer, timezone=timezone))


def storage_of(folder: Path) -> Storage:
    """Where the index of ``folder`` is kept, whatever engine made it and in whatever state it is.

    Raises:
        PackageMissing: a package that it needs is not installed.
    """
    for file, storage in ELSEWHERE.items():
        if (folder / file).exists():
            return cast(Storage, _class_of(storage)(folder))
    return LocalFiles(folder)


def sharing_of(name: str) -> Sharing | None:
    """How machines agree on the generations of the engine of that name; None if its indexes are on one machine.

    Raises:
        PackageMissing: a package that it needs is not installed.
    """
    return cast(Sharing, _class_of(SHARED[name])()) if name in SHARED else None


def _class_of(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)

"""What commands are given: the settings, and the parts of the search service, which stands above them, that some of them use."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.settings import IndexSettings, read_settings

if TYPE_CHECKING:  # few commands use them, and loading them takes longer than most commands
    from indexer.asking import MakeAsking
    from indexer.store.backups import Database


def _no_log() -> None:
    """No query log."""


@dataclass(frozen=True, slots=True)
class Given:
    """``asking`` asks indexes as readers do; without it, checks and previews that need it are not made.

    ``query_log`` finds the database of the query log; None if the log is off.
    """

    asking: MakeAsking | None = None
    query_log: Callable[[], Database | None] = _no_log


def index_settings() -> IndexSettings:
    """The settings of the index and its store, from the environment.

    Raises:
        UnknownSetting, InvalidSetting: one cannot be used.
    """
    return read_settings(IndexSettings, os.environ)

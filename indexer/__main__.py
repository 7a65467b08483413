"""The administrator's command line: ``python -m indexer``. See docs/cli.md.

It is a composition root: it hands the commands what they need of the search service, which is loaded when it is used.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from indexer.cli.given import Given
from indexer.cli.main import cli
from indexer.command_line import run
from indexer.settings import IndexSettings, read_settings

if TYPE_CHECKING:  # as in indexer.cli.given
    from indexer.asking import Asking
    from indexer.store.backups import Database


def asking() -> Asking:
    """Asks indexes as readers do.

    Raises:
        InvalidSetting, UnknownSetting: a setting has a value that cannot be used.
    """
    # Imported here because most commands need none of it, and it takes as long to load as all else together.
    from search_service.asking import AskingAsReaders
    from search_service.settings import SearchSettings

    return AskingAsReaders(
        read_settings(IndexSettings, os.environ), read_settings(SearchSettings, os.environ)
    )


def query_log() -> Database | None:
    """The database of the query log; None if the log is off."""
    from indexer.store.backups import Database
    from search_service.querylog.tables import CHAIN  # as above
    from search_service.settings import SearchSettings

    url = read_settings(SearchSettings, os.environ).querylog_url
    return None if url is None else Database("querylog", url, CHAIN)


if __name__ == "__main__":
    sys.exit(run(cli, name="python -m indexer", given=Given(asking, query_log)))

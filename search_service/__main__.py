"""``python -m search_service``: the reader's command line. See docs/cli.md."""

from __future__ import annotations

import sys

from indexer.command_line import run
from search_service.cli.main import cli

if __name__ == "__main__":
    sys.exit(run(cli, name="python -m search_service"))

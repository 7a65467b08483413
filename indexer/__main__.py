"""The administrator's command line: ``python -m indexer``. See docs/cli.md."""

from __future__ import annotations

import sys

from indexer.cli.main import cli
from indexer.command_line import run

if __name__ == "__main__":
    sys.exit(run(cli, name="python -m indexer"))

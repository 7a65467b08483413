"""The composition root. ``python app.py`` runs the processes of the service, each of which can also be run alone.

Any WSGI server can serve ``app:application()``.
"""

from __future__ import annotations

import os
import sys
from typing import Final
from wsgiref.types import WSGIApplication

import click

from indexer import command_line
from indexer.settings import PROJECT, IndexSettings, read_settings
from search_service.settings import SearchSettings
from search_service.supervisor import Child, supervise
from search_service.web.port import claim_port


def _child(name: str, *command: str, essential: bool = False) -> Child:
    return Child(name, (sys.executable, "-m", *command, "--until-stdin-closes"), essential)


CHILDREN: Final = (
    _child("web", "search_service", "serve", essential=True),
    _child("follow", "indexer", "follow"),
    _child("work", "indexer", "work"),
)
"""The processes of the service, in the order in which they end. The web ends first, so that no more changes come in."""


def application() -> WSGIApplication:
    """Make a new application from the environment's settings. It has loaded its dictionaries and lists.

    Raises:
        SearchIndexError: a setting, or a file that it names, cannot be used.
    """
    # Imported here because the process that runs the others needs none of it, which saves 50 MiB and a second.
    from search_service.cli.main import application

    return application()


@click.command()
def main() -> int:
    """Run the service until Ctrl-C. Settings are read from the environment: see docs/settings.md."""
    # A setting that cannot work is reported here once, not by every process.
    read_settings(IndexSettings, os.environ)
    settings = read_settings(SearchSettings, os.environ)
    if settings.theme is not None:
        from search_service.web.theme import read_theme  # as above

        read_theme(settings.theme)
    claim_port(settings.host, settings.port).close()
    return supervise(CHILDREN, folder=PROJECT)


if __name__ == "__main__":
    sys.exit(command_line.run(main, name="python app.py"))

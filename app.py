"""The web composition root: settings -> services -> application. ``python app.py`` serves it.

Only this file of the web side reads the environment. Any WSGI server can serve ``app:application()``.
"""

from __future__ import annotations

import os
import sys

import click

from indexer import command_line
from indexer.settings import IndexSettings, read_settings
from search_service.services import make_services
from search_service.settings import SearchSettings
from search_service.web.factory import Application, create_app
from search_service.web.server import serve


def application() -> Application:
    """Make a new application from the environment's settings. It has loaded its dictionaries and lists.

    Raises:
        SearchIndexError: a setting, or a file that it names, cannot be used.
    """
    settings = read_settings(SearchSettings, os.environ)
    services = make_services(read_settings(IndexSettings, os.environ), settings)
    services.warm_up()
    return create_app(services, settings)


@click.command()
def main() -> None:
    """Serve search over HTTP, until Ctrl-C. Settings are read from the environment: see docs/settings.md."""
    # A setting that cannot work is reported here once, not by every worker.
    make_services(read_settings(IndexSettings, os.environ)).close()
    serve(read_settings(SearchSettings, os.environ), application)


if __name__ == "__main__":
    sys.exit(command_line.run(main, name="python app.py"))

"""Settings of the search service: how it is served. Those of the index are ``indexer/settings.py``."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.settings import setting, whole_number


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """How the service is served, and what it calls itself."""

    host: str = setting(
        "SEARCH_HOST",
        "127.0.0.1",
        str,
        "Address to listen on; the default is reachable from this machine only.",
    )
    port: int = setting("PORT", "8000", whole_number(1, 65_535), "Port to listen on.")
    workers: int = setting(
        "SEARCH_WORKERS", "1", whole_number(1, 64), "Processes that answer requests."
    )
    site_name: str = setting(
        "SEARCH_SITE_NAME", "搜索", str, "Name of the site, in the titles of the pages."
    )

"""The script of the elements: its weight, its addresses, and how long caches keep it."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from tests.search_service.indexes import services
from tests.search_service.web.portal import Portal

LASTING = "public, max-age=31536000, immutable"


def test_the_script_is_light(portal: Portal) -> None:
    answer = portal.client.get("/embed.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) < 15 * 1024
    assert b"portal-search" in gzip.decompress(answer.data)


def test_the_script_is_kept_for_ever_under_its_version_only(portal: Portal) -> None:
    plain = portal.client.get("/embed.js")
    assert plain.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert plain.headers["Cache-Control"] == "public, max-age=600"
    versioned = plain.headers["Content-Location"]
    assert re.fullmatch(r"embed\.js\?v=[0-9a-f]{12}", versioned)
    assert portal.client.get(f"/{versioned}").headers["Cache-Control"] == LASTING
    older = portal.client.get("/embed.js?v=0123456789ab")
    assert (older.status_code, older.data) == (200, plain.data)
    assert older.headers["Cache-Control"] == "public, max-age=600"
    again = portal.client.get("/embed.js", headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_any_page_may_load_the_script_and_check_it(tmp_path: Path) -> None:
    client = create_app(services(tmp_path, []), SearchSettings(private=True)).test_client()
    answer = client.get("/embed.js", headers={"Origin": "https://www.example.com"})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/api/v1/latest").status_code == 401

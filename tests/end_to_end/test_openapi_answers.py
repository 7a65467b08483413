"""A real server is asked what its OpenAPI document allows and forbids: every answer is as documented, and none is a failure."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from indexer.store.database import open_keys
from tests.end_to_end.serving import serving, whole_index

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
EXAMPLES = 15
LIMIT = 120
"""Seconds after which the run counts as failed. It takes twenty on an idle machine."""


@pytest.mark.api
def test_every_answer_is_as_documented(tmp_path: Path) -> None:
    """Random questions, right and wrong ones, with an admin key. Bulk requests are left out: schemathesis cannot write their lines."""
    index = whole_index(tmp_path)
    with closing(open_keys(f"sqlite:///{tmp_path / 'articles.sqlite3'}")) as keys:
        key = keys.create("", "admin")[0]
    with serving(index, SEARCH_QUERYLOG_URL=f"sqlite:///{tmp_path / 'log.sqlite3'}") as server:
        program = str(Path(sys.executable).with_name("st"))
        options = {
            "--header": f"Authorization: Bearer {key}",
            "--phases": "fuzzing",
            "--max-examples": str(EXAMPLES),
            "--checks": ",".join(CHECKS),
            "--exclude-path": "/api/v1/articles:bulk",
            "--suppress-health-check": "all",
        }
        done = subprocess.run(
            [
                program,
                "run",
                f"{server.url}/openapi.json",
                "--generation-deterministic",
                "--no-color",
            ]
            + [part for option in options.items() for part in option],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr

"""The units of samples/systemd: systemd accepts them, finds them hardened, and they start what exists."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from indexer.cli.main import cli
from tests.conftest import PROJECT

UNITS = PROJECT / "samples" / "systemd"
EXPOSURE = 25
"""The most exposure, of 100, that systemd may see. A unit without hardening has 96."""


@pytest.fixture
def analyze() -> str:
    """systemd-analyze. Without it the test is skipped; if CI is set, it fails."""
    found = shutil.which("systemd-analyze")
    if found is None:
        sentence = "systemd-analyze is not installed: install systemd"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found


def installed(folder: Path) -> list[str]:
    """The units as on a machine that has this project in /srv/search."""
    made = []
    for unit in sorted(UNITS.iterdir()):
        text = unit.read_text(encoding="utf-8")
        text = text.replace("/srv/search/.venv/bin/python", sys.executable)
        (folder / unit.name).write_text(text, encoding="utf-8")
        made.append(str(folder / unit.name))
    return made


def test_systemd_accepts_the_units(analyze: str, tmp_path: Path) -> None:
    units = installed(tmp_path)
    assert len(units) == 3
    done = subprocess.run(
        [analyze, "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "search" in line]
    assert (said, done.returncode) == ([], 0), done.stderr


@pytest.mark.parametrize("unit", ["search.service", "search-backup.service"])
def test_systemd_finds_the_units_hardened(analyze: str, unit: str, tmp_path: Path) -> None:
    installed(tmp_path)
    done = subprocess.run(
        [analyze, "security", "--offline=yes", f"--threshold={EXPOSURE}", str(tmp_path / unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_units_start_programs_of_the_project() -> None:
    started = {
        line.removeprefix("ExecStart=/srv/search/.venv/bin/python ")
        for unit in UNITS.glob("*.service")
        for line in unit.read_text(encoding="utf-8").splitlines()
        if line.startswith("ExecStart=")
    }
    assert started == {"app.py", "-m indexer backup /var/backups/search"}
    assert (PROJECT / "app.py").exists()
    assert cli.get_command(click.Context(cli), "backup") is not None

"""Files that were uploaded for an import, and what their first records would become.

A file gets a random name of ours; its own name is only shown. The program that reads it is a process of its own: whatever a
file does to it, the web goes on. The runner removes the file when its job has ended.
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from indexer.said import Said, from_json
from indexer.settings import PROJECT

MOST_BYTES: Final = 1_000_000_000
"""Maximum size of an upload."""
PREVIEWED: Final = 5
"""Records that a preview shows."""
PATIENCE: Final = 60.0
"""Seconds that a preview may take."""
KEPT_SECONDS: Final = 7 * 86_400.0
"""How long a file is kept that nobody imports, and the rejected records of an import."""

_NAME: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_REJECTS: Final = ".rejects.jsonl"


class PreviewFailed(Exception):
    """The first records of a file cannot be shown; the message, a sentence if the program foresaw it, says why."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """The keys of the records with their first values, the fields that they were read as, and the records: each an article, or None
    and the reason."""

    keys: Mapping[str, str]
    mapping: Mapping[str, str]
    records: Sequence[Mapping[str, Any]]


class Uploads:
    """The uploaded files in one folder."""

    def __init__(self, folder: Path) -> None:
        """The folder is made at the first upload."""
        self._folder = folder

    def new(self) -> Path:
        """A path for a new file. Files that are too old are removed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        old = time.time() - KEPT_SECONDS
        for each in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process removes it as well
                if each.stat().st_mtime < old:
                    each.unlink()
        return self._folder / secrets.token_hex(16)

    def find(self, name: str) -> Path | None:
        """The file of this name; None if there is none."""
        path = self._folder / name
        return path if _NAME.fullmatch(name) and path.is_file() else None

    def rejects(self, path: Path) -> Path:
        """Where the rejected records of a file go."""
        return path.with_name(path.name + _REJECTS)

    def rejects_of(self, arguments: Mapping[str, Any]) -> Path | None:
        """The rejected records of an import of an upload; None if there are none."""
        path = Path(str(arguments.get("rejects", "")))
        ours = path.parent == self._folder and path.name.endswith(_REJECTS)
        return path if ours and path.is_file() else None


def preview(path: Path, mapping: Mapping[str, str] | None) -> Previewed:
    """What the first records of a file would become. Without a mapping it is guessed. Takes half a second or more.

    Raises:
        PreviewFailed: no source reads it, or it takes too long.
    """
    maps = ["--guess"]
    if mapping is not None:
        maps = [part for key, name in mapping.items() for part in ("--map", f"{key}={name}")]
    command = [sys.executable, "-m", "indexer", "preview", "--json", "--size", str(PREVIEWED)]
    try:
        done = subprocess.run(
            [*command, *maps, "--", str(path)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        why = Said("not read within {seconds:.0f} seconds", seconds=PATIENCE)
        raise PreviewFailed(why) from None
    if done.returncode:
        raise PreviewFailed(_why(done))
    found = json.loads(done.stdout)
    for record in found["records"]:
        sentences = record.pop("told")
        record["why"] = from_json(sentences["why"])
        record["notes"] = list(map(from_json, sentences["notes"]))
    return Previewed(**found)


def _why(done: subprocess.CompletedProcess[str]) -> str:
    """Why a preview failed: what it told, or the last line that it wrote when it met something unforeseen."""
    try:
        return from_json(json.loads(done.stdout)["told"])
    except ValueError:
        return done.stderr.strip().rpartition("\n")[2]

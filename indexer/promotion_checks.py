"""The checks that a new generation passed or failed before it might go live, in ``checks.json`` beside its manifest.

``indexer/rebuilding/checks.py`` makes them. Commands, jobs and pages only show them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError

from indexer.durable import replace_file
from indexer.errors import ChecksFailed, ManifestDamaged

CHECKS: Final = "checks.json"

CheckName = Literal["count", "checksums", "golden", "zero hits", "own titles", "overlap"]
Verdict = Literal["passed", "failed", "not made"]


@dataclass(frozen=True, slots=True)
class Moved:
    """A query whose first page is not as expected: the articles that should be there, and those that are."""

    query: str
    expected: tuple[str, ...]
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionCheck:
    """One check. ``value`` is what was measured and ``threshold`` what it may be at most, or at least for an overlap.

    Both are None if the check was not made. ``detail`` is a sentence: the figures, or why it was not made. ``moved`` names
    the queries that moved most, the worst first.
    """

    name: CheckName
    verdict: Verdict
    value: float | None = None
    threshold: float | None = None
    detail: str
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionChecks:
    """All checks of one generation. ``against`` is the live generation that it was compared with; None if there was none."""

    against: str | None
    checks: tuple[PromotionCheck, ...]

    @property
    def failed(self) -> tuple[PromotionCheck, ...]:
        """The checks that failed. With any, the generation is not promoted unless somebody insists."""
        return tuple(each for each in self.checks if each.verdict == "failed")


_FORMAT: Final = TypeAdapter(PromotionChecks)


def write_checks(checks: PromotionChecks, folder: Path) -> None:
    """Write the checks of the generation in ``folder``, durably.

    Raises:
        OSError: the folder cannot be written.
    """
    replace_file(folder / CHECKS, _FORMAT.dump_json(checks, indent=2) + b"\n")


def read_checks(folder: Path) -> PromotionChecks | None:
    """The checks of the generation in ``folder``; None if it was made without, as older releases did.

    Raises:
        ManifestDamaged: the file cannot be read.
    """
    path = folder / CHECKS
    try:
        return _FORMAT.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ManifestDamaged(path, error.strerror or str(error)) from error
    except ValidationError as error:
        raise ManifestDamaged(path, "it does not hold checks of this release") from error


def ensure_passed(name: str, folder: Path) -> None:
    """Check that the generation ``name`` in ``folder`` failed no check.

    Raises:
        ChecksFailed: it did.
        ManifestDamaged: the file of its checks cannot be read.
    """
    checks = read_checks(folder)
    if checks is not None and checks.failed:
        raise ChecksFailed(name, tuple(f"{each.name}: {each.detail}" for each in checks.failed))

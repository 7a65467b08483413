"""The checks that a new generation passed or failed before it might go live, in ``checks.json`` beside its manifest.

``indexer/rebuilding/checks.py`` makes them. Commands, jobs and pages only show them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError

from indexer.durable import replace_file
from indexer.errors import ChecksFailed, ManifestDamaged
from indexer.said import Said

CHECKS: Final = "checks.json"

CheckName = Literal["count", "checksums", "golden", "zero hits", "own titles", "overlap"]
Verdict = Literal["passed", "failed", "not made"]
NotMade = Literal[
    "nobody asks",
    "no golden",
    "no live",
    "live unreadable",
    "log unreadable",
    "no recorded",
    "nothing visible",
    "no articles",
]
"""Why a check was not made."""

DETAILS: Final[Mapping[CheckName, str]] = {
    "count": "{articles:,.0f} articles, as in the store",
    "checksums": "every byte is as it was written",
    "golden": "{held:,.0f} of {queries:,.0f} golden queries find their articles",
    "zero hits": "of the last {queries:,.0f} queries {after:.1f} % find nothing, and {before:.1f} % in the live index",
    "own titles": "{missing:,.0f} of {articles:,.0f} sampled articles are not on the first page of their titles",
    "overlap": "the first pages of {queries:,.0f} queries keep {kept:.0f} % of their articles, {changed:,.0f} of them changed",
}
REASONS: Final[Mapping[NotMade, str]] = {
    "nobody asks": "this rebuild was started without the search service, which asks an index",
    "no golden": "the editors' list golden is empty",
    "no live": "there is no live index to compare with",
    "live unreadable": "the live index cannot be read ({why})",
    "log unreadable": "the query log is off or cannot be read: {why}",
    "no recorded": "no query of a reader is recorded",
    "nothing visible": "no recorded query found an article that readers may still see",
    "no articles": "readers may see no article",
}


@dataclass(frozen=True, slots=True)
class Moved:
    """A query whose first page is not as expected: the articles that should be there, and those that are."""

    query: str
    expected: tuple[str, ...]
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionCheck:
    """One check. ``value`` is what was measured and ``threshold`` what it may be at most, or at least for an overlap.

    ``facts`` are the figures behind it. If the check was not made, there are none, but the ``reason``, and with some reasons the
    message of an error. ``moved`` names the queries that moved most, the worst first.
    """

    name: CheckName
    verdict: Verdict
    value: float | None = None
    threshold: float | None = None
    facts: Mapping[str, float] = field(default_factory=dict)
    reason: NotMade | None = None
    trouble: str = ""
    moved: tuple[Moved, ...] = ()

    @property
    def sentence(self) -> Said:
        """Which check it is, and what it found."""
        return Said("{check}: {detail}", check=self.name, detail=self.detail)

    @property
    def detail(self) -> str:
        """A sentence: the figures, or why it was not made."""
        if self.reason is not None:
            return Said(REASONS[self.reason], why=self.trouble)
        return Said(DETAILS[self.name], **self.facts)


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
        raise ChecksFailed(name, tuple(each.sentence for each in checks.failed))

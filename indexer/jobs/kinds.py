"""What each kind of job does, as a function of its arguments, of the means that it works with, and of its progress.

A job raises what its command would raise. The runner makes an outcome of it. This module does not know the rows of jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from indexer.analysis.analyzers import Analyzer
from indexer.asking import MakeAsking
from indexer.build_progress import BuildProgress, Report
from indexer.generations import Generation, Generations
from indexer.importing import given_source, import_source, lasting_location
from indexer.ingest import IngestReport
from indexer.jobs.progress import Progress
from indexer.reading import Options, Reading, say_unseen
from indexer.rebuilding.previewing import preview_words
from indexer.rebuilding.promotion import promote, roll_back
from indexer.rebuilding.rebuild import RebuildReport, rebuild
from indexer.rebuilding.status import check
from indexer.rebuilding.words import apply_words
from indexer.reconcile import Plan, read_only, reconcile
from indexer.said import Said, listed, told
from indexer.sources.base import Source
from indexer.store.articles import ArticleStore
from indexer.store.jobs import Kind, Rejected
from indexer.times import Order
from indexer.words_preview import write_preview


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What jobs work with. ``analyzer`` makes a new one for each job, since the editors' words may have changed meanwhile.

    ``asking`` asks indexes as readers do; without it rebuilds skip the checks that need it.
    """

    store: ArticleStore
    generations: Generations
    engine_name: str
    analyzer: Callable[[], Analyzer]
    timezone: ZoneInfo
    date_order: Order | None
    keep: int
    processes: int
    asking: MakeAsking | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended, and what came of it, as a :class:`~indexer.said.Said` or, where nobody foresaw it, a plain text.

    ``interrupted``: it was asked to end before it was done.
    """

    end: Literal["succeeded", "failed", "interrupted"]
    sentence: str
    rejections: tuple[Rejected, ...] = ()


Run = Callable[[Mapping[str, Any], Means, Progress], Outcome]


def source_arguments(
    location: str, *, source: str, options: Options, rejects: Path
) -> dict[str, Any]:
    """The arguments of a job that reads a source: its kind, where it is for a runner in any folder, how it is read, the rejects file."""
    return {
        "file": lasting_location(source, location),
        "source": source,
        "rejects": str(rejects.absolute()),
        **asdict(options),
    }


def _given(arguments: Mapping[str, Any], means: Means) -> tuple[Source, Reading]:
    # The row of an older release may lack options, which then have their defaults.
    named = {each.name: arguments[each.name] for each in fields(Options) if each.name in arguments}
    options = Options(**named)
    reading = options.reading(timezone=means.timezone, order=means.date_order)
    return given_source(arguments["source"], arguments["file"], options), reading


def _import(arguments: Mapping[str, Any], means: Means, progress: Progress) -> Outcome:
    """Store the articles of a source, as the command ``ingest`` does. It ends between two records, and keeps what it has stored."""
    source, reading = _given(arguments, means)
    progress.begin("import", total=0)
    interrupted = False

    def asked_to_end() -> bool:
        nonlocal interrupted
        interrupted = progress.must_end
        return interrupted

    report = import_source(
        source,
        means.store,
        reading,
        location=arguments["file"],
        rejects=Path(arguments["rejects"]),
        progress=progress.reach,
        expect=lambda total: progress.begin("import", total=total),
        asked_to_end=asked_to_end,
    )
    sentence = _counts(report)
    if report.rejected:
        again = Said("put right and import again: {rejects}", rejects=arguments["rejects"])
        sentence = listed(sentence, again)
    rejections = tuple(Rejected(each.where, each.why) for each in report.rejections)
    if report.failure is not None:
        return Outcome("failed", listed(told(report.failure), sentence), rejections)
    return Outcome("interrupted" if interrupted else "succeeded", sentence, rejections)


def _reconcile(arguments: Mapping[str, Any], means: Means, progress: Progress) -> Outcome:
    """Compare a source with the store, and repair the store, as the command ``reconcile`` does."""
    source, reading = _given(arguments, means)
    plan = Plan(
        belongs=read_only(arguments["only"]), apply=arguments["apply"], force=arguments["force"]
    )
    progress.begin("reconcile", total=source.count())

    def reach(read: int) -> None:
        progress.reach(read)
        progress.heed()

    report = reconcile(
        source, means.store, reading, plan, rejects=Path(arguments["rejects"]), progress=reach
    )
    rejections = tuple(Rejected(each.where, each.why) for each in report.rejections)
    lines = report.lines()
    if trouble := report.failure or report.refusal:
        return Outcome("failed", listed(told(trouble), *lines), rejections)
    return Outcome("succeeded", listed(*lines), rejections)


def _counts(report: IngestReport) -> str:
    counts = Said(
        "read {read:,}: {created:,} created, {updated:,} updated, {unchanged:,} unchanged, {rejected:,} rejected",
        read=report.read,
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        rejected=report.rejected,
    )
    if report.skipped:
        counts = Said("{counts}, {skipped:,} skipped", counts=counts, skipped=report.skipped)
    if report.deleted:
        counts = Said("{counts}, {deleted:,} deleted", counts=counts, deleted=report.deleted)
    return listed(counts, say_unseen(report.unseen_keys)) if report.unseen_keys else counts


def rebuild_arguments(*, promote: bool = True, force: bool = False) -> dict[str, Any]:
    """The arguments of a rebuild: whether it promotes what it made, and whether even if checks fail."""
    return {"promote": promote, "force": force}


def promote_arguments(generation: str, *, force: bool = False) -> dict[str, Any]:
    """The arguments of a promotion: of which generation, and whether even if it failed checks."""
    return {"generation": generation, "force": force}


def _rebuild(arguments: Mapping[str, Any], means: Means, progress: Progress) -> Outcome:
    """Build a new generation, check it and make it live, as the command ``rebuild`` does. Failed checks fail the job."""
    report = rebuild(
        means.store,
        means.generations,
        engine_name=means.engine_name,
        analyzer=means.analyzer(),
        timezone=means.timezone,
        keep=means.keep,
        processes=means.processes,
        asking=means.asking,
        # The row of an older release lacks them.
        promote=arguments.get("promote", True),
        force=arguments.get("force", False),
        progress=_showing(means, progress),
    )
    return _rebuilt(report)


def _showing(means: Means, progress: Progress) -> Report:
    """Shows the progress of a build as that of the job, and heeds a request to end."""
    articles = means.store.count()
    progress.begin("scan", total=articles)

    def show(now: BuildProgress) -> None:
        if now.phase != progress.step.phase:
            progress.begin(now.phase, total=now.total or articles)
        progress.reach(now.done)
        progress.heed()

    return show


def _rebuilt(report: RebuildReport, *about: str) -> Outcome:
    """What came of a rebuild. ``about`` is told before."""
    failed = [each.sentence for each in report.checks.failed]
    if failed and not report.promoted:
        sentence = Said(
            "generation {name} is complete and not live, for checks failed: {why}",
            name=report.generation,
            why=listed(*failed),
        )
        return Outcome("failed", listed(*about, sentence))
    figures = Said(
        "{articles:,} articles, revision {revision:,}, {seconds:,.1f} s",
        articles=report.articles,
        revision=report.revision,
        seconds=report.seconds,
    )
    named = {"name": report.generation, "figures": figures}
    if report.promoted:
        said = [*about, Said("generation {name} is live: {figures}", **named)]
    else:
        said = [*about, Said("generation {name} is complete and waits: {figures}", **named)]
    if failed:
        said.append(Said("checks failed ({why})", why=listed(*failed)))
    if report.merge_failure is not None:
        said.append(Said("segments could not be merged ({why})", why=report.merge_failure))
    return Outcome("succeeded", listed(*said))


def _words(_: Mapping[str, Any], means: Means, progress: Progress) -> Outcome:
    """Apply the editors' words, as the command ``words apply`` does. Failed checks fail the job."""
    report = apply_words(
        means.store,
        means.generations,
        engine_name=means.engine_name,
        analyzer=means.analyzer(),
        timezone=means.timezone,
        keep=means.keep,
        processes=means.processes,
        asking=means.asking,
        progress=_showing(means, progress),
    )
    if report.rebuilt is None:
        return Outcome("succeeded", report.sentence)
    return _rebuilt(report.rebuilt, report.sentence)


def _preview(_: Mapping[str, Any], means: Means, progress: Progress) -> Outcome:
    """Keep a preview of the editors' words that are not applied yet, as the command ``words preview`` makes it."""
    made = preview_words(
        means.generations,
        analyzer=means.analyzer(),
        timezone=means.timezone,
        asking=means.asking,
        progress=_showing(means, progress),
    )
    write_preview(made, means.generations.root)
    return Outcome("succeeded", made.sentence)


def _promote(arguments: Mapping[str, Any], means: Means, progress: Progress) -> Outcome:
    """Make a generation live, as the command ``generations promote`` does."""
    progress.begin("promote", total=1)
    live = promote(
        means.generations,
        arguments["generation"],
        analyzer=means.analyzer(),
        timezone=means.timezone,
        force=arguments["force"],
    )
    progress.reach(1)
    return _is_live(live)


def _roll_back(_: Mapping[str, Any], means: Means, progress: Progress) -> Outcome:
    """Go back to the generation before, as the command ``generations rollback`` does."""
    progress.begin("rollback", total=1)
    live = roll_back(means.generations, analyzer=means.analyzer(), timezone=means.timezone)
    progress.reach(1)
    return _is_live(live)


def _is_live(generation: Generation) -> Outcome:
    return Outcome("succeeded", Said("generation {name} is live", name=generation.name))


def _check(_: Mapping[str, Any], means: Means, progress: Progress) -> Outcome:
    """Read the whole live index, as the command ``check`` does. Faults fail the job."""
    progress.begin("check", total=means.store.count())
    report = check(
        means.store,
        means.generations,
        engine_name=means.engine_name,
        analyzer=means.analyzer(),
        timezone=means.timezone,
    )
    if report.faults:
        why = listed(*report.faults)
        return Outcome("failed", Said("generation {name}: {why}", name=report.generation, why=why))
    progress.reach(progress.step.total)
    sound = Said(
        "generation {name} is sound, {articles:,} articles",
        name=report.generation,
        articles=report.doc_count,
    )
    return Outcome("succeeded", sound)


def _regroup(_: Mapping[str, Any], means: Means, progress: Progress) -> Outcome:
    """Find duplicate groups, as the command ``regroup`` does."""
    articles = changed = 0
    progress.begin("regroup", total=means.store.ungrouped())
    for each in means.store.regroup():
        articles, changed = articles + each.articles, changed + each.changed
        progress.reach(articles)
        progress.heed()
    counts = {"articles": articles, "changed": changed}
    return Outcome(
        "succeeded", Said("looked at {articles:,} articles: {changed:,} changed group", **counts)
    )


RUNS: Final[Mapping[Kind, Run]] = {
    "import": _import,
    "reconcile": _reconcile,
    "rebuild": _rebuild,
    "check": _check,
    "regroup": _regroup,
    "promote": _promote,
    "rollback": _roll_back,
    "words": _words,
    "preview": _preview,
}

RESUMED: Final[frozenset[Kind]] = frozenset({"import"})
"""Jobs that are queued again when their runner ends before them. They notice the end themselves, between two records.
Importing the same records again changes nothing.
"""

"""Shows progress on standard error: a bar on a terminal, a plain line every few seconds in a log.

``build_progress`` and ``ingest`` decide what is counted and how often it is reported.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from indexer.build_progress import BuildProgress, Report
from indexer.store.jobs import Job

LINE_EVERY: Final = 5.0
"""Seconds between two lines of one phase in a log."""


@contextmanager
def show_build() -> Iterator[Report]:
    """Show a rebuild, phase by phase."""
    if not sys.stderr.isatty():
        yield _BuildLines().report
        return
    with _bar() as bar:
        phases = _BuildBar(bar)
        yield phases.report
        phases.leave()


@contextmanager
def show_ingest() -> Iterator[Callable[[int], None]]:
    """Show an ingest by the number of records read so far. The total is unknown."""
    if not sys.stderr.isatty():
        yield _IngestLines().report
        return
    with _bar() as bar:
        task = bar.add_task("read", total=None, figures="")
        began = time.monotonic()

        def report(read: int) -> None:
            bar.update(task, figures=f"{read:,} records{_rate(read, time.monotonic() - began)}")

        yield report


@contextmanager
def show_copy() -> Iterator[Callable[[str, int, int], None]]:
    """Show a copy, table by table, by the number of rows that are written."""
    if not sys.stderr.isatty():
        yield _CopyLines().report
        return
    with _bar() as bar:
        tasks: dict[str, TaskID] = {}

        def report(table: str, done: int, total: int) -> None:
            if table not in tasks:
                tasks[table] = bar.add_task(table, total=total, figures="")
            bar.update(tasks[table], completed=done, figures=f"{done:,} of {total:,}")

        yield report


class _BuildLines:
    """Shows the beginning of each phase, a line every few seconds, and the result of each phase."""

    def __init__(self) -> None:
        self._said = 0.0
        self._last: BuildProgress | None = None
        self._unsaid = False

    def report(self, progress: BuildProgress) -> None:
        begins = self._last is None or progress.phase != self._last.phase
        if begins and self._last is not None and self._unsaid and self._last.done:
            self._say(self._last)
        if begins or time.monotonic() - self._said >= LINE_EVERY:
            self._say(progress)
        else:
            self._unsaid = True
        self._last = progress

    def _say(self, progress: BuildProgress) -> None:
        self._said, self._unsaid = time.monotonic(), False
        click.echo(f"{progress.phase}: {figures(progress)}".rstrip(": "), err=True)


class _IngestLines:
    def __init__(self) -> None:
        self._began = self._said = time.monotonic()

    def report(self, read: int) -> None:
        now = time.monotonic()
        if now - self._said >= LINE_EVERY:
            self._said = now
            click.echo(f"read: {read:,} records{_rate(read, now - self._began)}", err=True)


class _CopyLines:
    def __init__(self) -> None:
        self._said = time.monotonic()

    def report(self, table: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said >= LINE_EVERY:
            self._said = now
            click.echo(f"{table}: {done:,} of {total:,} rows", err=True)


class _BuildBar:
    """Shows a bar for each phase. Bars of finished phases stay only if they counted something."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID | None = None
        self._last: BuildProgress | None = None

    def report(self, progress: BuildProgress) -> None:
        if self._task is None or self._last is None or progress.phase != self._last.phase:
            self.leave()
            self._task = self._bar.add_task(progress.phase, total=None, figures="")
        self._last = progress
        # Without a count of what is done, as in a check, the bar pulses.
        total = progress.total if progress.total and progress.done else None
        self._bar.update(
            self._task, completed=progress.done, total=total, figures=figures(progress)
        )

    def leave(self) -> None:
        """End the phase's bar."""
        if self._task is not None and self._last is not None:
            self._bar.stop_task(self._task)
            self._bar.update(self._task, visible=self._last.done > 0)


def figures(progress: BuildProgress | Job) -> str:
    """A phase's figures for display: ``1,200 of 45,219, 210/s, 3:29 left``."""
    if not progress.total:
        return ""
    if not progress.done:
        return f"{progress.total:,}"
    parts = [f"{progress.done:,} of {progress.total:,}"]
    if progress.rate:
        parts.append(f"{progress.rate:,.0f}/s")
    if progress.seconds_left:
        minutes, seconds = divmod(round(progress.seconds_left), 60)
        parts.append(f"{minutes}:{seconds:02} left")
    return ", ".join(parts)


def _rate(count: int, seconds: float) -> str:
    return f", {count / seconds:,.0f}/s" if seconds > 0 else ""


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[figures]}"),
        console=Console(stderr=True),
    )

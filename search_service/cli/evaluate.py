"""The commands ``evaluate`` and ``evaluate-related`` of ``python -m search_service`` measure quality on judged sets.

docs/relevance.md has the figures.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from statistics import fmean

import click
from rich.table import Table

from indexer.analysis.analyzers import make_analyzer
from indexer.command_line import results
from indexer.settings import IndexSettings, read_settings
from search_service.evaluation.judged import read_judged
from search_service.evaluation.measures import Interval, interval
from search_service.evaluation.related import RelatedMeasures, evaluate_related
from search_service.evaluation.related import to_json as related_to_json
from search_service.evaluation.search import Evaluation, evaluate, from_json, to_json
from search_service.settings import SearchSettings

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("evaluate")
@click.option(
    "--judged",
    metavar="FOLDER",
    type=_FOLDER,
    multiple=True,
    required=True,
    help="A judged set: corpus.jsonl, queries.jsonl, qrels.tsv. Repeatable.",
)
@click.option(
    "--json", "json_file", metavar="FILE", type=_FILE, help="Write the complete result to FILE."
)
@click.option(
    "--against",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare with a FILE that --json wrote before, under other settings or by another release.",
)
@click.option(
    "--moved",
    metavar="N",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Number of queries to show, those whose nDCG@10 changed most.",
)
def evaluate_command(
    judged: tuple[Path, ...], json_file: Path | None, against: Path | None, moved: int
) -> None:
    """Run the questions of judged sets, and print nDCG@10, MRR@10, recall@100, zero hits, the rungs and the median time."""
    before = from_json(against) if against else {}
    settings = read_settings(IndexSettings, os.environ)
    aging = read_settings(SearchSettings, os.environ).aging
    analyzer = make_analyzer()
    found = [
        evaluate(
            read_judged(folder),
            analyzer=analyzer,
            timezone=settings.timezone,
            engine=settings.engine,
            aging=aging,
        )
        for folder in judged
    ]
    results().print(_summary(found, before))
    for each in found:
        if each.name in before:
            results().print(_moved(before[each.name], each, moved))
    if json_file:
        json_file.write_bytes(to_json(found))


@click.command("evaluate-related")
@click.argument("folder", type=_FOLDER)
@click.option(
    "--json", "json_file", metavar="FILE", type=_FILE, help="Write the complete result to FILE."
)
def evaluate_related_command(folder: Path, json_file: Path | None) -> None:
    """Ask for the related articles of a judged set's articles, and print recall@6 and nDCG@6 beside those of a plain search."""
    settings = read_settings(IndexSettings, os.environ)
    analyzer = make_analyzer()
    judged = read_judged(folder)
    found = evaluate_related(judged, analyzer=analyzer, timezone=settings.timezone)
    results().print(_related_summary(found))
    if json_file:
        json_file.write_bytes(related_to_json(judged.name, found))


def _related_summary(found: list[RelatedMeasures]) -> Table:
    table = Table("ranking", "near-copies", "seeds", "recall@6", "95 %", "nDCG@6", "95 %")
    for ours, plain in zip(found[::2], found[1::2], strict=True):
        where, count = "in" if ours.copies else "out", str(len(ours.recalls))
        for each in (ours, plain):
            cells = [*_mean(each.recalls.values()), *_mean(each.ndcgs.values())]
            table.add_row(each.ranking, where, count, *cells)
        gains = [
            [mine[seed] - theirs[seed] for seed in mine]
            for mine, theirs in ((ours.recalls, plain.recalls), (ours.ndcgs, plain.ndcgs))
        ]
        table.add_row(
            "difference", where, count, *(cell for each in gains for cell in _mean(each, sign="+"))
        )
    return table


def _mean(values: Collection[float], *, sign: str = "") -> tuple[str, str]:
    """The mean and its interval."""
    return f"{fmean(values):{sign}.3f}", _ends(interval([*values]), sign=sign)


def _summary(found: list[Evaluation], before: dict[str, Evaluation]) -> Table:
    table = Table(
        *("set", "queries", "nDCG@10", "95 %", "MRR@10", "recall@100"),
        *("zero hits", "answered on", "median ms"),
    )
    for each in found:
        old = before.get(each.name)
        if old:
            table.add_row(f"{each.name}, before", *_measures(old))
        table.add_row(each.name, *_measures(each))
        if gains := each.gains_over(old) if old else []:
            table.add_row("difference", str(len(gains)), *_mean(gains, sign="+"))
    return table


def _measures(row: Evaluation) -> list[str]:
    count = len(row.answers)
    return [
        str(count),
        f"{row.ndcg_10:.3f}",
        _ends(row.ndcg_10_interval),
        f"{row.mrr_10:.3f}",
        f"{row.recall_100:.3f}",
        f"{row.zero_hits:.1%}",
        ", ".join(f"{rung} {times / count:.1%}" for rung, times in row.rungs.items()),
        f"{row.median_ms:.1f}",
    ]


def _ends(ends: Interval, *, sign: str = "") -> str:
    return " to ".join(f"{end:{sign}.3f}" for end in ends)


def _moved(before: Evaluation, now: Evaluation, most: int) -> Table:
    """The queries whose nDCG changed most, the greatest change first."""
    table = Table("query", "nDCG before", "now", "rung before", "now")
    shared = [query for query in now.answers if query in before.answers]
    shared.sort(key=lambda query: -abs(now.answers[query].ndcg - before.answers[query].ndcg))
    for query in shared[:most]:
        old, new = before.answers[query], now.answers[query]
        if old.ndcg != new.ndcg:
            table.add_row(new.text, f"{old.ndcg:.3f}", f"{new.ndcg:.3f}", old.rung, new.rung)
    return table

"""The commands ``python -m indexer words ...``: parse, call, show. docs/cli.md describes them.

``python -m indexer editorial ... words`` keeps the list itself.
"""

from __future__ import annotations

from contextlib import closing

import click

from indexer.cli import build_summaries, summaries
from indexer.cli.analyzing import current_analyzer
from indexer.cli.generations import FORCE_PROMOTION
from indexer.cli.given import Given, index_settings
from indexer.cli.progress import show_build
from indexer.command_line import PARTLY
from indexer.mining import mined_words
from indexer.opening import made_with, open_generation
from indexer.processes import step_back
from indexer.rebuilding.previewing import preview_words
from indexer.rebuilding.sample import sample
from indexer.rebuilding.words import apply_words
from indexer.settings import usable_cores
from indexer.shared_generations import generations_of
from indexer.store.database import open_store


@click.group("words")
def words_group() -> None:
    """Apply the editors' words to the index, preview them, and find new ones."""


@words_group.command("apply")
@FORCE_PROMOTION
@click.pass_obj
def apply_command(given: Given, force: bool) -> int:
    """Cut the articles that the changed words touch anew, in a new generation, check it, and make it live."""
    step_back()
    settings = index_settings()
    with closing(open_store(settings.store_url)) as store, show_build() as progress:
        report = apply_words(
            store,
            generations_of(settings),
            engine_name=settings.engine,
            analyzer=current_analyzer(settings),
            timezone=settings.timezone,
            keep=settings.keep_generations,
            processes=usable_cores(),
            asking=given.asking,
            force=force,
            progress=progress,
        )
    click.echo(report.sentence)
    if report.rebuilt is None:
        return 0
    build_summaries.show_rebuild(report.rebuilt)
    return PARTLY if report.rebuilt.checks.failed and not report.rebuilt.promoted else 0


@words_group.command("preview")
@click.pass_obj
def preview_command(given: Given) -> None:
    """Show what the words that are not applied yet would change: articles, titles, and readers' queries."""
    settings = index_settings()
    with show_build() as progress:
        made = preview_words(
            generations_of(settings),
            analyzer=current_analyzer(settings),
            timezone=settings.timezone,
            asking=given.asking,
            progress=progress,
        )
    summaries.show_words_preview(made)


@words_group.command("found")
def found_command() -> None:
    """Show the words that the last rebuild found in the articles, with their frequencies."""
    settings = index_settings()
    live = generations_of(settings).live()
    click.echo(made_with(live, current_analyzer(settings)).found_words.lines, nl=False)


@words_group.command("mine")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Maximum number of words, the most frequent ones.",
)
def mine_command(limit: int) -> None:
    """Print words that the articles hold and neither the dictionary nor the list, as lines of the list of words."""
    settings = index_settings()
    analyzer = current_analyzer(settings)
    live = generations_of(settings).live()
    engine = open_generation(live, analyzer=analyzer, timezone=settings.timezone)
    with closing(open_store(settings.store_url)) as store, engine.reader() as reader:
        for each in mined_words(sample(store), reader, analyzer, most=limit):
            summaries.show_mined_word(each)

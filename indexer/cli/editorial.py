"""The commands of ``python -m indexer editorial``: parse, call, show. docs/cli.md and docs/editorial.md describe them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import cast

import click

from indexer.abbreviations import abbreviations
from indexer.analysis.analyzers import is_one_word
from indexer.cli import summaries
from indexer.cli.analyzing import current_analyzer
from indexer.cli.given import index_settings
from indexer.cli.output import hint
from indexer.command_line import PARTLY
from indexer.editorial.entries import (
    ALL_ARTICLES,
    LISTS,
    BlockPlacement,
    Entry,
    ListName,
    Stopword,
    Synonyms,
    articles_of,
    spell_entries,
)
from indexer.editorial.lines import entry_key, packaged_synonyms, read_entries, read_entry
from indexer.errors import InvalidEntry
from indexer.store.articles import ArticleStore
from indexer.store.database import open_editorial, open_store

_LIST = click.argument("name", metavar="LIST", type=click.Choice(LISTS))


@click.group("editorial")
def editorial_group() -> None:
    """Keep the editors' lists: synonyms, stopwords, words, pins, hides, picks, bans, blocked words, hot and golden queries, and those with nothing to find."""


@editorial_group.command("list")
@click.argument("name", metavar="[LIST]", type=click.Choice(LISTS), required=False)
def list_command(name: str | None) -> None:
    """Show the number of entries of each list, or the entries of LIST and whether they are in effect today."""
    settings = index_settings()
    with closing(open_editorial(settings.store_url)) as store:
        lists = store.read()
    if name is None:
        summaries.show_lists({each: len(lists.entries[each]) for each in LISTS}, lists.version)
        return
    entries = lists.entries[cast(ListName, name)]
    with closing(open_store(settings.store_url)) as articles:
        titles = _titles(entries, articles)
    today = datetime.now(settings.timezone).date()
    summaries.show_entries(entries, titles, today=today)
    for each in _about_pages(entries, titles):
        hint(f"mind: {each}")


@editorial_group.command("add")
@_LIST
@click.argument("lines", nargs=-1, required=True, metavar="LINE...")
def add_command(name: str, lines: tuple[str, ...]) -> None:
    """Add each LINE to LIST, or change the existing entry."""
    named = cast(ListName, name)
    _put(named, [read_entry(named, line) for line in lines], replace=False)


@editorial_group.command("remove")
@_LIST
@click.argument("lines", nargs=-1, required=True, metavar="LINE...")
def remove_command(name: str, lines: tuple[str, ...]) -> int:
    """Remove from LIST the entry that each LINE names. What follows the id of an article may be left out."""
    named = cast(ListName, name)
    keys = {entry_key(named, line): line for line in lines}
    with closing(open_editorial(index_settings().store_url)) as store:
        unknown = store.remove(named, keys)
    click.echo(f"removed {summaries.entries(len(keys) - len(unknown))} from {name}")
    for each in unknown:
        hint(f"not in {name}: {keys[each]}")
    return PARTLY if unknown else 0


@editorial_group.command("import")
@_LIST
@click.argument("file")
@click.option("--replace", is_flag=True, help="Replace all entries of LIST with those of FILE.")
def import_command(name: str, file: str, replace: bool) -> None:
    """Add the lines of FILE (UTF-8, - for standard input) to LIST: all of them, or none if one is wrong."""
    named = cast(ListName, name)
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = data.count(b"\n", 0, error.start) + 1
        why = f"line {broken} is not UTF-8: save the file as UTF-8"
        raise InvalidEntry(named, file, why) from error
    entries = read_entries(named, text, where=file)
    if not entries:
        hint("mind: no line was read: in a shell put a line in quotes, or > writes to a file")
    _put(named, entries, replace=replace)


@editorial_group.command("export")
@_LIST
def export_command(name: str) -> None:
    """Print the lines of LIST in the format that import reads."""
    with closing(open_editorial(index_settings().store_url)) as store:
        lists = store.read()
    click.echo(spell_entries(lists.entries[cast(ListName, name)]), nl=False)


@editorial_group.command("abbreviations")
@click.option(
    "--least",
    metavar="N",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Leave out what fewer than N articles introduce.",
)
def abbreviations_command(least: int) -> None:
    """Print abbreviations that articles introduce, such as 深圳大学（以下简称深大）, as lines of synonyms."""
    settings = index_settings()
    with closing(open_editorial(settings.store_url)) as store:
        lists = store.read()
    edited = (each for each in lists.entries["synonyms"] if isinstance(each, Synonyms))
    known = (*packaged_synonyms(), *edited)
    with closing(open_store(settings.store_url)) as articles:
        found = abbreviations(
            (change.article for change in articles.changes() if change.article),
            current_analyzer(settings),
            least=least,
            known=known,
        )
    summaries.show_abbreviations(found)


def _put(name: ListName, entries: list[Entry], *, replace: bool) -> None:
    settings = index_settings()
    with closing(open_editorial(settings.store_url)) as store:
        change = store.put(name, entries, replace=replace)
    summaries.show_list_change(name, change)
    with closing(open_store(settings.store_url)) as articles:
        titles = _titles(entries, articles)
    for article_id in dict.fromkeys(chain.from_iterable(map(articles_of, entries))):
        if titles[article_id] is None:
            hint(f"mind: there is no article {article_id} in the store")
    for about in _about_pages(entries, titles):
        hint(f"mind: {about}")
    if name == "words" and entries:
        hint("next: python -m indexer words preview, then words apply")
    stopwords = [each.word for each in entries if isinstance(each, Stopword)]
    if stopwords:
        analyzer = current_analyzer(settings)
        for word in stopwords:
            if not is_one_word(analyzer, word):
                cut = " ".join(token.text for token in analyzer.index(word))
                hint(f"mind: {word} does nothing, for it is cut into {cut}")


def _titles(entries: Iterable[Entry], articles: ArticleStore) -> dict[str, str | None]:
    """The titles of the articles that entries name, and of those on whose pages; None for an article that is not in the store."""
    titles: dict[str, str | None] = {}
    for article_id in chain.from_iterable((*articles_of(each), _page(each)) for each in entries):
        if article_id and article_id not in titles:
            article = articles.get(article_id)
            titles[article_id] = article.title if article else None
    return titles


def _page(entry: Entry) -> str | None:
    return entry.page if isinstance(entry, BlockPlacement) else None


def _about_pages(entries: Iterable[Entry], titles: Mapping[str, str | None]) -> Iterator[str]:
    """What is odd about the pages that entries name. Articles may come later, so nothing of it is an error."""
    paged = [each for each in entries if isinstance(each, BlockPlacement) and each.page]
    for page in dict.fromkeys(each.page or "" for each in paged):
        if page == ALL_ARTICLES:
            yield "related * is the page of an article called *; every page is related alone, as in related => a-2"
        elif titles[page] is None:
            yield f"there is no article {page} in the store whose page the line arranges"
    for each in paged:
        if each.page == each.article_id:
            yield f"{each.spell()} does nothing, for no page lists its own article"

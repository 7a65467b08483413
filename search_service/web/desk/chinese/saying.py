"""A sentence of the program in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape

from indexer.said import Said
from indexer.store.jobs import Job
from search_service.web.desk.chinese import articles, jobs, lists, sources
from search_service.web.desk.chinese.names import NAMES, WHYS

TEXTS: Final[Mapping[str, str]] = {
    **articles.TEXTS,
    **sources.TEXTS,
    **lists.TEXTS,
    **jobs.TEXTS,
}
"""By the English template. Each may leave facts out."""

SENTENCES: Final = frozenset(
    ("why", "first", "then", "detail", "fault", "queries", "so_far", "fate", "fix")
)
"""Facts that are sentences. What has no text in Chinese is then English, not a value."""

NOBODY: Final[Mapping[str, str]] = MappingProxyType({})


def in_chinese(text: str, called: Mapping[str, str] = NOBODY) -> Markup:
    """A sentence in Chinese. What has no text in Chinese is marked as English.

    ``called`` are what people call the files that stand in it.
    """
    if isinstance(text, Said) and text.template in TEXTS:
        facts = {name: _fact(name, fact, called) for name, fact in text.facts.items()}
        return escape(TEXTS[text.template]).format(**facts)
    known = WHYS.get(text)
    if known is not None:
        return escape(known)
    return Markup('<span lang="en">{}</span>').format(_renamed(text, called))


def explained(text: str, called: Mapping[str, str] = NOBODY) -> Markup:
    """A sentence that stands alone, in Chinese; before one that is English it says what to do with it."""
    said = in_chinese(text, called)
    if isinstance(text, Said) and text.template in TEXTS:
        return said + "。"
    return Markup("程序的原话，看不明白请转给维护系统的人：{}").format(said)


def outcome_text(job: Job) -> Markup:
    """What came of a job, in Chinese."""
    return explained(job.outcome, names_of(job))


def names_of(job: Job) -> Mapping[str, str]:
    """What the owner of an uploaded file calls it, by its path."""
    called = job.arguments.get("uploaded")
    return {job.arguments["file"]: called} if called else NOBODY


def _fact(name: str, fact: object, called: Mapping[str, str]) -> object:
    if not isinstance(fact, str):
        return fact
    if isinstance(fact, Said):
        return in_chinese(fact, called)
    if named := NAMES.get(name, NOBODY).get(fact):
        return named
    return in_chinese(fact, called) if name in SENTENCES else _renamed(fact, called)


def _renamed(text: str, called: Mapping[str, str]) -> str:
    for path, name in called.items():
        text = text.replace(path, name)
    return text

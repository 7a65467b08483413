"""Answers on a terminal: how the question was understood, the hits with marks, and the facets."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from search_service.answering.rungs import Rung
from search_service.answering.search import Answer, FoundArticle
from search_service.excerpts.snippets import Marked

_RUNGS: Final[dict[Rung, str]] = {
    "browse": "everything, newest first",
    "words": "all words",
    "inside": "all words, also inside other words",
    "most": "most of the words",
    "any": "any of the words",
    "unquoted": "the words without their quotes",
}
_MARK: Final = "bold yellow"
_FACET_VALUES: Final = 8


def print_answer(answer: Answer, timezone: ZoneInfo, *, to: Console) -> None:
    """Print one page of an answer."""
    understood = answer.understood
    about = "about " if answer.total_is_estimate else ""
    once = f" ({answer.groups} without duplicates)" if answer.groups < answer.total else ""
    rung = _RUNGS[understood.rung]
    if understood.stricter:
        rung += f" ({understood.stricter} of them more strictly)"
    to.print(
        Text(understood.parsed or "(no text)", style="bold"),
        Text(f"{about}{answer.total}{once} found by {rung}", style="dim"),
        Text(f"page {answer.page} of {answer.pages}, {answer.took_ms:.0f} ms", style="dim"),
        sep=" · ",
    )
    if meant := understood.correction:
        said = "nothing found as typed, searched for" if meant.applied else "did you mean"
        to.print(Text(f"{said}: {meant.query}", style="bold"))
    if understood.ignored:
        to.print(Text(f"ignored: {'、'.join(understood.ignored)}", style="dim"))
    for each in understood.synonyms:
        to.print(Text(f"{each.text} also as: {'、'.join(each.others)}", style="dim"))
    if understood.missing:
        to.print(Text(f"in no article: {'、'.join(understood.missing)}", style="dim"))
    for note in understood.notes:
        to.print(Text(note, style="dim"))
    first = (answer.page - 1) * answer.size + 1
    for rank, hit in enumerate(answer.hits, first):
        to.print()
        _print_hit(rank, hit, timezone, to=to)
    if answer.facets:
        to.print()
    for name, counts in answer.facets.items():
        shown = "  ".join(f"{each.value} {each.count}" for each in counts[:_FACET_VALUES])
        to.print(Text(f"{name}: {shown}", style="dim"))


def _print_hit(rank: int, hit: FoundArticle, timezone: ZoneInfo, *, to: Console) -> None:
    article = hit.article
    published = article.published_at
    day = f"{published.astimezone(timezone):%Y-%m-%d}" if published else ""
    facts = (
        f"{hit.score:.2f}" if hit.score else "",
        day,
        article.channel,
        article.source,
        article.id,
        "pinned" if hit.pinned else "",
        f"{hit.duplicates} more in group {article.duplicate_group}" if hit.duplicates else "",
    )
    to.print(Text(f"{rank}. ").append_text(_marked(hit.title)))
    to.print(Text("   ").append_text(_marked(hit.snippet)))
    to.print(Text("   " + " · ".join(filter(None, facts)), style="dim"))
    for line in hit.explanation.lines() if hit.explanation else ():
        to.print(Text(f"     {line}", style="dim"))


def _marked(marked: Marked) -> Text:
    text = Text(marked.text)
    for start, end in marked.marks:
        text.stylize(_MARK, start, end)
    return text

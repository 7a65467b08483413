"""Abbreviations that articles introduce: 深圳大学（以下简称深大） says that 深大 is short for 深圳大学.

Editors read what is found and take over what they accept as synonyms. This module changes no list.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold
from indexer.article import Article
from indexer.editorial.entries import Synonyms

_LONGEST: Final = 32
"""Maximum number of characters of a full name. Longer ones are titles of documents."""
_AGREED: Final = 0.8
"""The share of the articles in which a short form must mean the same. 《通知》 and 公司 mean something else in each article."""

_MADE_SHORT: Final = re.compile(
    r"([”》」』]?)[(](?:以下|下文)?(?:简称|下称)(?:为|作)?:?\s*"
    r"[“《「『\"]?([^\W_]{2,12})[”》」』\"]?[)]"
)
"""Behind a full name, in folded text: its closing mark, if any, and the short form in brackets."""
_BEGINS: Final = re.compile(r"[,。;:!?、\s“”‘’「」『』《》]")
"""What a full name does not hold."""


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """A short form of a full name, both folded, and the number of articles that introduce it. Reprints count once."""

    full: str
    short: str
    articles: int

    @property
    def entry(self) -> Synonyms:
        """The line of synonyms that makes each find the other."""
        return Synonyms((self.full, self.short))


def abbreviations(
    articles: Iterable[Article],
    analyzer: Analyzer,
    *,
    least: int,
    known: Iterable[Synonyms] = (),
) -> list[Abbreviation]:
    """The abbreviations that at least ``least`` articles introduce, most articles first. O(length of the articles).

    Left out are those whose full name and short form stand together in a line of ``known``.
    """
    places: dict[tuple[str, str], set[object]] = defaultdict(set)
    for article in articles:
        for pair in _introduced(fold(article.body), analyzer):
            places[pair].add(article.duplicate_group or article.id)
    meanings: Counter[str] = Counter()
    for (_, short), found in places.items():
        meanings[short] += len(found)
    lines = [{*line.words, *line.targets} for line in known]
    kept = [
        Abbreviation(full, short, len(found))
        for (full, short), found in places.items()
        if len(found) >= max(least, _AGREED * meanings[short])
        and not any(line.issuperset((full, short)) for line in lines)
    ]
    return sorted(kept, key=lambda each: (-each.articles, each.full, each.short))


def _introduced(text: str, analyzer: Analyzer) -> Iterator[tuple[str, str]]:
    """Each full name of a folded text with its short form."""
    for found in _MADE_SHORT.finditer(text):
        closing, short = found.groups()
        before = text[max(0, found.start() - _LONGEST) : found.start()]
        clause = _BEGINS.split(before)[-1]
        full = clause if closing else _name_at_end(clause, short, analyzer)
        whole = full.count("(") == full.count(")") and len(full) > len(short)
        if short.isdigit() or not whole:
            continue
        if _shortens(full, short) and not _is_its_kind(full, short, analyzer):
            yield full, short


def _name_at_end(clause: str, short: str, analyzer: Analyzer) -> str:
    """The shortest end of a clause that the short form shortens. The clause itself if there is none.

    It does not begin inside a word of the dictionaries (链 in 供应链). Other words may be cut wrongly: 从云溪 in 从云溪大学.
    """
    inside = {
        place
        for token in analyzer.query(clause)
        if analyzer.holds(token.text)
        for place in range(token.start + 1, token.end)
    }
    places = (at for at in range(len(clause) - len(short) - 1, -1, -1) if at not in inside)
    return next((clause[at:] for at in places if _shortens(clause[at:], short)), clause)


def _shortens(full: str, short: str) -> bool:
    """Whether all characters of ``short`` stand in ``full`` in the same order, and its first character first."""
    rest = iter(full)
    return full[:1] == short[0] and all(character in rest for character in short)


def _is_its_kind(full: str, short: str, analyzer: Analyzer) -> bool:
    """Whether a short form only names the kind of thing: 办法 of 管理办法."""
    return full.endswith(short) and analyzer.holds(short)

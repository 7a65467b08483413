"""Joined words: words of a typed text that form one thing and must follow one another.

Numbers and Latin words are joined if they are typed without a blank: 3:2, H1N1, iPhone15, 19:30. Single Chinese
characters belong to the stretch if no other character touches it: 歼20, 7号. Each word alone occurs in many unrelated
articles.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from indexer.analysis.analyzers import Token
from search_service.understanding.borders import has_borders

_PARTS: Final = re.compile(r"[\s,，、;；。！!？?+＋]")
"""Characters that separate two things."""

MAX_JOINED: Final = 8
"""Maximum number of words of a stretch. Each word costs a look-up. Eight words of a long address identify the address."""


def joined(text: str, tokens: Sequence[Token]) -> tuple[str, ...]:
    """The stretches of ``text`` whose words must follow one another. ``tokens`` are the words of ``text`` in query mode."""
    places = Counter(token.position for token in tokens)
    runs: list[list[Token]] = [[token] for token in tokens[:1]]
    for before, after in pairwise(tokens):
        # Words at the same position, such as those of a square metre sign, do not follow one another.
        alone = places[before.position] == places[after.position] == 1
        if alone and _belong(text, before, after):
            runs[-1].append(after)
        else:
            runs.append([after])
    stretches = (stretch[:MAX_JOINED] for run in runs for stretch in _stretches(text, run))
    return tuple(text[each[0].start : each[-1].end] for each in stretches if len(each) > 1)


def _belong(text: str, before: Token, after: Token) -> bool:
    bordered = [has_borders(token.text) for token in (before, after)]
    return (
        after.position == before.position + 1
        and any(bordered)
        and all(bordered[n] or len(token.text) == 1 for n, token in enumerate((before, after)))
        and not _PARTS.search(text, before.end, after.start)
    )


def _stretches(text: str, run: list[Token]) -> Iterator[list[Token]]:
    """The whole run. If other characters touch it, only its parts without Chinese characters."""
    if not (text[: run[0].start][-1:].isalnum() or text[run[-1].end :][:1].isalnum()):
        yield run
        return
    for bordered, part in groupby(run, lambda token: has_borders(token.text)):
        if bordered:
            yield list(part)

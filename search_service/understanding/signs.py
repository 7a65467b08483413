"""Numbers with a sign inside: what else a reader may mean by 9·11 or 3-2.

The typed sign comes first. Other signs count on the looser rungs. Only the middle dot may be left out at once (911), because readers
type it or not. 32 is not 3-2.
"""

from __future__ import annotations

import re
from typing import Final

from indexer.analysis.spellings import SIGNS, usual

_SIGNED: Final = re.compile(rf"([0-9]+)([{re.escape(''.join(SIGNS))}])([0-9]+)")


def bare(word: str) -> str:
    """The digits of a number with a middle dot without it; empty for any other word."""
    match = _SIGNED.fullmatch(word)
    return match[1] + match[3] if match and match[2] == "·" else ""


def with_other_signs(word: str) -> tuple[str, ...]:
    """A number that has one sign, with each of the other signs, and a range also without a sign. Empty for any other word."""
    match = _SIGNED.fullmatch(word)
    if match is None:
        return ()
    others = [sign for sign in SIGNS if sign != match[2]] + ([""] if match[2] in "-/~" else [])
    return tuple(dict.fromkeys(usual(match[1] + sign + match[3]) for sign in others))

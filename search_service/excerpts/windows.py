"""Windows: the stretches of a text that show most of what was found in it, cut where a reader can begin and stop.

This module knows places and their weights, not queries. ``snippets.py`` finds the places and marks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

from search_service.excerpts.leads import KEPT, PAUSES, beginning, end_before

RUN_UP: Final = 40
"""Maximum number of characters before the first mark: a stretch can then begin with a sentence or a clause."""
LEAST_RUN_UP: Final = 20
"""As many characters may come before the first mark even if the stretch becomes longer than wanted: most clauses are shorter."""

Found = tuple[int, int, int]
"""Start and end of a needle's occurrence, and the needle's number."""


class Stretch(NamedTuple):
    """``text[start:end]``, to be shown."""

    start: int
    end: int


class _Window(NamedTuple):
    """From the start of one occurrence to the end of another or the same one."""

    start: int
    end: int
    needles: frozenset[int]
    weight: float


def best_stretches(
    text: str, found: Sequence[Found], weights: Sequence[float], length: int
) -> tuple[float, list[Stretch]]:
    """One stretch of about ``length`` characters, or two of half that if they show more. Also returns their weight.

    ``found`` is ascending and not empty. A needle weighs ``weights[needle]`` once, however often it is shown. The
    stretches are in order and do not touch. O(found + length).
    """
    whole = _best_window(found, weights, length)
    if len(whole.needles) < len({needle for _, _, needle in found}):
        half = length // 2
        first = _best_window(found, weights, half)
        shown = _stretch(text, first, half, 0, len(text))
        others = [
            each
            for each in found
            if each[2] not in first.needles and (each[1] < shown.start or each[0] > shown.end)
        ]
        second = _best_window(others, weights, half) if others else None
        if second and (weight := first.weight + second.weight) > whole.weight:
            if second.start < shown.start:
                return weight, [_stretch(text, second, half, 0, shown.start - 1), shown]
            return weight, [shown, _stretch(text, second, half, shown.end + 1, len(text))]
    return whole.weight, [_stretch(text, whole, length, 0, len(text))]


def _best_window(found: Sequence[Found], weights: Sequence[float], length: int) -> _Window:
    """The first window of at most ``length`` with the greatest weight of distinct needles.

    An occurrence longer than ``length`` is a window of its own. O(found): both ends only move forward. The search stops
    early when a window holds all needles.
    """
    counts = [0] * len(weights)
    missing = len({needle for _, _, needle in found})
    weight = best_weight = 0.0
    first = best = 0
    for last, (_, end, needle) in enumerate(found):
        while found[first][0] + length < end and first < last:
            leaving = found[first][2]
            counts[leaving] -= 1
            if not counts[leaving]:
                weight -= weights[leaving]
                missing += 1
            first += 1
        if not counts[needle]:
            weight += weights[needle]
            missing -= 1
        counts[needle] += 1
        # Rounding errors add up in the sum. A true gain is always greater than this.
        if weight > best_weight + 1e-9:
            best, best_weight = first, weight
            if not missing:
                break
    start = found[best][0]
    held = [found[best]]
    for each in islice(found, best + 1, None):
        if each[1] > start + length:
            break
        held.append(each)
    end = max(each[1] for each in held)
    return _Window(start, end, frozenset(each[2] for each in held), best_weight)


def _stretch(text: str, window: _Window, length: int, low: int, high: int) -> Stretch:
    """About ``length`` characters around a window, within ``[low, high)``, without blanks at the ends."""
    start = _begin(text, window, length, low, high)
    end = start + length
    if window.end - window.start <= length:
        end = max(end, window.end)
    end = _stop(text, window, end, high, earliest=start + int(length * KEPT))
    while start < window.start and text[start].isspace():
        start += 1
    while end > window.end and (text[end - 1].isspace() or _is_idle_pause(text, end)):
        end -= 1
    return Stretch(start, end)


def _begin(text: str, window: _Window, length: int, low: int, high: int) -> int:
    """Where the stretch begins: before the window, at a sentence, else at a clause, else with the window itself.

    It never begins inside a word, because a text shows no borders of Chinese words.
    """
    spare = length - (window.end - window.start)
    behind = high - window.start
    earliest = max(low, window.start - max(min(RUN_UP, spare), length - behind, LEAST_RUN_UP))
    if earliest == 0:
        return 0
    place = beginning(text, earliest, window.start)
    return window.start if place is None else place


def _stop(text: str, window: _Window, end: int, high: int, *, earliest: int) -> int:
    end = max(end, window.start + 1)
    if end >= high:
        return high
    return end_before(text, end, earliest=max(earliest, window.end - 1))


def _is_idle_pause(text: str, end: int) -> bool:
    return text[end - 1] in PAUSES and end < len(text)

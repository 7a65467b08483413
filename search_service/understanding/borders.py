"""Word borders of folded texts. A Latin word ends where its letters end, and a number where its digits end.

Chinese text shows no word borders. Any place between two Chinese characters may be one.
"""

from __future__ import annotations

from typing import Final

_FIRST_WITHOUT: Final = "\u1100"
"""Scripts that separate words with blanks (Latin, Greek, Cyrillic ...) lie below this character. Hangul, kana and Han do not."""


def is_border(text: str, place: int) -> bool:
    """Whether no Latin word and no number continues across ``place``."""
    if not 0 < place < len(text):
        return True
    kind = _kind(text[place])
    return kind is None or kind != _kind(text[place - 1])


def may_run_on(text: str) -> bool:
    """Whether a Latin word or a number at either end of ``text`` may continue beyond it."""
    return any(_kind(character) is not None for character in text[:1] + text[-1:])


def has_borders(text: str) -> bool:
    """Whether all letters and digits of ``text`` are of scripts whose words have borders. A sign such as ㎡ has borders too."""
    without = (each for each in text if each >= _FIRST_WITHOUT)
    return not any(map(str.isalnum, without))


def _kind(character: str) -> str | None:
    if character >= _FIRST_WITHOUT:
        return None
    return "letter" if character.isalpha() else "digit" if character.isdigit() else None

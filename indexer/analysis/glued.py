"""Names that the segmenter glues to a neighbour: 谌龙 in 谌龙则, a word that no dictionary holds and the model made.

Such a name stands at one end of the word. The index keeps these ends beside the words, so the name is found in every article.
They are no words: they do not count in lengths, frequencies or key terms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from indexer.analysis.dictionary import is_han

_NAME: Final = 2
"""The characters of a glued name. Longer ones can be looked up literally: they seldom meet by chance across two words."""
_LENGTHS: Final = (3, 4)
"""The lengths of words that may be a name and a neighbour. Longer ones are rare."""


def glued_ends(word: str, holds: Callable[[str], bool]) -> tuple[str, ...]:
    """The first and the last two characters of a Chinese word that no dictionary holds, without words of a dictionary."""
    if len(word) not in _LENGTHS or not is_han(word) or holds(word):
        return ()
    return tuple(end for end in (word[:_NAME], word[-_NAME:]) if not holds(end))

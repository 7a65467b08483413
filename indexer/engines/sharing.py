"""What machines agree on that share the keeper of their indexes: which generations there are, and which of them is live."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol


class Agreed(NamedTuple):
    """The complete generations, those of them that were ever live, the live one, and the highest number that was given out."""

    names: tuple[str, ...] = ()
    were_live: tuple[str, ...] = ()
    live: str | None = None
    last: int = 0


class Sharing(Protocol):
    """The agreement of the machines. Each change happens as a whole, or not at all.

    Raises:
        IndexFailure: in any method, when who keeps it does not answer. Then nothing was changed.
    """

    def agreed(self) -> Agreed | None:
        """What is agreed now; None if nothing ever was, or if it was lost. One look-up."""

    def reserve(self, above: int) -> int:
        """A number for a new generation: above this one, and above all that were given out."""

    def publish(self, name: str, index: Path, files: Mapping[str, str]) -> None:
        """Add a complete generation, whose index the folder ``index`` names, with the small files that are to be beside it."""

    def fetch(self, name: str, index: Path) -> dict[str, str]:
        """The files of a generation. Makes the folder ``index``, which names its index.

        Raises:
            FolderNotWritable: it cannot be made.
        """

    def promote(self, name: str | None) -> None:
        """Make a published generation the live one, or none.

        Raises:
            IndexFailure: another machine removed it meanwhile.
        """

    def withdraw(self, name: str) -> None:
        """Take a generation out, before its index is removed. One that is not published may be named.

        Raises:
            IndexFailure: it is live.
        """

"""Ordinals: a column of values in a segment, as numbers in a sorted dictionary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.errors import Damaged
from indexer.columnar.files.arrays import AnyArray, ArrayFile
from indexer.columnar.files.terms import Terms


class Ordinals:
    """A column whose values are in a sorted dictionary. Each document has one value or, in a column of lists, any number."""

    def __init__(self, file: ArrayFile, name: str, *, many: bool) -> None:
        prefix = f"c/{name}"
        self._path, self._name = file.path, name
        self.terms = Terms(file, prefix)
        self.ordinals: AnyArray = file[f"{prefix}/ordinals"]
        """Unsigned[documents]; the number of terms stands for no value. With ``many``: the ordinals of all documents in a row."""
        self.starts: NDArray[np.uint32] | None = file[f"{prefix}/starts"] if many else None
        """With ``many``, uint32[documents + 1]: the first ordinal of each document."""

    def values(self) -> list[bytes]:
        """The values of the ordinals, after a check that each ordinal has a value or means no value. O(ordinals).

        Raises:
            Damaged: an ordinal is greater than the number of values.
        """
        if len(self.ordinals) and self.ordinals.max() > len(self.terms):
            raise Damaged(self._path, f"column {self._name!r} has a number that no value has")
        return self.terms.slice()

"""The kinds of fields that a columnar index can hold, as data that every segment stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

PostingsKind = Literal["words", "terms"]
"""``words``: documents, frequencies, positions and lengths; ``terms``: documents only."""
ColumnKind = Literal["int64", "float32", "uint64", "ordinal", "ordinals"]
"""Numbers, or one or many values of a sorted dictionary of byte strings."""

MISSING_INT: Final = -(2**63)
MISSING_UINT: Final = 2**64 - 1
BLOBS: Final = "b"
"""Where the arrays of the blobs lie in a segment."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of an index by kind. Two segments can be merged when their layouts are equal.

    ``postings`` are searched, ``columns`` are sorted and counted, ``blobs`` are stored compressed. ``forward`` names the
    ``words`` fields with a forward index of each document's weightiest terms. ``key`` is the ``terms`` field whose single
    value identifies a document.
    """

    postings: dict[str, PostingsKind]
    columns: dict[str, ColumnKind]
    blobs: tuple[str, ...] = ()
    forward: tuple[str, ...] = ()
    key: str | None = None

    def to_facts(self) -> dict[str, object]:
        """As JSON values."""
        return {
            "postings": self.postings,
            "columns": self.columns,
            "blobs": list(self.blobs),
            "forward": list(self.forward),
            "key": self.key,
        }

    @classmethod
    def from_facts(cls, facts: dict[str, object]) -> Layout:
        """The inverse of :meth:`to_facts`."""
        return cls(
            postings=dict(facts["postings"]),  # type: ignore[call-overload]
            columns=dict(facts["columns"]),  # type: ignore[call-overload]
            blobs=tuple(facts["blobs"]),  # type: ignore[arg-type]
            forward=tuple(facts["forward"]),  # type: ignore[arg-type]
            key=facts["key"],  # type: ignore[arg-type]
        )

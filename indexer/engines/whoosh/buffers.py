"""Reads the texts of a segment's documents together: their words, their grams, and the names that were glued."""

from __future__ import annotations

import numpy as np

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.grams import gram_codes
from indexer.analysis.streams import Stream, TextBatch, Texts
from indexer.columnar.files.build import Buffer, Document
from indexer.columnar.files.inversion import Inverted, inverted, inverted_pairs
from indexer.engines.whoosh.fields import GLUED, grams_field
from indexer.query import TEXT_FIELDS


class WordsBuffer:
    """The words of a text field. It keeps them once they are inverted, for :class:`GluedBuffer`."""

    def __init__(self, field: str, batch: TextBatch) -> None:
        self._field, self._batch, self._texts = field, batch, Texts()
        self.stream: Stream

    def __len__(self) -> int:
        return len(self._texts.words)

    def add(self, document: Document) -> None:
        """See :meth:`Buffer.add`."""
        self._batch.add(document.texts[self._field], self._texts)

    def cut(self, documents: int) -> None:
        """See :meth:`Buffer.cut`."""
        self._texts.cut(documents)

    def invert(self) -> Inverted:
        """See :meth:`Buffer.invert`."""
        self.stream = self._batch.read(self._texts)
        return inverted(*self.stream)


class GramsBuffer:
    """The grams of a text field."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._texts: list[str] = []
        self._characters = 0

    def __len__(self) -> int:
        return self._characters

    def add(self, document: Document) -> None:
        """See :meth:`Buffer.add`."""
        self._texts.append(document.texts[self._field])
        self._characters += len(self._texts[-1])

    def cut(self, documents: int) -> None:
        """See :meth:`Buffer.cut`."""
        del self._texts[documents:]
        self._characters = sum(map(len, self._texts))

    def invert(self) -> Inverted:
        """See :meth:`Buffer.invert`."""
        return inverted_pairs(*gram_codes(self._texts))


class GluedBuffer:
    """The names that the segmenter glued to a neighbour, in any text field. The words of all are inverted before."""

    def __init__(self, words: list[WordsBuffer], analyzer: Analyzer) -> None:
        self._words, self._analyzer = words, analyzer

    def __len__(self) -> int:
        return 0

    def add(self, document: Document) -> None:
        """Nothing: they are found in the words."""

    def cut(self, documents: int) -> None:
        """Nothing is held."""

    def invert(self) -> Inverted:
        """See :meth:`Buffer.invert`. O(words)."""
        names: list[tuple[str, ...]] = []
        owners, ids = [], []
        for words in self._words:
            stream = words.stream
            found = [*map(self._analyzer.glued, stream.places)]
            of, numbers = stream.holding(found)
            owners.append(of)
            ids.append(numbers + np.uint32(len(names)))
            names += found
        docs = np.concatenate(owners)
        in_order = docs.argsort(kind="stable")
        counts = np.bincount(docs, minlength=len(stream.counts)).astype(np.uint32)
        return inverted(names, np.concatenate(ids)[in_order], None, counts)


def text_buffers(analyzer: Analyzer) -> dict[str, Buffer]:
    """The buffers of one segment's fields that are made from texts."""
    batch = analyzer.batch()
    words = {field: WordsBuffer(field, batch) for field in TEXT_FIELDS}
    grams = {grams_field(field): GramsBuffer(field) for field in TEXT_FIELDS}
    return {**words, **grams, GLUED: GluedBuffer([*words.values()], analyzer)}

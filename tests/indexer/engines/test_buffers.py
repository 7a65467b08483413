"""The buffers that read the texts of a segment's documents together."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.columnar.files.build import Document, SegmentBuilder
from indexer.engines.whoosh.buffers import text_buffers
from indexer.engines.whoosh.documents import document_of
from indexer.engines.whoosh.fields import LAYOUT
from tests.factories import article
from tests.typed_queries import analyzer

ARTICLES = (
    article("1", title="云溪县新开7号线", lead="全长20公里", body="记者李可说，7号线明早通车。"),
    article("2", title="t恤上市", body="谌龙则夺冠。\n明天回国，3月再战"),
)
REFUSED = Document(texts={"title": "谌龙则没有来", "lead": "9月再战"})
"""It has no body."""


def segment(path: Path, *, refused: bool) -> bytes:
    """The bytes of a segment of ARTICLES. With ``refused``, the builder refuses a document before each."""
    builder = SegmentBuilder(LAYOUT, lambda: text_buffers(analyzer()))
    for each in ARTICLES:
        if refused:
            with pytest.raises(KeyError):
                builder.add(REFUSED)
        builder.add(document_of(each, analyzer()))
    builder.write(path)
    return path.read_bytes()


def test_a_document_that_is_refused_leaves_nothing_in_the_segment(tmp_path: Path) -> None:
    whole = segment(tmp_path / "a.seg", refused=False)
    assert segment(tmp_path / "b.seg", refused=True) == whole

"""Segments that other processes build while one process has the writer open."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from indexer.columnar.files.build import Document, MakeBuffers, SegmentBuilder, no_buffers
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.writer import MEMORY_LIMIT, new_segment_path


def build_segments(
    folder: Path,
    layout: Layout,
    documents: Iterable[Document],
    *,
    buffers: MakeBuffers = no_buffers,
    memory_limit: int = MEMORY_LIMIT,
) -> list[Path]:
    """Write documents to segments that no commit lists yet, in an index's folder, for :meth:`Writer.add_segment`.

    Needs no lock: other processes may build while one process has a writer open. When the writer ends, it removes the
    segments that it did not take.

    Raises:
        Unsupported: a document cannot be held.
    """
    paths: list[Path] = []
    left = iter(documents)
    while True:
        builder = SegmentBuilder(layout, buffers)
        for document in left:
            builder.add(document)
            if builder.memory() > memory_limit:
                break
        if not builder.doc_count:
            return paths
        paths.append(new_segment_path(folder))
        builder.write(paths[-1])

"""Any sequence of what a writer can do, beside a dict: after each commit the index holds what the dict holds."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from indexer.columnar.files import merge as merging
from indexer.columnar.files import writer as writing
from indexer.columnar.files.build import Document
from indexer.columnar.files.check import check_index
from indexer.columnar.files.snapshot import Snapshot, open_snapshot
from indexer.columnar.files.writer import Writer, create_index, new_segment_path
from tests.indexer.columnar.twins import (
    LAYOUT,
    Seen,
    build,
    document_strategy,
    kept_names,
    names_in,
    seen_in,
    shown,
    with_key,
)

KEYS = st.integers(0, 11).map(lambda number: b"k%d" % number)
Model = dict[bytes, Seen]


class WriterBesideADict(RuleBasedStateMachine):
    """``committed`` is what a reader sees, ``pending`` what the next commit will show."""

    @initialize(
        width=st.integers(2, 4),
        floor=st.sampled_from([1, 3, 1_000]),
        limit=st.sampled_from([0, 10**9]),
        stretch=st.sampled_from([1, 10, 4_000_000]),
    )
    def begin(self, width: int, floor: int, limit: int, stretch: int) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(writing, "TIER_WIDTH", width)
        self.patch.setattr(writing, "TIER_FLOOR", floor)
        self.patch.setattr(merging, "STRETCH", stretch)
        self.temporary = TemporaryDirectory()
        self.folder, self.limit = Path(self.temporary.name), limit
        create_index(self.folder, {"commits": 0})
        self.commits = 0
        self.committed: Model = {}
        self.snapshots: list[tuple[Snapshot, Model]] = []
        self.snapshot = open_snapshot(self.folder)
        self.open()

    def open(self) -> None:
        self.writer = Writer(self.folder, LAYOUT, memory_limit=self.limit)
        self.pending = dict(self.committed)
        self.snapshot = open_snapshot(self.folder, self.snapshot)
        self.untouched = dict(self.committed)

    @rule(key=KEYS, document=document_strategy())
    def put(self, key: bytes, document: Document) -> None:
        self.writer.put(with_key(document, key), key)
        self.pending[key] = shown(document)
        self.untouched.pop(key, None)

    @rule(key=KEYS)
    def delete(self, key: bytes) -> None:
        assert self.writer.delete(key) == (key in self.pending)
        self.pending.pop(key, None)
        self.untouched.pop(key, None)

    @rule(key=KEYS)
    def delete_by_number(self, key: bytes) -> None:
        if key in self.untouched:
            self.writer.delete_docs([self.snapshot.find(key)])
            del self.pending[key], self.untouched[key]

    @rule(documents=st.lists(document_strategy(), max_size=3), number=st.integers(0, 10**9))
    def add_segment(self, documents: list[Document], number: int) -> None:
        keys = [b"s%d-%d" % (number, n) for n in range(len(documents))]
        if not any(key in self.pending for key in keys):
            path = new_segment_path(self.writer.folder)
            build(path, map(with_key, documents, keys))
            self.writer.add_segment(path)
            self.pending.update(zip(keys, map(shown, documents), strict=True))

    @rule(merge=st.booleans(), merge_all=st.booleans())
    def commit(self, merge: bool, merge_all: bool) -> None:
        self.commits += 1
        self.writer.commit({"commits": self.commits}, merge=merge, merge_all=merge_all)
        self.committed = self.pending
        self.look()

    @rule()
    def cancel(self) -> None:
        self.writer.cancel()
        self.look()

    def look(self) -> None:
        found = open_snapshot(self.folder)
        assert found.commit.facts == {"commits": self.commits}
        assert seen_in(found) == self.committed
        self.snapshots.append((found, self.committed))
        self.open()
        assert names_in(self.folder) == kept_names(self.folder)

    def teardown(self) -> None:
        self.writer.cancel()
        assert check_index(self.folder) == []
        for snapshot, model in self.snapshots:
            assert seen_in(snapshot) == model
        self.temporary.cleanup()
        self.patch.undo()


TestWriterBesideADict = WriterBesideADict.TestCase
TestWriterBesideADict.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)

"""The memory engine keeps every engine's promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.engines.base import Engine
from indexer.engines.memory import FILE
from indexer.errors import IndexDamaged
from tests.contracts.engine import EngineContract
from tests.contracts.engine_base import fill
from tests.factories import article


class TestMemoryEngine(EngineContract):
    name = "memory"

    @pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"7\n{}", b"\xff\n", b'{"commit":1}\n'])
    def test_a_file_of_another_shape_is_damaged(
        self, engine: Engine, folder: Path, content: bytes
    ) -> None:
        fill(engine, article())
        (folder / FILE).write_bytes(content)
        assert engine.check()
        with pytest.raises(IndexDamaged):
            self.open(folder).reader()

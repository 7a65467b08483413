"""What an engine does with files that it did not write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from indexer.article import Article
from indexer.engines.base import Engine
from indexer.errors import IndexDamaged
from indexer.query import CompletionRequest, Literal, MatchAll, SearchRequest, TitlePrefix, TypedSo
from tests.contracts.engine_base import EngineBase, fill
from tests.factories import article
from tests.typed_queries import match


class DamagePromises(EngineBase):
    def test_a_sound_index_has_no_faults(self, engine: Engine) -> None:
        for turn in range(13):
            fill(engine, *(article(f"a-{n}", body=f"桥 {turn}") for n in range(turn, turn + 3)))
        assert engine.check() == []

    def test_a_sound_index_is_verified_beside_its_readers(self, engine: Engine) -> None:
        self.fill_two_commits(engine)
        with engine.reader() as reader, engine.reader() as other:
            for _ in reader.verifying():
                assert len(self.all_of(engine)) == 19
            assert reader.damage is None
            assert other.damage is None

    def test_an_altered_byte_is_found(self, engine: Engine, folder: Path) -> None:
        self.fill_two_commits(engine)
        for path in files_of(folder):
            sound = path.read_bytes()
            for at in sorted({*range(0, len(sound), max(1, len(sound) // 40)), len(sound) - 1}):
                path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x15]) + sound[at + 1 :])
                assert self.faults(folder), f"byte {at} of {path.name}"
                self.ask_everything(folder)
            path.write_bytes(sound)
        assert self.faults(folder) == []

    def test_a_file_that_is_cut_short_or_gone_never_answers_wrongly(
        self, engine: Engine, folder: Path
    ) -> None:
        self.fill_first_commit(engine)
        expected = [self.all_of(engine)]
        self.fill_second_commit(engine)
        expected.append(self.all_of(engine))
        for path in files_of(folder):
            sound = path.read_bytes()
            for length in sorted({0, 1, len(sound) // 2, len(sound) - 1}):
                path.write_bytes(sound[:length])
                assert self.faults(folder), f"{length} bytes of {path.name}"
                self.assert_honest(folder, expected)
            path.unlink()
            self.assert_honest(folder, expected)
            path.write_bytes(sound)
        assert self.faults(folder) == []

    def assert_honest(self, folder: Path, expected: list[list[Article]]) -> None:
        """The index answers as of its last commit or the one before, or it says that it is damaged."""
        engine = self.open(folder)
        with suppress(IndexDamaged), engine.reader() as reader:
            assert self.all_of(engine) == expected[reader.revision - 1]

    def all_of(self, engine: Engine) -> list[Article]:
        with engine.reader() as reader:
            return [hit.article for hit in reader.search(SearchRequest(MatchAll(), size=100)).hits]

    def fill_two_commits(self, engine: Engine) -> None:
        self.fill_first_commit(engine)
        self.fill_second_commit(engine)

    def fill_first_commit(self, engine: Engine) -> None:
        fill(engine, *(article(f"a-{n}", body=f"第{n}座桥的故事", source="甲") for n in range(20)))

    def fill_second_commit(self, engine: Engine) -> None:
        with engine.writer() as writer:
            writer.put(article("a-3", body="新的桥"))
            writer.delete("a-4")
            writer.commit(revision=2)

    def faults(self, folder: Path) -> list[str]:
        return self.open(folder).check()

    def ask_everything(self, folder: Path) -> None:
        """Ask a damaged index several things. Each time it answers, or it says that it is damaged."""
        engine = self.open(folder)
        asked = [
            SearchRequest(MatchAll(), facets=("channel", "source")),
            SearchRequest(match("桥"), facets=("month",)),
            SearchRequest(Literal("座桥的"), sort="newest"),
            SearchRequest(TitlePrefix("山")),
        ]
        with suppress(IndexDamaged), engine.reader() as reader:
            for request in asked:
                with suppress(IndexDamaged):
                    reader.search(request)
            with suppress(IndexDamaged):
                reader.complete(CompletionRequest(("s",), TypedSo("山"), "山"))
            with suppress(IndexDamaged):
                reader.get("a-3")
            with suppress(IndexDamaged):
                reader.document_frequencies("body", ["桥"])


def files_of(folder: Path) -> Iterator[Path]:
    """The files that hold the index."""
    return (path for path in sorted(folder.iterdir()) if path.is_file() and path.stat().st_size)

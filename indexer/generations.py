"""Generations: complete copies of the index. Exactly one of them is live.

    index_data/
        CURRENT                    the name of the live generation
        writer.lock                held for a moment by a process that begins, promotes or removes generations
        generations/000007/
            writer.lock            held by the one process that writes to this generation
            index/                 the engine's folder
            building.json          while it is being built
            never-live             until it is promoted for the first time
            manifest.json          written last: the generation is complete

This module handles whole generations (begin, finish, promote, roll back, prune). It never looks inside an index:
the engine reads and writes articles.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from indexer.build_progress import BUILDING, BuildProgress, read_progress
from indexer.durable import replace_file, sync_folder
from indexer.engines.registry import storage_of
from indexer.errors import (
    FolderNotWritable,
    GenerationMissing,
    IndexDamaged,
    ManifestDamaged,
    NoEarlierGeneration,
    NoLiveGeneration,
    SearchIndexError,
    WriterBusy,
)
from indexer.locks import holding, translated
from indexer.manifest import MANIFEST, Manifest, read_manifest, write_manifest

CURRENT: Final = "CURRENT"
PATIENCE: Final = 30.0
"""Seconds to wait for the lock of all generations. Removing a generation, or comparing one with its checksums, takes less."""
INDEX: Final = "index"
NEVER_LIVE: Final = "never-live"
"""The file that marks a complete generation which was never live. A rollback does not lead there."""

_NAME = re.compile(r"\d{6,18}", re.ASCII)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Generation:
    """A complete generation. ``live`` says whether CURRENT named it at the time of the look-up, ``was_live`` whether it ever did."""

    name: str
    folder: Path
    manifest: Manifest
    live: bool
    was_live: bool

    @property
    def index(self) -> Path:
        """The engine's folder."""
        return self.folder / INDEX

    def size(self) -> int | None:
        """The bytes that the index takes; None if it is not kept here, and who keeps it does not answer."""
        try:
            return storage_of(self.index).size()
        except SearchIndexError:
            return None


@dataclass(frozen=True, slots=True)
class DamagedGeneration:
    """A generation whose manifest cannot be read, for the reason ``why``."""

    name: str
    folder: Path
    why: str
    live: bool


Ensure = Callable[[Generation], None]
"""Checks that a generation may become live; raises if not."""

IsSound = Callable[[Generation], bool]
"""Whether a rollback to a generation is possible: this program can read it, and none of its bytes was altered."""


def _generation(folder: Path, manifest: Manifest, *, live: bool) -> Generation:
    was_live = live or not (folder / NEVER_LIVE).exists()
    return Generation(folder.name, folder, manifest, live, was_live)


class Generations:
    """The generations in one folder. Reading needs no lock. Beginning, promoting and removing need :meth:`lock`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder = root / "generations"
        self._locked = False

    # Reading

    def live_name(self) -> str | None:
        """The name in CURRENT, or None when nothing was ever promoted. One small read.

        Raises:
            IndexDamaged: CURRENT exists but cannot be read.
        """
        path = self.root / CURRENT
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise IndexDamaged(path, error.strerror or str(error)) from error
        return text.strip() or None

    def live(self) -> Generation:
        """The generation that CURRENT names.

        Raises:
            NoLiveGeneration: nothing was promoted yet.
            GenerationMissing: CURRENT names a generation that is not on disk.
            ManifestDamaged: its manifest is missing or cannot be read.
        """
        name = self.live_name()
        if name is None:
            raise NoLiveGeneration(self.root)
        return self.get(name)

    def get(self, name: str) -> Generation:
        """The generation of that name.

        Raises:
            GenerationMissing: it is not on disk.
            ManifestDamaged: its manifest is missing or cannot be read.
        """
        folder = self._folder / name
        if not _NAME.fullmatch(name) or not folder.is_dir():
            raise GenerationMissing(name, self.root)
        return _generation(folder, read_manifest(folder), live=name == self.live_name())

    def list(self) -> tuple[Generation | DamagedGeneration, ...]:
        """All finished generations, oldest first. One with a damaged manifest is listed as a DamagedGeneration."""
        found: list[Generation | DamagedGeneration] = []
        live = self.live_name()
        for folder in self._folders():
            is_live = folder.name == live
            if not is_live and not (folder / MANIFEST).exists():
                continue
            try:
                manifest = read_manifest(folder)
            except ManifestDamaged as error:
                found.append(DamagedGeneration(folder.name, folder, error.why, is_live))
            else:
                found.append(_generation(folder, manifest, live=is_live))
        return tuple(found)

    def earlier(self) -> str:
        """The name of the generation that a rollback makes live: the newest complete one that is older than the live one and was live.

        Raises:
            NoLiveGeneration: nothing was promoted yet.
            NoEarlierGeneration: no earlier generation is left.
        """
        live = self.live_name() or ""
        if not live and not (self.root / CURRENT).exists():
            raise NoLiveGeneration(self.root)
        complete = [each for each in self.list() if isinstance(each, Generation)]
        names = [each.name for each in complete if each.was_live]
        # CURRENT may be empty or damaged, or name a missing generation. Then a rollback to any that was live is allowed.
        bound = int(live) if _NAME.fullmatch(live) else None
        earlier = [name for name in names if bound is None or int(name) < bound]
        if not earlier:
            raise NoEarlierGeneration(live, self.root)
        return earlier[-1]

    def building(self) -> BuildProgress | None:
        """The progress of the rebuild that runs now in any process; None when none runs."""
        for folder in reversed(self._folders()):
            if not (folder / MANIFEST).exists():
                progress = read_progress(folder)
                if progress is not None:
                    return progress
        return None

    # Writing

    def agree(self) -> None:
        """Follow what other machines made live. Here nothing: these generations are on one machine."""

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the exclusive right to begin, promote and remove generations until the block or the process ends.

        Hold it for moments only, since others wait for it. Work that takes minutes runs under :meth:`writing`.

        Raises:
            WriterBusy: another process (or another block of this one) did not release it within PATIENCE.
            FolderNotWritable: the folder cannot be made or written.
        """
        with translated(self.root):
            self._folder.mkdir(parents=True, exist_ok=True)
        with holding(self.root, patience=PATIENCE):
            self._locked = True
            try:
                yield
            finally:
                self._locked = False

    @contextmanager
    def writing(self, name: str, *, purpose: str = "") -> Iterator[None]:
        """Be the only writer of a generation until the block or the process ends. No other process removes it meanwhile.

        Others that want to write are told the ``purpose``.

        Raises:
            GenerationMissing: it is not on disk.
            WriterBusy: at once, when another process (or another block of this one) is its writer.
            FolderNotWritable: its folder cannot be written.
            IndexFailure: who keeps its index does not answer.
        """
        folder = self._folder / name
        if not folder.is_dir():
            raise GenerationMissing(name, self.root)
        storage = storage_of(folder / INDEX)
        with holding(folder, patience=0, purpose=purpose), storage.writing(purpose):
            yield

    def begin(self) -> Path:
        """Make the folder of a new generation and return it. Its number is above all existing ones.

        Raises:
            WriterBusy: another one is being built.
            FolderNotWritable: it cannot be made.
        """
        self._need_lock()
        if any(self._is_written(folder) for folder in self._unfinished()):
            raise WriterBusy(self.root)
        folder = self._folder / f"{self._next_number():06d}"
        with translated(folder):
            folder.mkdir()
            sync_folder(self._folder)
        return folder

    def _next_number(self) -> int:
        names = [self.live_name() or "", *(folder.name for folder in self._folders())]
        return max(map(int, filter(_NAME.fullmatch, names)), default=0) + 1

    def finish(self, manifest: Manifest) -> Generation:
        """Declare the generation ``manifest.name`` complete. Its index must already be durable.

        Raises:
            GenerationMissing: it was never begun.
            FolderNotWritable: the manifest cannot be written.
        """
        self._need_lock()
        folder = self._folder / manifest.name
        if not folder.is_dir():
            raise GenerationMissing(manifest.name, self.root)
        with translated(folder):
            replace_file(folder / NEVER_LIVE, b"")
            write_manifest(manifest, folder)
            (folder / BUILDING).unlink(missing_ok=True)
        return self.get(manifest.name)

    def discard(self, name: str) -> None:
        """Remove an unfinished generation. Only its writer calls this.

        Raises:
            FolderNotWritable: it cannot be removed.
            IndexFailure: its index is kept elsewhere, and cannot be removed there. The next :meth:`clean` tries again.
        """
        self._need_lock()
        self._remove(self._folder / name)

    def promote(self, name: str, *, ensure: Ensure | None = None) -> Generation:
        """Make a complete generation the live one, atomically and durably. Readers follow within a second.

        If ``ensure`` raises, the live generation stays.

        Raises:
            GenerationMissing: it is not on disk.
            ManifestDamaged: it cannot be trusted. The live one stays.
            FolderNotWritable: CURRENT cannot be replaced. The live one stays.
        """
        self._need_lock()
        chosen = self.get(name)
        if ensure is not None:
            ensure(chosen)
        self._point_to(chosen)
        return self.get(name)

    def _point_to(self, chosen: Generation) -> None:
        with translated(self.root):
            # First: whoever promotes it means it. One that is live must not look as if it never was, whenever this is killed.
            (chosen.folder / NEVER_LIVE).unlink(missing_ok=True)
            replace_file(self.root / CURRENT, f"{chosen.name}\n".encode())

    def rollback(self, *, ensure: Ensure | None = None) -> Generation:
        """Promote :meth:`earlier`, unless ``ensure`` raises.

        Raises:
            NoLiveGeneration, NoEarlierGeneration: there is none.
        """
        self._need_lock()
        return self.promote(self.earlier(), ensure=ensure)

    def prune(self, keep: int, *, is_sound: IsSound, spare: str | None = None) -> tuple[str, ...]:
        """Remove all but ``keep`` (>= 1) generations, and return the names of those removed, oldest first.

        The places go first to the live generation in any state, then to ``spare``, then to the newest that were live, then to
        others, sound ones first. One sound generation is kept in any case, if there is one. A generation that is being written is kept too. A
        damaged manifest makes rollback impossible, so such a generation is removed. ``is_sound`` is called only as often as
        the choice requires.

        Raises:
            FolderNotWritable: one cannot be removed.
        """
        self._need_lock()
        if keep < 1:
            raise ValueError(f"keep must be at least 1, not {keep}")
        listed = self.list()
        complete = [each for each in listed if isinstance(each, Generation) and not each.live]
        complete.sort(
            key=lambda each: (each.name == spare, each.was_live, int(each.name)), reverse=True
        )
        live = [each for each in listed if each.live]
        places = keep - len(live)
        if not places and not any(isinstance(each, Generation) and is_sound(each) for each in live):
            places = 1
        sound = list(islice(filter(is_sound, complete), places)) if len(complete) > places else []
        others = [each for each in complete if each not in sound]
        kept = {each.name for each in [*live, *[*sound, *others][:places]]}
        return self._remove_unwritten(each.folder for each in listed if each.name not in kept)

    def clean(self) -> tuple[str, ...]:
        """Remove the remains of killed rebuilds: folders without a manifest that no process writes to. Returns their names.

        Raises:
            FolderNotWritable: one cannot be removed.
        """
        self._need_lock()
        return self._remove_unwritten(self._unfinished())

    def _unfinished(self) -> tuple[Path, ...]:
        """The folders of generations that are being built or whose build was killed."""
        live = self.live_name()
        return tuple(
            folder
            for folder in self._folders()
            if folder.name != live and not (folder / MANIFEST).exists()
        )

    def _is_written(self, folder: Path) -> bool:
        with suppress(WriterBusy), holding(folder, patience=0):
            return False
        return True

    def _remove_unwritten(self, folders: Iterable[Path]) -> tuple[str, ...]:
        removed = []
        for folder in folders:
            try:
                with suppress(WriterBusy), self.writing(folder.name):
                    self._remove(folder)
                    removed.append(folder.name)
            except FolderNotWritable:
                raise
            except SearchIndexError as failure:  # of who keeps the index elsewhere
                log.warning("generation %s is removed later: %s", folder.name, failure)
        return tuple(removed)

    def _folders(self) -> tuple[Path, ...]:
        try:
            found = [each for each in self._folder.iterdir() if _NAME.fullmatch(each.name)]
        except (FileNotFoundError, NotADirectoryError):
            return ()
        return tuple(sorted(found, key=lambda folder: int(folder.name)))

    def _remove(self, folder: Path) -> None:
        with translated(folder):
            # The manifest goes first: clean() then finds the rest of an interrupted removal.
            (folder / MANIFEST).unlink(missing_ok=True)
            storage_of(folder / INDEX).remove()
            shutil.rmtree(folder)

    def _need_lock(self) -> None:
        if not self._locked:
            raise RuntimeError(
                "this changes generations: call it inside 'with generations.lock():'"
            )

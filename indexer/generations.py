"""Generations: complete copies of the index, of which exactly one is live.

    index_data/
        CURRENT                    the name of the live generation
        writer.lock                held for a moment by whoever begins, promotes or removes generations
        generations/000007/
            writer.lock            held by the one process that writes to this generation
            index/                 the engine's folder
            building.json          while it is being built
            manifest.json          written last: the generation is complete

This module moves whole generations about (begin, finish, promote, roll back, prune). It never looks inside an index:
reading and writing articles is the engine's work.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from indexer.build_progress import BUILDING, BuildProgress, read_progress
from indexer.durable import replace_file, sync_folder
from indexer.errors import (
    FolderNotWritable,
    GenerationMissing,
    IndexDamaged,
    ManifestDamaged,
    NoEarlierGeneration,
    NoLiveGeneration,
    WriterBusy,
)
from indexer.manifest import MANIFEST, Manifest, read_manifest, write_manifest

CURRENT: Final = "CURRENT"
LOCK: Final = "writer.lock"
PATIENCE: Final = 30.0
"""Seconds to wait for the lock of all generations: long enough to remove one or to compare one with its checksums."""
INDEX: Final = "index"

_NAME = re.compile(r"\d{6,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Generation:
    """A complete generation. ``live`` says whether CURRENT named it when it was looked up."""

    name: str
    folder: Path
    manifest: Manifest
    live: bool

    @property
    def index(self) -> Path:
        """The engine's folder."""
        return self.folder / INDEX

    def size(self) -> int:
        """The bytes that the index takes on disk. One look at each of its files."""
        size = 0
        for path in self.index.rglob("*"):
            with suppress(FileNotFoundError):  # a writer may be at work
                size += path.stat().st_size if path.is_file() else 0
        return size


@dataclass(frozen=True, slots=True)
class DamagedGeneration:
    """A generation whose manifest cannot be read; ``why`` is the reason."""

    name: str
    folder: Path
    why: str
    live: bool


Ensure = Callable[[Generation], None]
"""Sees that a generation may become the live one, and raises if not."""

IsSound = Callable[[Generation], bool]
"""Whether a generation can be gone back to: this program reads it, and none of its bytes was altered."""


class Generations:
    """The generations in one folder. Reading is free to all; what begins, promotes or removes any needs :meth:`lock`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder = root / "generations"
        self._locked = False

    # Reading

    def live_name(self) -> str | None:
        """What CURRENT says, or None when nothing was ever promoted. One small read.

        Raises:
            IndexDamaged: CURRENT is there and cannot be read.
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
        return Generation(name, folder, read_manifest(folder), name == self.live_name())

    def list(self) -> tuple[Generation | DamagedGeneration, ...]:
        """All generations but unfinished ones, oldest first. A damaged manifest is shown as such, not raised."""
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
                found.append(Generation(folder.name, folder, manifest, is_live))
        return tuple(found)

    def building(self) -> BuildProgress | None:
        """How far the rebuild that runs now has come, in whatever process; None when there is none."""
        for folder in reversed(self._folders()):
            if not (folder / MANIFEST).exists():
                progress = read_progress(folder)
                if progress is not None:
                    return progress
        return None

    # Writing

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only one to begin, promote and remove generations, until the block is left or the process ends, however it ends.

        Held for moments: others wait for it. What takes minutes is done under :meth:`writing`.

        Raises:
            WriterBusy: another process (or another block of this one) has not let go within PATIENCE.
            FolderNotWritable: the folder cannot be made or written.
        """
        with _writing(self.root):
            self._folder.mkdir(parents=True, exist_ok=True)
        with _holding(self.root, patience=PATIENCE):
            self._locked = True
            try:
                yield
            finally:
                self._locked = False

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """Be the one writer of a generation, which nobody else removes meanwhile, until the block is left or the process ends.

        Raises:
            GenerationMissing: it is not on disk.
            WriterBusy: at once, when another process (or another block of this one) is its writer.
            FolderNotWritable: its folder cannot be written.
        """
        folder = self._folder / name
        if not folder.is_dir():
            raise GenerationMissing(name, self.root)
        with _holding(folder, patience=0):
            yield

    def begin(self) -> Path:
        """Make the folder of a new generation, numbered above all that are there, and return it.

        Raises:
            WriterBusy: another one is being built.
            FolderNotWritable: it cannot be made.
        """
        self._need_lock()
        if any(self._is_written(folder) for folder in self._unfinished()):
            raise WriterBusy(self.root)
        used = [int(folder.name) for folder in self._folders()]
        live = self.live_name()
        if live and _NAME.fullmatch(live):
            used.append(int(live))
        folder = self._folder / f"{max(used, default=0) + 1:06d}"
        with _writing(folder):
            folder.mkdir()
            sync_folder(self._folder)
        return folder

    def finish(self, manifest: Manifest) -> Generation:
        """Declare the generation ``manifest.name`` complete. Its index must be durable by now.

        Raises:
            GenerationMissing: it was never begun.
            FolderNotWritable: the manifest cannot be written.
        """
        self._need_lock()
        folder = self._folder / manifest.name
        if not folder.is_dir():
            raise GenerationMissing(manifest.name, self.root)
        with _writing(folder):
            write_manifest(manifest, folder)
            (folder / BUILDING).unlink(missing_ok=True)
        return self.get(manifest.name)

    def discard(self, name: str) -> None:
        """Remove a generation that was begun and will not be finished, by its writer.

        Raises:
            FolderNotWritable: it cannot be removed.
        """
        self._need_lock()
        self._remove(self._folder / name)

    def promote(self, name: str, *, ensure: Ensure | None = None) -> Generation:
        """Make a complete generation the live one, atomically and durably. Readers follow within a second.

        What ``ensure`` raises about it leaves the live one as it is.

        Raises:
            GenerationMissing: it is not on disk.
            ManifestDamaged: it cannot be trusted. The live one stays.
            FolderNotWritable: CURRENT cannot be replaced. The live one stays.
        """
        self._need_lock()
        chosen = self.get(name)
        if ensure is not None:
            ensure(chosen)
        with _writing(self.root):
            replace_file(self.root / CURRENT, f"{name}\n".encode())
        return self.get(name)

    def rollback(self, *, ensure: Ensure | None = None) -> Generation:
        """Promote the newest complete generation that is older than the live one, unless ``ensure`` raises.

        Raises:
            NoLiveGeneration: nothing was promoted yet.
            NoEarlierGeneration: none is left to go back to.
        """
        self._need_lock()
        live = self.live_name() or ""
        if not live and not (self.root / CURRENT).exists():
            raise NoLiveGeneration(self.root)
        names = [each.name for each in self.list() if isinstance(each, Generation)]
        # CURRENT may name a generation that is gone, hold nonsense or nothing: then any complete one is a way back.
        bound = int(live) if _NAME.fullmatch(live) else None
        earlier = [name for name in names if bound is None or int(name) < bound]
        if not earlier:
            raise NoEarlierGeneration(live, self.root)
        return self.promote(earlier[-1], ensure=ensure)

    def prune(self, keep: int, *, is_sound: IsSound, spare: str | None = None) -> tuple[str, ...]:
        """Remove all but ``keep`` (>= 1) generations, and return the names of those removed, oldest first.

        Kept are the live one, whatever its state, then ``spare``, then the newest, sound ones before others; one sound one in any
        case, if there is any; and each that is being written. Those with a damaged manifest, to which nobody can go back, are removed.
        As few are judged as decide it.

        Raises:
            FolderNotWritable: one cannot be removed.
        """
        self._need_lock()
        if keep < 1:
            raise ValueError(f"keep must be at least 1, not {keep}")
        listed = self.list()
        complete = [each for each in listed if isinstance(each, Generation) and not each.live]
        complete.sort(key=lambda each: (each.name == spare, int(each.name)), reverse=True)
        live = [each for each in listed if each.live]
        places = keep - len(live)
        if not places and not any(isinstance(each, Generation) and is_sound(each) for each in live):
            places = 1
        sound = list(islice(filter(is_sound, complete), places)) if len(complete) > places else []
        others = [each for each in complete if each not in sound]
        kept = {each.name for each in [*live, *[*sound, *others][:places]]}
        return self._remove_unwritten(each.folder for each in listed if each.name not in kept)

    def clean(self) -> tuple[str, ...]:
        """Remove what killed rebuilds left behind: folders without a manifest that nobody writes to. Returns their names.

        Raises:
            FolderNotWritable: one cannot be removed.
        """
        self._need_lock()
        return self._remove_unwritten(self._unfinished())

    def _unfinished(self) -> tuple[Path, ...]:
        """The folders of generations that are being built, or were when their process was killed."""
        live = self.live_name()
        return tuple(
            folder
            for folder in self._folders()
            if folder.name != live and not (folder / MANIFEST).exists()
        )

    def _is_written(self, folder: Path) -> bool:
        try:
            with self.writing(folder.name):
                return False
        except WriterBusy:
            return True

    def _remove_unwritten(self, folders: Iterable[Path]) -> tuple[str, ...]:
        removed = []
        for folder in folders:
            with suppress(WriterBusy), self.writing(folder.name):
                self._remove(folder)
                removed.append(folder.name)
        return tuple(removed)

    def _folders(self) -> tuple[Path, ...]:
        try:
            found = [each for each in self._folder.iterdir() if _NAME.fullmatch(each.name)]
        except (FileNotFoundError, NotADirectoryError):
            return ()
        return tuple(sorted(found, key=lambda folder: int(folder.name)))

    def _remove(self, folder: Path) -> None:
        with _writing(folder):
            # First the manifest: a removal that is interrupted leaves what clean() finds, not half a generation.
            (folder / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(folder)

    def _need_lock(self) -> None:
        if not self._locked:
            raise RuntimeError(
                "this changes generations: call it inside 'with generations.lock():'"
            )


@contextmanager
def _holding(folder: Path, *, patience: float) -> Iterator[None]:
    """Hold the lock of a folder.

    Raises:
        WriterBusy: another has held it for ``patience`` seconds.
        FolderNotWritable: its file cannot be made.
    """
    # Without the soft fallback: a lock that outlives a killed process would stop every later rebuild.
    lock = FileLock(folder / LOCK, timeout=patience, fallback_to_soft=False)
    with _writing(folder):
        try:
            lock.acquire()
        except Timeout:
            raise WriterBusy(folder) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Translate the system's refusal to write below ``path``."""
    try:
        yield
    except OSError as error:
        why = error.strerror or errno.errorcode.get(error.errno or 0, str(error))
        raise FolderNotWritable(path, why) from error

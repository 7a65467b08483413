"""Generations whose indexes several machines share. What is live is agreed on where the indexes are kept.

Each machine has its own folder. CURRENT and the folders of complete generations follow what is agreed, so all that reads generations
reads this folder and knows no other machine. Whoever takes the lock follows first; ``follow`` does it every second.

This is the smallest thing that is right: an index without the words that it was made with cannot be asked, so an alias of the cluster
alone would not do, and the store does not know generations.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from indexer.build_progress import BUILDING
from indexer.durable import replace_file, sync_folder
from indexer.engines.registry import sharing_of, storage_of
from indexer.engines.sharing import Agreed, Sharing
from indexer.errors import IndexDamaged, IndexFailure, WriterBusy
from indexer.generations import INDEX, NEVER_LIVE, Generation, Generations
from indexer.locks import translated
from indexer.manifest import MANIFEST, Manifest, manifest_text
from indexer.settings import IndexSettings

_FILES: Final = (".json", ".txt")
"""The ends of the names of a generation's files that other machines need."""

log = logging.getLogger(__name__)


def generations_of(settings: IndexSettings) -> Generations:
    """The generations that the settings name, shared with other machines if the engine's indexes are."""
    sharing = sharing_of(settings.engine)
    if sharing is None:
        return Generations(settings.index_dir)
    return SharedGenerations(settings.index_dir, sharing)


class SharedGenerations(Generations):
    """The generations in one folder, which follow what machines agree on."""

    def __init__(self, root: Path, sharing: Sharing) -> None:
        super().__init__(root)
        self._sharing = sharing
        self._trouble = ""
        """Why what is agreed on could not be asked last."""

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the exclusive right on this machine, and follow the others first.

        What they agree on cannot always be asked. Then the folder is as it was, and whatever must be agreed on fails.
        """
        with super().lock():
            try:
                self._follow()
            except IndexFailure as failure:
                if str(failure) != self._trouble:
                    log.warning("what other machines do is not known now: %s", failure)
                self._trouble = str(failure)
            else:
                self._trouble = ""
            yield

    def agree(self) -> None:
        """Follow what other machines agreed on since.

        Raises:
            WriterBusy, FolderNotWritable: the folder cannot be changed.
            IndexFailure: they cannot be asked, or a generation of theirs has the name of another one here.
        """
        agreed = self._sharing.agreed()
        if agreed is None or self._differs(agreed):
            with super().lock():
                self._follow()

    def finish(self, manifest: Manifest) -> Generation:
        """Declare a generation complete. It is published first, unless its index is in its folder."""
        folder = self._folder / manifest.name
        if not storage_of(folder / INDEX).is_local:
            files = _files_of(folder) | {MANIFEST: manifest_text(manifest)}
            self._sharing.publish(manifest.name, folder / INDEX, files)
        return super().finish(manifest)

    def _next_number(self) -> int:
        return self._sharing.reserve(super()._next_number() - 1)

    def _point_to(self, chosen: Generation) -> None:
        local = storage_of(chosen.index).is_local
        self._sharing.promote(None if local else chosen.name)
        super()._point_to(chosen)

    def _remove(self, folder: Path) -> None:
        if not storage_of(folder / INDEX).is_local:
            self._sharing.withdraw(folder.name)
        super()._remove(folder)

    def _differs(self, agreed: Agreed) -> bool:
        here = {folder.name for folder in self._shared_folders()}
        return here != {*agreed.names} or agreed.live not in (None, self.live_name())

    def _follow(self) -> None:
        agreed = self._sharing.agreed()
        if agreed is None:
            self._propose()
            return
        for name in agreed.names:
            folder = self._folder / name
            if not folder.exists():
                self._fetch(name, never_live=name not in agreed.were_live)
            elif storage_of(folder / INDEX).is_local:
                raise IndexDamaged(folder, "another machine has a generation of this name")
        if agreed.live is not None and agreed.live != self.live_name():
            super()._point_to(self.get(agreed.live))
        for folder in self._shared_folders():
            if folder.name not in agreed.names:
                self._forget(folder)

    def _propose(self) -> None:
        """Agree on what this folder has: what was agreed on was lost, or another engine was the first."""
        for folder in self._shared_folders():
            self._sharing.publish(folder.name, folder / INDEX, _files_of(folder))
            if folder.name == self.live_name():
                self._sharing.promote(folder.name)

    def _fetch(self, name: str, *, never_live: bool) -> None:
        """Make the folder of a generation that another machine made, all at once."""
        beside = self._folder / f".{name}.new"
        with translated(self._folder):
            shutil.rmtree(beside, ignore_errors=True)
            for file, content in self._sharing.fetch(name, beside / INDEX).items():
                replace_file(beside / file, content.encode())
            if never_live:
                replace_file(beside / NEVER_LIVE, b"")
            beside.replace(self._folder / name)
            sync_folder(self._folder)

    def _forget(self, folder: Path) -> None:
        """Remove the folder of a generation that another machine removed, unless somebody here still writes to it.

        Its index is left to that machine: if the agreement was lost, it may be there.
        """
        with suppress(WriterBusy), self.writing(folder.name), translated(folder):
            (folder / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(folder)

    def _shared_folders(self) -> list[Path]:
        """The folders of complete generations that other machines know too."""
        return [
            folder
            for folder in self._folders()
            if (folder / MANIFEST).exists() and not storage_of(folder / INDEX).is_local
        ]


def _files_of(folder: Path) -> dict[str, str]:
    """The files beside an index that whoever opens it needs."""
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(folder.iterdir())
        if path.suffix in _FILES and path.name != BUILDING
    }

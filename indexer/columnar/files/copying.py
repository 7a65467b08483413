"""Copies an index: the files of its last commit, in another folder. All are written once, so both folders can share them."""

from __future__ import annotations

from pathlib import Path

from indexer.columnar.errors import Damaged
from indexer.columnar.files.commit import commit_file, commit_numbers, last_commit
from indexer.durable import copy_file, sync_folder


def copy_index(folder: Path, into: Path) -> None:
    """Make the empty folder ``into`` hold the last commit of the index in ``folder``. O(files) with hard links.

    A writer of ``folder`` may commit meanwhile, and remove files of the commit: then a newer one is copied.

    Raises:
        Damaged: there is no commit that can be read, or a file of it is missing.
        OSError: ``into`` cannot be written, or the disk is full.
    """
    while True:
        commit = last_commit(folder)
        last = commit_file(commit.number)
        try:
            # The commit comes last: a copy that was cut short holds no index.
            for name in (*sorted(commit.files() - {last}), last):
                copy_file(folder / name, into / name)
        except FileNotFoundError as error:
            if commit_numbers(folder)[:1] == [commit.number]:
                raise Damaged(folder, f"{Path(str(error.filename)).name} is missing") from error
            for copied in into.iterdir():
                copied.unlink()
        else:
            sync_folder(into)
            return

"""Every error that the service raises on purpose, in one tree.

Branches: StoreError for the database, IndexFailure for the index and its folder.

An error carries its facts as attributes, and its message, a :class:`~indexer.said.Said` where editors read it, ends with what to do
next. Errors of other packages are translated where they arise (``raise ... from``). HTTP statuses exist only in ``search_service/web``.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from indexer.said import Fact, Said, listed


class SearchIndexError(Exception):
    """Root of the tree: ``except SearchIndexError`` catches all errors that the service raises on purpose."""

    def __init__(self, message: str, /, **facts: Fact | Path) -> None:
        """With ``facts`` the message is the template of a sentence."""
        shown = {
            name: str(fact) if isinstance(fact, Path) else fact for name, fact in facts.items()
        }
        super().__init__(Said(message, **shown) if facts else message)


class InvalidSetting(SearchIndexError):
    """A setting has a value that cannot be used."""

    def __init__(self, name: str, value: str, why: str) -> None:
        super().__init__("setting {name}={value!r}: {why}", name=name, value=value, why=why)
        self.name, self.value, self.why = name, value, why


class UnknownSetting(SearchIndexError):
    """The environment names a setting that does not exist but is spelt almost like one that does."""

    def __init__(self, name: str, meant: str) -> None:
        super().__init__(f"{name} is unknown: did you mean {meant}?")
        self.name, self.meant = name, meant


class InvalidArticle(SearchIndexError):
    """An article cannot be accepted. ``field`` is the invalid field, ``why`` the reason."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__("{field}: {why}", field=field, why=why)
        self.field, self.why = field, why


class InvalidDictionary(SearchIndexError):
    """A line of a user dictionary is wrong. ``line`` counts from 1."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__("{path}, line {line}: {why}", path=path, line=line, why=why)
        self.path, self.line, self.why = path, line, why


class InvalidEntry(SearchIndexError):
    """A line of an editorial list is wrong, or some lines of a file are. ``where`` is the line, or the file."""

    def __init__(self, name: str, where: str, why: str) -> None:
        super().__init__("{list}, {where}: {why}", list=name, where=where, why=why)
        self.name, self.where, self.why = name, where, why


class InvalidJudgedSet(SearchIndexError):
    """A judged set, or the output of an evaluation, cannot be read. ``where`` is the file, with its line."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


class SegmenterMismatch(SearchIndexError):
    """An installed package is not the release that the segmenter requires, so it would cut words differently from the index."""

    def __init__(self, needed: str, found: str) -> None:
        package, _, release = needed.partition(" ")
        super().__init__(
            f"{needed} is needed, but {found}: run "
            f"'pip install --force-reinstall --no-deps {package}=={release}'"
        )
        self.needed, self.found = needed, found


class PackageMissing(SearchIndexError):
    """A package is not installed that one command or one engine needs and the service does not."""

    def __init__(self, package: str, requirements: str) -> None:
        self.package, self.requirements = package, requirements
        super().__init__(
            "{package} is not installed: run 'pip install -r {requirements}'", **vars(self)
        )


class InvalidQuery(SearchIndexError):
    """A query names a field that does not exist, or asks for a page beyond the limit."""


class ArticleNotFound(SearchIndexError):
    """The index holds no article with that id that readers may see now."""

    def __init__(self, article_id: str) -> None:
        super().__init__(f"there is no article {article_id!r}")
        self.article_id = article_id


class ConditionFailed(SearchIndexError):
    """An article is not in the state that a change demands. ``found`` is its revision, None if there is none."""

    def __init__(self, article_id: str, wanted: int | str, found: int | None) -> None:
        demanded = wanted if isinstance(wanted, str) else f"at revision {wanted}"
        state = "does not exist" if found is None else f"is at revision {found}"
        super().__init__(
            f"article {article_id!r} {state}, and must be {demanded}: read it again, then decide"
        )
        self.article_id, self.wanted, self.found = article_id, wanted, found


class JobNotFound(SearchIndexError):
    """The store holds no job with that id."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"there is no job {job_id}: see 'python -m indexer jobs list'")
        self.job_id = job_id


class JobWaiting(SearchIndexError):
    """A job of the same kind, but with other arguments, is queued or running."""

    def __init__(self, job_id: int, kind: str) -> None:
        super().__init__(
            f"job {job_id} ({kind}) is queued or running: wait until it ends, or cancel it first"
        )
        self.job_id, self.kind = job_id, kind


class Overloaded(SearchIndexError):
    """More is asked than can be done in time. A later retry may succeed. ``doing`` says what the other requests do."""

    def __init__(self, waiting: int, doing: str = "wait for the index") -> None:
        super().__init__(f"{waiting} other requests {doing}: ask again in a few seconds")
        self.waiting = waiting


class SourceUnreadable(SearchIndexError):
    """A source cannot be opened or decoded at all. Articles stored before stay stored."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__("{source}: {why}", source=where, why=why)
        self.where, self.why = where, why


class PreparingFailed(SearchIndexError):
    """The process that prepares articles for the store died. Articles stored before stay stored. ``fate`` says how it ended."""

    def __init__(self, fate: str) -> None:
        self.fate = fate
        super().__init__(
            "the process that prepares articles {fate}: what was stored before stays stored; look for its message above "
            "and at the memory of the machine, then ingest again",
            **vars(self),
        )


class ReconcileRefused(SearchIndexError):
    """A source and the store differ too much for the store to be repaired without asking. Nothing was changed."""

    def __init__(self, why: str) -> None:
        super().__init__("nothing was changed: {why}", why=why)
        self.why = why


class PortUnavailable(SearchIndexError):
    """The server cannot listen on its host and port."""

    def __init__(self, host: str, port: int, why: str) -> None:
        another = port + 1 if 1023 < port < 65_535 else 8000
        super().__init__(f"port {port} {why}: choose another with PORT={another} make run")
        self.host, self.port, self.why = host, port, why


class StoreError(SearchIndexError):
    """The article store failed."""


class StoreUnavailable(StoreError):
    """The database cannot be opened, or stayed locked for too long."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__("article store {url}: {why}", url=url, why=why)
        self.url, self.why = url, why


class StoreNeverFilled(StoreError):
    """Nothing was ever stored here, but the live generation holds ``articles``: they came from another store."""

    def __init__(self, url: str, generation: str, articles: int, root: Path) -> None:
        self.url, self.generation, self.articles, self.root = url, generation, articles, root
        super().__init__(
            "article store {url} never held an article, and generation {generation} holds {articles:,}: nothing was rebuilt "
            "and the index answers on; set SEARCH_STORE_URL right, restore the store or ingest into it, or remove {root} to begin anew",
            **vars(self),
        )


class StoreTooNew(StoreError):
    """The database was written by a newer release. Upgrade the program, or restore a backup."""

    def __init__(self, url: str, found: str) -> None:
        self.url, self.found = url, found
        super().__init__(
            "article store {url} has schema {found}, which this release does not know: run the newer release that wrote it",
            **vars(self),
        )


class TargetNotEmpty(StoreError):
    """A copy would go into a database that holds something: ``table`` has rows."""

    def __init__(self, url: str, table: str) -> None:
        super().__init__(
            f"{url} is not empty (table {table}): nothing was copied; name an empty database"
        )
        self.url, self.table = url, table


class CopyFailed(StoreError):
    """A table of a copy does not hold the rows that were read in the source. Nothing of the copy was kept."""

    def __init__(self, url: str, table: str, read: int, found: int) -> None:
        super().__init__(
            f"{url} holds other rows of the table {table} than the source ({found:,} of {read:,}, or with other content): "
            "nothing was copied; see that no other program writes there, and that the database is in UTF-8"
        )
        self.url, self.table, self.read, self.found = url, table, read, found


class BackupRefused(StoreError):
    """A backup cannot be made or restored. ``what`` is the archive or the database that stands in the way."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")
        self.what, self.why = what, why


class QueryLogUnavailable(SearchIndexError):
    """The database of the query log cannot be used. Searches are still answered."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__("query log {url}: {why}", url=url, why=why)
        self.url, self.why = url, why


class IndexFailure(SearchIndexError):
    """The index failed."""


class NoLiveGeneration(IndexFailure):
    """No generation was ever promoted here."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            "there is no index in {root} yet: run 'python -m indexer rebuild'", root=root
        )
        self.root = root


class GenerationMissing(IndexFailure):
    """A generation that CURRENT or a command names is not on disk."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root
        super().__init__(
            "generation {name!r} is not in {root}: see 'python -m indexer generations list', or run 'python -m indexer rebuild'",
            **vars(self),
        )


class NoEarlierGeneration(IndexFailure):
    """No complete generation is older than the live one, so there is nothing to roll back to."""

    def __init__(self, live: str, root: Path) -> None:
        self.live, self.root = live, root
        super().__init__(
            "no generation in {root} is older than the live one ({live}): see 'python -m indexer generations list', "
            "or run 'python -m indexer rebuild'",
            **vars(self),
        )


class ManifestDamaged(IndexFailure):
    """A manifest cannot be read, so its generation cannot be trusted."""

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(
            "manifest {path} is damaged ({why}): run 'python -m indexer rebuild'", **vars(self)
        )


class IndexDamaged(IndexFailure):
    """The files of an index are damaged or gone."""

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(
            "index {path} is damaged ({why}): run 'python -m indexer rebuild', or go back with 'python -m indexer generations rollback'",
            **vars(self),
        )


class FormatMismatch(IndexFailure):
    """A generation has an older or newer format than this program's. ``found`` and ``expected`` are schema versions."""

    def __init__(self, generation: str, found: int, expected: int) -> None:
        self.generation, self.found, self.expected = generation, found, expected
        super().__init__(
            "generation {generation} has {age} format than this program's ({found}, not {expected}): run 'python -m indexer rebuild'",
            age="an older" if found < expected else "a newer",
            **vars(self),
        )


class IndexUnavailable(IndexFailure):
    """The index cannot be reached now, and nothing says that it is damaged. A later try may succeed."""


class IndexOutdated(IndexFailure):
    """The index was made with another fingerprint than this program's."""

    def __init__(self, found: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(
            "the index was made with fingerprint {found}, this program makes {expected}: run 'python -m indexer rebuild'",
            **vars(self),
        )


class WriterBusy(IndexFailure):
    """Another process is writing to the index folder: process ``number`` for this ``purpose``, if that is known."""

    def __init__(self, path: Path, number: str = "", purpose: str = "") -> None:
        self.path, self.number, self.purpose = path, number, purpose
        known = Said("process {number} ({purpose})", number=number, purpose=purpose)
        super().__init__(
            "{holder} is writing to {path}: wait until it has finished, then try again",
            holder=known if number else Said("another process"),
            path=path,
        )


class RebuildFailed(IndexFailure):
    """A new generation failed its check, so it was not promoted. The live one is untouched."""


class ChecksFailed(IndexFailure):
    """A generation failed checks before its promotion, so it goes live only if somebody insists. ``why`` has a sentence for each."""

    def __init__(self, name: str, why: tuple[str, ...]) -> None:
        super().__init__(
            "generation {name} failed its checks and is not live ({why}): see 'python -m indexer generations "
            "checks {name}', and if it is right all the same, run 'python -m indexer generations promote {name} --force'",
            name=name,
            why=listed(*why),
        )
        self.name, self.why = name, why


class NotEnoughRoom(IndexFailure):
    """A disk has too little room for a rebuild. ``needed`` and ``free`` are in bytes."""

    def __init__(self, folder: Path, *, needed: int, free: int) -> None:
        super().__init__(
            "a rebuild needs about {needed:,.0f} MB and the disk of {folder} has {free:,.0f} MB free: nothing was "
            "begun; run 'python -m indexer generations prune --keep 1', make room, or name another folder in SEARCH_INDEX_DIR",
            needed=needed / 1e6,
            free=free / 1e6,
            folder=folder,
        )
        self.folder, self.needed, self.free = folder, needed, free


_FULL: Final = frozenset(map(os.strerror, (errno.ENOSPC, errno.EDQUOT)))  # of a disk


class FolderNotWritable(IndexFailure):
    """A folder that the program must write to cannot be written."""

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(
            "{path} cannot be written ({why}): {advice}, or choose another folder",
            advice="make room on its disk" if why in _FULL else "set its owner",
            **vars(self),
        )

"""From items to what the store takes: cleans records, and prepares the articles that they make.

This half of an ingest needs no database. It can therefore be done in a process beside, while this one stores what came before.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from multiprocessing.connection import Connection
from typing import Final, NamedTuple

from indexer.article import Article
from indexer.clean import clean, unused_keys
from indexer.errors import PreparingFailed
from indexer.fields import Made, Note
from indexer.processes import end_with_parent, heeding_death, started
from indexer.reading import Reading
from indexer.records import Item, Record, Rejection, Removal
from indexer.store.prepared import Prepared, prepare

MAX_NAME_REPORTED: Final = 60
"""The most characters that are kept of an unused key."""


What = Prepared | Removal | Rejection | None
"""What becomes of an item. None: the hook dropped it."""


class Ready(NamedTuple):
    """An item as the store takes it.

    ``unused`` are the item's keys that are neither mapped nor fields of an article, shortened. ``notes`` say what was done to its values.
    """

    where: str
    what: What
    unused: tuple[str, ...]
    notes: tuple[Note, ...]


Preparing = Callable[[Iterable[Sequence[Item]]], Iterator[list[Ready]]]
"""A way to make chunks of items ready, one after another, in their order."""


def prepared_here(reading: Reading) -> Preparing:
    """Make chunks ready in this process, each when it is asked for."""
    return lambda chunks: (_ready(chunk, reading) for chunk in chunks)


def prepared_beside(reading: Reading) -> Preparing:
    """Make chunks ready in a process beside, one chunk ahead of what is asked for.

    The first chunks are made ready here, until the process has started: so few items need none. So is a chunk with a value that
    cannot be sent to a process. Memory holds three chunks.

    A hook may keep something between records, so with a hook all is done here.

    Raises:
        PreparingFailed: the process died.
    """
    if reading.hook is not None:
        return prepared_here(reading)

    def prepared(chunks: Iterable[Sequence[Item]]) -> Iterator[list[Ready]]:
        left = iter(chunks)
        if (first := next(left, None)) is not None:
            yield _ready(first, reading)
        if (second := next(left, None)) is not None:
            yield from _beside(chain((second,), left), reading)

    return prepared


def _beside(chunks: Iterable[Sequence[Item]], reading: Reading) -> Iterator[list[Ready]]:
    with started(_work, reading) as workers:
        ((connection, process),) = workers.items()
        runs = under_way = False
        before: Sequence[Item] = ()
        for chunk in chunks:
            if not runs and connection.poll():
                with heeding_death(process, PreparingFailed):
                    connection.recv()
                runs = True
            packed = _packed(chunk) if runs else None
            done: list[Ready] = []
            # What the process says is received before it is told more: so neither ever waits for the other to read.
            with heeding_death(process, PreparingFailed):
                if under_way:
                    done = connection.recv()
                if packed is not None:
                    connection.send_bytes(packed)
            if under_way:
                yield _with_lines(done, before)
            if packed is None:
                yield _ready(chunk, reading)
            under_way, before = packed is not None, chunk
        if under_way:
            with heeding_death(process, PreparingFailed):
                done = connection.recv()
            yield _with_lines(done, before)


def _packed(chunk: Sequence[Item]) -> bytes | None:
    """A chunk as it is sent to the process beside, without the items' lines. None if a value cannot be sent.

    A line of JSON can hold lists in lists that are too deep for pickle, even under a key that no article needs.
    """
    try:
        return pickle.dumps(list(map(_without_line, chunk)), pickle.HIGHEST_PROTOCOL)
    except (RecursionError, pickle.PicklingError, TypeError, AttributeError):  # see pickle
        return None


def _without_line(item: Item) -> Item:
    """The item without its line, which is as long as its values, and needed only if it is rejected."""
    return Record(item.where, item.values, "") if isinstance(item, Record) else item


def _with_lines(chunk: list[Ready], items: Sequence[Item]) -> list[Ready]:
    """A chunk whose rejections have the lines of their records again."""
    return [
        ready._replace(what=replace(ready.what, raw=item.raw))
        if isinstance(ready.what, Rejection) and isinstance(item, Record)
        else ready
        for ready, item in zip(chunk, items, strict=True)
    ]


def _work(reading: Reading, connection: Connection) -> None:
    """Make one chunk after another ready, until the parent ends this process. Begins by saying that it runs."""
    end_with_parent()
    connection.send(None)
    while True:
        connection.send(_ready(connection.recv(), reading))


def _ready(items: Sequence[Item], reading: Reading) -> list[Ready]:
    """The items, cleaned and prepared, in their order."""
    cleaned = [_cleaned(each, reading) for each in items]
    articles = iter(prepare([what for _, what, _, _ in cleaned if isinstance(what, Article)]))
    return [
        Ready(where, next(articles) if isinstance(what, Article) else what, unused, notes)
        for where, what, unused, notes in cleaned
    ]


class _Cleaned(NamedTuple):
    where: str
    what: Article | Removal | Rejection | None
    unused: tuple[str, ...]
    notes: tuple[Note, ...]


def _cleaned(item: Item, reading: Reading) -> _Cleaned:
    if not isinstance(item, Record):
        return _Cleaned(item.where, item, (), ())
    made = clean(item, reading)
    what, notes = made if isinstance(made, Made) else (made, ())
    return _Cleaned(item.where, what, _shown(unused_keys(item, reading)), notes)


def _shown(keys: Iterable[str]) -> tuple[str, ...]:
    """Keys as they can be told, in order: shortened, and escaped where they cannot be encoded."""
    cut = {each[:MAX_NAME_REPORTED].encode(errors="backslashreplace").decode() for each in keys}
    return tuple(sorted(cut))

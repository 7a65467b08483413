"""Turns a giver's record into an Article, into a Removal if it says so, or into a Rejection that says why it is neither.

This module renames keys and calls the hook. ``fields.py`` reads the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from indexer.article import FIELDS, STATUSES
from indexer.errors import InvalidArticle
from indexer.fields import Made, read_article, read_id
from indexer.reading import Deletion, Reading
from indexer.records import Record, Rejection, Removal
from indexer.said import Said, told

_NO: Final = frozenset(("", "false", "f", "no", "n", "off", "null", "none", "\\n", "否", "无"))
"""Texts that say no, in lower case. ``\\N`` is nothing in what MySQL and PostgreSQL write to files."""
_ZERO: Final = re.compile(r"(?:[-+0\x00./: ]|(?<=0)[tz])+")
"""Zeros, and zero dates such as 0000-00-00 00:00:00, which a column ``deleted_at`` may hold of a live record."""


def clean(record: Record, reading: Reading) -> Made | Removal | Rejection | None:
    """Make an article of a record, a removal, or a rejection with the reason. None if the hook drops the record.

    A mapped key that holds a value wins over the field's own key. When several keys map to one field, the first one that holds a
    value wins. The hook gets the values under the fields' names, and rejects the record by raising an error.

    A record that says so in the way of ``reading.deleted`` is a removal of its article.
    """
    try:
        values = _prepared(record, reading)
        if values is None:
            return None
        if reading.deleted is not None:
            if _is_deleted(record, reading.deleted):
                return Removal(record.where, read_id(values, reading), "delete")
            values = _without_foreign_status(values, record, reading.deleted)
        return read_article(values, reading)
    except InvalidArticle as fault:
        return Rejection(record.where, told(fault), record.raw)
    except ValueError as fault:
        return Rejection(record.where, Said("the hook says: {why}", why=str(fault)), record.raw)


def id_of(record: Record, reading: Reading) -> str | None:
    """The id that a rejected record names; None if it names none."""
    try:
        values = _prepared(record, reading)
        return None if values is None else read_id(values, reading)
    except (InvalidArticle, ValueError):
        return None


def unused_keys(record: Record, reading: Reading) -> set[str]:
    """The keys of a record that are neither mapped nor fields of an article, nor say whether it is deleted."""
    mapping = reading.mapping
    says_deleted = reading.deleted.key if reading.deleted else None
    return {
        key
        for key in record.values
        if key not in mapping and key not in FIELDS and key != says_deleted
    }


def _prepared(record: Record, reading: Reading) -> Mapping[str, object] | None:
    """The values under the fields' names, as the hook leaves them. None if it drops the record."""
    values = _renamed(record.values, reading.mapping)
    if reading.hook is None:
        return values
    try:
        changed = reading.hook(values)
    except ValueError:
        raise
    except Exception as error:  # somebody else's code: whatever goes wrong in it costs the record
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if changed is None:
        return None
    if not isinstance(changed, Mapping):
        raise ValueError(f"returned {type(changed).__name__}, not the values or None")
    return dict(changed)


def _is_deleted(record: Record, deletion: Deletion) -> bool:
    value = record.values.get(deletion.key)
    if deletion.values:
        return not deletion.values.isdisjoint(_spellings(value))
    return _says_yes(value)


def _without_foreign_status(
    values: Mapping[str, object], record: Record, deletion: Deletion
) -> Mapping[str, object]:
    """The values without the giver's own status, such as 1, if that is said to tell only what is deleted."""
    given = record.values.get("status")
    if deletion.key != "status" or not deletion.values or given in STATUSES:
        return values
    return {key: each for key, each in values.items() if key != "status" or each != given}


def _spellings(value: object) -> tuple[str, ...]:
    """How a value of a status may be written, in lower case. Databases keep true as 1; a sheet has only floats."""
    if value is None:
        return ()
    if isinstance(value, bool):
        return str(value).lower(), str(int(value))
    if isinstance(value, float) and value.is_integer():
        return (str(int(value)),)
    return (str(value).strip().lower(),)


def _says_yes(value: object) -> bool:
    if isinstance(value, str):
        text = value.strip().lower()
        return text not in _NO and not _ZERO.fullmatch(text)
    return bool(value)


def _renamed(values: Mapping[str, object], mapping: Mapping[str, str]) -> dict[str, object]:
    renamed = {key: value for key, value in values.items() if key not in mapping}
    filled: set[str] = set()
    for key, name in mapping.items():
        value = values.get(key)
        if name not in filled and value not in (None, "", []):
            renamed[name] = value
            filled.add(name)
    return renamed

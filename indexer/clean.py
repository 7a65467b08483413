"""Turns a giver's record into an Article, or into a Rejection that says why it cannot be one.

This module renames keys and calls the hook. ``fields.py`` reads the values.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.article import FIELDS
from indexer.errors import InvalidArticle
from indexer.fields import Made, read_article
from indexer.reading import Reading
from indexer.records import Record, Rejection


def clean(record: Record, reading: Reading) -> Made | Rejection | None:
    """Make an article of a record, or a rejection with the reason. None if the hook drops the record.

    A mapped key that holds a value wins over the field's own key. When several keys map to one field, the first one that holds a
    value wins. The hook gets the values under the fields' names, and may raise ValueError to reject the record.
    """
    values = _renamed(record.values, reading.mapping)
    try:
        if reading.hook is not None:
            changed = reading.hook(values)
            if changed is None:
                return None
            values = dict(changed)
        return read_article(values, reading)
    except InvalidArticle as fault:
        return Rejection(record.where, str(fault), record.raw)
    except ValueError as fault:
        return Rejection(record.where, f"the hook says: {fault}", record.raw)


def unused_keys(record: Record, *, mapping: Mapping[str, str]) -> set[str]:
    """The keys of a record that are neither mapped nor fields of an article."""
    return {key for key in record.values if key not in mapping and key not in FIELDS}


def _renamed(values: Mapping[str, object], mapping: Mapping[str, str]) -> dict[str, object]:
    renamed = {key: value for key, value in values.items() if key not in mapping}
    filled: set[str] = set()
    for key, name in mapping.items():
        value = values.get(key)
        if name not in filled and value not in (None, "", []):
            renamed[name] = value
            filled.add(name)
    return renamed

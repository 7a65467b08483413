"""Turns a source's record into an Article, or into a Rejection that says why it cannot be one.

This module only renames keys. ``article.py`` defines what a valid article is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo

from indexer.article import FIELDS, Article, make_article
from indexer.errors import InvalidArticle, InvalidSetting
from indexer.records import Record, Rejection


def clean(record: Record, *, mapping: Mapping[str, str], timezone: tzinfo) -> Article | Rejection:
    """Make an article of a record, or a rejection with the reason.

    ``mapping`` maps the source's keys to fields of an article. A mapped key that holds a value wins over the field's own key.
    When several keys map to one field, the first one that holds a value wins. A naive time is read as local time in ``timezone``.
    """
    try:
        return make_article(_renamed(record.values, mapping), timezone=timezone)
    except InvalidArticle as fault:
        return Rejection(record.where, str(fault), record.raw)


def read_mapping(texts: Iterable[str]) -> dict[str, str]:
    """The mapping that texts such as ``category=channel`` describe: the source's key, then the field.

    Raises:
        InvalidSetting: a text of another form, a key that is mapped twice, or an unknown field.
    """
    mapping: dict[str, str] = {}
    for text in texts:
        key, _, name = (part.strip() for part in text.rpartition("="))
        if not key or not name:
            raise InvalidSetting("--map", text, "must be KEY=FIELD, such as category=channel")
        if key in mapping:
            raise InvalidSetting("--map", text, f"key {key!r} is mapped twice")
        mapping[key] = name
    check_mapping(mapping)
    return mapping


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Check that every target is a field of an article.

    Raises:
        InvalidSetting: lists the existing fields.
    """
    for key, name in mapping.items():
        if name not in FIELDS:
            raise InvalidSetting(
                "--map",
                f"{key}={name}",
                f"an article has no field {name!r}; its fields are {', '.join(FIELDS)}",
            )


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

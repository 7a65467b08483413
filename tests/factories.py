"""Makers of test values. Each call returns a new, valid value; the test states only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from indexer.article import Article
from indexer.fields import make_article
from indexer.manifest import read_manifest, write_manifest

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def article(id: str = "a-1", **values: object) -> Article:  # noqa: A002 (the field's own name)
    """A valid article. ``values`` are those of an input record, or the ``duplicate_group`` that a store would assign."""
    record: dict[str, object] = {
        "id": id,
        "title": "山谷里的小学校",
        "body": "清晨，孩子们沿着石板路走进教室。",
        "published_at": "2026-02-01T08:00:00+08:00",
    }
    made = make_article(record | values, timezone=UTC)
    group = values.get("duplicate_group", 0)
    assert isinstance(group, int)
    return replace(made, duplicate_group=group)


def give_format(generation: Path, version: int) -> None:
    """Make a generation look as if a release with that format had made it. Also changes the headers of its segments."""
    write_manifest(replace(read_manifest(generation), schema_version=version), generation)
    for path in (generation / "index").iterdir():
        content = bytearray(path.read_bytes())
        if content.startswith(b"COLSEGMT"):
            content[8:12] = version.to_bytes(4, "little")
            path.write_bytes(content)

"""The first records of a source as they would be stored, without storing them: what keys they have, and what is made of them."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, cast

from indexer.article import FIELDS, article_to_record
from indexer.clean import clean
from indexer.errors import SourceUnreadable
from indexer.fields import Made
from indexer.reading import Reading
from indexer.records import Record, Rejection
from indexer.said import Said
from indexer.sources.base import Source

SAMPLE: Final = 120
"""Characters of a value that are shown."""


USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("编号", "稿件编号", "文章id", "aid", "article_id", "docid", "guid"),
    "url": ("网址", "链接", "地址", "link", "href"),
    "title": ("标题", "题目", "headline", "subject"),
    "lead": ("导语", "摘要", "简介", "summary", "description", "abstract"),
    "body": ("正文", "内容", "全文", "content", "text"),
    "channel": ("频道", "栏目", "分类", "类别", "category", "section", "column"),
    "source": ("来源", "媒体", "稿源", "media", "origin"),
    "author": ("作者", "记者", "writer", "byline"),
    "editor": ("责任编辑", "编辑"),
    "tags": ("标签", "关键词", "关键字", "keywords"),
    "site": ("站点",),
    "image_url": ("图片网址", "图片", "封面", "image", "cover", "picture"),
    "published_at": ("发布时间", "发布日期", "时间", "日期", "date", "pubdate", "pub_time", "publish_time", "created_at"),
    "updated_at": ("更新时间", "修改时间", "modified", "modified_at", "update_time"),
    "expires_at": ("过期时间",),
}  # fmt: skip
"""The usual keys of other systems, in lower case, by the field that they most likely mean. A person decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What becomes of one record: an article, as a record of our own, with notes; or none, for the reason ``why``."""

    where: str
    article: Mapping[str, Any] | None
    notes: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The keys of the first records, each with the first value that is not empty, and what becomes of these records.

    ``mapping`` says which keys were read as other fields.
    """

    keys: Mapping[str, str]
    mapping: Mapping[str, str]
    records: tuple[Outlook, ...]


def preview(source: Source, reading: Reading, *, size: int, guess: bool = False) -> Preview:
    """Read the first ``size`` records of a source. Stores nothing. With ``guess``, keys are mapped as :func:`guessed` says.

    Raises:
        SourceUnreadable: not even the first of them can be read.
    """
    keys: dict[str, str] = {}
    first: list[Record | Rejection] = []
    # Every source's records are a generator, which closes its files when it is closed.
    given = cast(Generator[Record | Rejection, None, None], source.records())
    with closing(given) as records:
        try:
            for record in islice(records, size):
                if isinstance(record, Record):
                    for key, value in record.values.items():
                        keys[key] = keys.get(key) or _shown(value)
                first.append(record)
        except SourceUnreadable:
            if not first:
                raise
    if guess:
        reading = replace(reading, mapping=guessed(list(keys)))
    outlooks = tuple(_outlook(each, reading) for each in first)
    return Preview(keys=keys, mapping=reading.mapping, records=outlooks)


def guessed(keys: Sequence[str]) -> dict[str, str]:
    """Which fields unknown keys most likely mean. No field is guessed that has a key of its own, or was guessed before."""
    found: dict[str, str] = {}
    for key in keys:
        meant = next((name for name, usual in USUAL.items() if key.strip().lower() in usual), None)
        if key not in FIELDS and meant and meant not in keys and meant not in found.values():
            found[key] = meant
    return found


def _outlook(record: Record | Rejection, reading: Reading) -> Outlook:
    made = clean(record, reading) if isinstance(record, Record) else record
    if isinstance(made, Made):
        return Outlook(
            where=record.where,
            article=article_to_record(made.article),
            notes=tuple(each.sentence for each in made.notes),
        )
    if isinstance(made, Rejection):
        return Outlook(where=record.where, article=None, why=made.why)
    why = (
        Said("dropped by the hook")
        if made is None
        else Said("deletes the article {id}", id=made.article_id)
    )
    return Outlook(where=record.where, article=None, why=why)


def _shown(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= SAMPLE else f"{text[:SAMPLE]}…"

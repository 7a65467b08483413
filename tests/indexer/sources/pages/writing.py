"""Pages and archives of pages for tests."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from indexer.records import Record, Rejection
from indexer.sources.base import Source
from indexer.sources.folder import Folder
from indexer.sources.pages.source import Pages

MENU = "<ul><li><a href='/'>首页</a></li><li><a href='/local'>地方</a></li><li><a href='/talk'>论坛</a></li></ul>"
TEXT = (
    "<p>集市一早就热闹起来，卖糖画的老人支起了摊子，孩子们把他围得水泄不通。</p>"
    "<p>到了晌午，花鼓队从桥头走来，锣声一响，半条街的人都停下了手里的活。</p>"
)


def page(inner: str, *, title: str = "桥头集市的花鼓声", head: str = "") -> str:
    """A page with this title and with ``inner`` between a menu and a footer."""
    return (
        f"<!DOCTYPE html><html><head><title>{title}_河湾网</title>{head}</head>"
        f"<body>{MENU}{inner}<div class='footer'>版权所有 河湾网</div></body></html>"
    )


def article(inner: str = TEXT, *, above: str = "", below: str = "", head: str = "") -> str:
    """A page with an article, and with ``above`` and ``below`` its text."""
    return page(
        f"<h1>桥头集市的花鼓声</h1>{above}<div class='text'>{inner}</div>{below}", head=head
    )


def from_values(values: Mapping[str, str]) -> str:
    """A page of the usual form that says what the values of a sample say."""
    steps = " &gt; ".join(escape(each) for each in ("首页", *values["channel"].split("/")))
    text = "".join(f"<p>{escape(each)}</p>" for each in values["body"].split("\n"))
    title = escape(values["title"])
    return (
        f"<html><head><meta charset='utf-8'><title>{title}</title><link rel='canonical' href='{values['url']}'></head>"
        f"<body>{MENU}<div>当前位置：{steps}</div><h1>{title}</h1><div>发布时间：{values['published_at']}</div>"
        f"<div>{text}</div></body></html>"
    )


def write_folder(folder: Path, pages: Mapping[str, str | bytes]) -> Folder:
    """A folder with these pages, by path."""
    for name, content in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bytes(content))
    return Folder(str(folder), kind="html")


def write_zip(path: Path, pages: Mapping[str, str | bytes]) -> Pages:
    """A zip with these pages."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in pages.items():
            archive.writestr(name, _bytes(content))
    return Pages(str(path))


def write_tar(path: Path, pages: Iterable[tuple[str, str | bytes]]) -> Pages:
    """A tar with these pages, gzipped if its name says so."""
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, content in pages:
            member = tarfile.TarInfo(name)
            member.size = len(_bytes(content))
            archive.addfile(member, io.BytesIO(_bytes(content)))
    return Pages(str(path))


def read(source: Source) -> list[Record | Rejection]:
    """All that a source gives."""
    return list(source.records())


def only(source: Source) -> Record:
    """The only record of a source."""
    (record,) = source.records()
    assert isinstance(record, Record), record
    return record


def refused(source: Source) -> Rejection:
    """The only rejection of a source that gives nothing else."""
    (rejection,) = source.records()
    assert isinstance(rejection, Rejection), rejection
    return rejection


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content

"""Forms of the desk: what a request posted. Files go to a folder of ours while they arrive, and never into memory."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from flask import g, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from search_service.desk.uploads import Uploads

MAX_FORM = 1_048_576
"""Maximum size of a form in bytes, without files. A whole list of entries fits in."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was posted: where it lies, and what its owner calls it."""

    path: Path
    name: str


def form() -> Mapping[str, str]:
    """The fields of the posted form. A field that is posted twice has its first value."""
    fields: Mapping[str, str] = g.form
    return fields


def read_form() -> None:
    """Read a form without files.

    Raises:
        RequestEntityTooLarge: it has more than MAX_FORM bytes.
    """
    request.max_content_length = request.max_form_memory_size = g.most_bytes = MAX_FORM
    g.form = request.form


def receive(uploads: Uploads, *, most: int) -> None:
    """Read a form with one file. If it cannot be read to its end, nothing of it is kept.

    Raises:
        RequestEntityTooLarge: it has more than ``most`` bytes, or more than MAX_FORM in its fields.
    """
    request.max_content_length = g.most_bytes = most
    made: list[tuple[Path, IO[bytes]]] = []

    def begin(*_: Any, **__: Any) -> IO[bytes]:
        if made:
            raise RequestEntityTooLarge("one file at a time")
        path = uploads.new()
        made.append((path, path.open("xb")))
        return made[0][1]

    parser = FormDataParser(begin, max_form_memory_size=MAX_FORM, max_form_parts=20)
    try:
        _, g.form, files = parser.parse(
            request.stream, request.mimetype, request.content_length, request.mimetype_params
        )
    except BaseException:
        for path, _ in made:
            path.unlink()
        raise
    finally:
        for _, stream in made:
            stream.close()
    name = next(iter(files.values())).filename if files else None
    g.upload = Upload(made[0][0], name or "") if made else None


def most_bytes() -> int:
    """The maximum size of the form of this request in bytes."""
    most: int = g.most_bytes
    return most


def upload() -> Upload | None:
    """The file of the form; None if it has none. It goes with the end of the request."""
    found: Upload | None = g.upload
    return found


def keep_upload() -> None:
    """Let the file of the form stay."""
    g.upload = None


def drop_upload(_: BaseException | None) -> None:
    """Remove the file of the form, unless it shall stay. For the end of a request."""
    if g.get("upload") is not None:
        g.upload.path.unlink(missing_ok=True)


def same(given: str, right: str) -> bool:
    """Whether two secrets are the same, in a time that tells nothing about them."""
    return secrets.compare_digest(given.encode(errors="replace"), right.encode())

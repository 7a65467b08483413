"""Manifest: a generation's description of itself, in ``manifest.json``, written last.

A folder with a manifest is complete. A folder without one is a build that still runs or was killed. The manifest says how the
generation was made. The engine knows its present state (``Reader.doc_count``, ``Reader.revision``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from indexer.durable import replace_file
from indexer.errors import ManifestDamaged

MANIFEST: Final = "manifest.json"

_Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """How a generation was made.

    ``doc_count`` counts articles of every status, up to the store's ``revision``. ``made_at`` is when the build finished (UTC),
    ``seconds`` is how long it took. ``user_dictionary`` and ``found_words`` are the fingerprints of the user's words and of the
    words found in the articles, both kept beside the manifest; None if a release made the generation that did not keep them.
    ``words_applied`` counts the editors' words that were applied since all articles were last indexed.
    """

    name: str
    engine: str
    fingerprint: str
    schema_version: _Count
    doc_count: _Count
    revision: _Count
    made_at: Annotated[datetime, AwareDatetime]
    seconds: Annotated[float, Field(ge=0)]
    user_dictionary: str | None = None
    found_words: str | None = None
    words_applied: _Count = 0


_FORMAT: Final = TypeAdapter(Manifest)


def manifest_text(manifest: Manifest) -> str:
    """What the file says."""
    return _FORMAT.dump_json(manifest, indent=2).decode() + "\n"


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest of the generation in ``folder``, durably.

    Raises:
        OSError: the folder cannot be written.
    """
    replace_file(folder / MANIFEST, manifest_text(manifest).encode())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of the generation in ``folder``. Keys that this release does not know are ignored.

    Raises:
        ManifestDamaged: it is missing, is not JSON, lacks a key, has a value of the wrong type, or is another generation's.
    """
    path = folder / MANIFEST
    try:
        manifest = _FORMAT.validate_json(path.read_bytes(), strict=True)
    except FileNotFoundError:
        raise ManifestDamaged(path, "the file is missing") from None
    except OSError as error:
        raise ManifestDamaged(path, error.strerror or str(error)) from error
    except ValidationError as error:
        raise ManifestDamaged(path, _first_fault(error)) from error
    if manifest.name != folder.name:
        raise ManifestDamaged(path, f"it is the manifest of {manifest.name!r}")
    return manifest


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {fault['msg']}" if where else str(fault["msg"])

"""Forms of the desk: what a request posted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from flask import request


def form() -> Mapping[str, str]:
    """The fields of the posted form. A field that is posted twice has its first value."""
    return request.form


def same(given: str, right: str) -> bool:
    """Whether two secrets are the same, in a time that tells nothing about them."""
    return secrets.compare_digest(given.encode(errors="replace"), right.encode())

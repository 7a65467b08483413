"""What the commands print alike."""

from __future__ import annotations

import resource
import sys

import click
from rich.filesize import decimal


def hint(text: str) -> None:
    """Print something that is no result: what to do next, what to mind."""
    click.echo(text, err=True)


def counted(count: int, noun: str) -> str:
    """``1 article``, ``1,200 articles``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def pace(count: int, seconds: float) -> str:
    """``2.0 s (600/s)``."""
    rate = f" ({count / seconds:,.0f}/s)" if count and seconds > 0 else ""
    return f"{seconds:,.1f} s{rate}"


def peak_memory() -> str:
    """``peak memory 96.2 MB``, of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"peak memory {decimal(peak if sys.platform == 'darwin' else peak * 1024)}"

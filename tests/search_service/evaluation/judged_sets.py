"""Makers of judged sets for tests: the three files of one, in a folder."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any


def lines(records: list[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)


def write_corpus(folder: Path, corpus: list[dict[str, Any]]) -> None:
    with gzip.open(folder / "corpus.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(lines(corpus))


def write_judged(
    folder: Path, corpus: list[dict[str, Any]], queries: list[dict[str, Any]], qrels: str
) -> Path:
    """Make ``folder`` a judged set. ``qrels`` has no header. Returns the folder."""
    folder.mkdir()
    write_corpus(folder, corpus)
    (folder / "queries.jsonl").write_text(lines(queries), encoding="utf-8")
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{qrels}", encoding="utf-8")
    return folder

"""jieba itself, against which our segmenter is measured, and the two forms of our own."""

from __future__ import annotations

import gzip
import json
import logging
from itertools import islice
from pathlib import Path
from typing import Any

import jieba
import pytest

from indexer.analysis.dictionary import UserWord, packaged_dictionary
from indexer.analysis.segmenter import ChineseSegmenter

UNUSED = "龘靐齉"
"""A word that no test's text holds."""


def private_tokenizer(folder: Path) -> Any:
    """A jieba.Tokenizer of one's own, whose cache goes into ``folder``."""
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(folder)
    tokenizer.initialize()
    return tokenizer


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """jieba, as it comes."""
    return private_tokenizer(tmp_path_factory.mktemp("jieba"))


@pytest.fixture(scope="session")
def fast() -> ChineseSegmenter:
    """Our segmenter on rjieba's routes."""
    return ChineseSegmenter(packaged_dictionary())


@pytest.fixture(scope="session")
def plain() -> ChineseSegmenter:
    """Our segmenter on routes in plain Python: rjieba cannot forget a word."""
    return ChineseSegmenter(packaged_dictionary(), [UserWord(UNUSED, 0)])


def sample_of_articles(folder: Path, *, each: int) -> list[str]:
    """Every ``each``-th of the real articles, as title and body."""
    texts: list[str] = []
    for path in sorted((folder / "articles").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = map(json.loads, islice(file, 0, None, each))
            texts += [f"{row['title']}\n{row['body']}" for row in rows]
    return texts

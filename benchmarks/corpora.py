"""Corpora for the benchmarks: the real articles, and larger ones spliced from their paragraphs.

A spliced article takes its title from one article and its paragraphs from others, drawn at random with a fixed seed. It
has as many paragraphs as a real article. Copied articles would have equal scores, and the vocabulary would not grow.
Spliced articles avoid both problems. Articles are cut into words once, and all engines get the same tokens.
"""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from indexer.analysis.analyzers import Token, make_analyzer

SEED = 20_240_229
FILES = ("news_general", "news_portal", "news_sports")


@dataclass(frozen=True, slots=True)
class Tokens:
    """One article as words, with its channel and day (since 1970)."""

    title: list[str]
    body: list[str]
    channel: str
    day: int


def corpus_dir() -> Path:
    """The folder of real articles: CORPUS_DIR, or shared/data beside the project."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CORPUS_DIR") or beside)
    if not (folder / "articles").is_dir():
        raise SystemExit(
            f"error: the real articles are not in {folder}: set CORPUS_DIR to their folder"
        )
    return folder


def records() -> Iterator[dict[str, str]]:
    """The records of the real articles, as the files hold them."""
    for name in FILES:
        with gzip.open(
            corpus_dir() / "articles" / f"{name}.jsonl.gz", "rt", encoding="utf-8"
        ) as file:
            yield from map(orjson.loads, file)


def spliced_records(count: int) -> Iterator[dict[str, str]]:
    """``count`` spliced articles as records for an indexer: the other fields of one real article, the paragraphs of others."""
    real = list(records())
    paragraphs = [part for record in real for part in record["body"].split("\n") if part.strip()]
    counts = [sum(map(bool, map(str.strip, record["body"].split("\n")))) for record in real]
    chance = random.Random(SEED)
    for number in range(count):
        body = "\n".join(chance.choices(paragraphs, k=chance.choice(counts)))
        yield {**chance.choice(real), "id": f"s-{number:07}", "body": body}


@dataclass(frozen=True, slots=True)
class Pieces:
    """The real articles in pieces: titles and paragraphs as words, the number of paragraphs of each, channels, and days."""

    titles: list[list[str]]
    paragraphs: list[list[str]]
    counts: list[int]
    channels: list[str]
    days: list[int]
    text_bytes: int


def cut_pieces() -> Pieces:
    """Cut every title and paragraph into precise words only. Positions then count alike in every engine."""
    words = make_analyzer()
    pieces = Pieces([], [], [], [], [], 0)
    text_bytes = 0
    for record in records():
        paragraphs = [part for part in record["body"].split("\n") if part.strip()]
        pieces.titles.append(_words(words.index(record["title"])))
        pieces.paragraphs.extend(_words(words.index(part)) for part in paragraphs)
        pieces.counts.append(len(paragraphs))
        pieces.channels.append(record.get("category") or "无")
        pieces.days.append(int(np.datetime64(record["published_at"][:10], "D").astype(int)))
        text_bytes += len(record["title"].encode()) + len(record["body"].encode())
    return Pieces(
        pieces.titles, pieces.paragraphs, pieces.counts, pieces.channels, pieces.days, text_bytes
    )


def _words(tokens: list[Token]) -> list[str]:
    """The first token at each position: the precise word."""
    words: list[str] = []
    last = -1
    for token in tokens:
        if token.position != last:
            words.append(token.text)
            last = token.position
    return words


def articles(pieces: Pieces, count: int) -> Iterator[Tokens]:
    """``count`` articles: the real ones if ``count`` is their number, otherwise spliced ones."""
    real = len(pieces.titles)
    if count == real:
        at = 0
        for number in range(real):
            body = [
                word for part in pieces.paragraphs[at : at + pieces.counts[number]] for word in part
            ]
            at += pieces.counts[number]
            yield Tokens(pieces.titles[number], body, pieces.channels[number], pieces.days[number])
        return
    chance = random.Random(SEED)
    for _ in range(count):
        number = chance.randrange(real)
        drawn = chance.choices(pieces.paragraphs, k=pieces.counts[chance.randrange(real)])
        body = [word for part in drawn for word in part]
        yield Tokens(pieces.titles[number], body, pieces.channels[number], pieces.days[number])


def queries(pieces: Pieces, count: int) -> list[list[str]]:
    """Half are 1 to 6 consecutive words of a title; half are real queries of at most 6 words."""
    words = make_analyzer()
    chance = random.Random(SEED + 1)
    chosen: list[list[str]] = []
    while len(chosen) < count // 2:
        title = chance.choice(pieces.titles)
        size = chance.randint(1, 6)
        if len(title) >= size:
            at = chance.randrange(len(title) - size + 1)
            chosen.append(title[at : at + size])
    lines = (corpus_dir() / "queries_real.tsv").read_text(encoding="utf-8").splitlines()
    chance.shuffle(lines)
    for line in lines:
        cut = [token.text for token in words.query(line.partition("\t")[2])]
        if 1 <= len(cut) <= 6:
            chosen.append(cut)
        if len(chosen) == count:
            break
    return [list(dict.fromkeys(query)) for query in chosen]

"""How much of an article the source ``html`` finds on the saved pages of ``CORPUS_DIR/html``, and how fast.

    CORPUS_DIR=... python -m benchmarks.pages

The answers are those beside the pages (``expected.json`` and files named after a page). ``pages_answers.tsv`` adds titles, days and
sources that were read off the pages by hand: as digests, because the pages belong to others. A date is right if its day is. The
body's share is that of the expected sentences, without those of the facts below a text, which belong to other fields; ``more`` is
the text found beyond the expected one. Beside it stands what trafilatura finds alone. The pages are split in two halves by their
names: the rules were written with the first, and the second was looked at afterwards.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

import trafilatura
from trafilatura.settings import Document

from indexer.sources.encodings import decode, encoding_of
from indexer.sources.pages.markup import outline, parse
from indexer.sources.pages.noise import ends_article
from indexer.sources.pages.page import NoArticle, read_page
from indexer.times import read_time

FIELDS = ("title", "day", "source")
DIGESTS = Path(__file__).with_name("pages_answers.tsv")
ENOUGH = 0.95


@dataclass
class Answers:
    """What is known of one page."""

    plain: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    text: str = ""
    parts: list[str] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)

    def right(self, name: str, found: str) -> bool | None:
        """Whether a field is right; None if the answer is not known."""
        if self.plain.get(name):
            return squeezed(self.plain[name]) == squeezed(found)
        return self.digests[name] == digest(found) if name in self.digests else None


def squeezed(text: str) -> str:
    # Some answers hold the quotation marks of Windows' Latin encoding, and all kinds of straight ones.
    return re.sub(r"[\s\"“”\x93\x94]+", "", text)


def digest(text: str) -> str:
    return hashlib.sha256(squeezed(text).encode()).hexdigest()[:12]


def day(text: str) -> str:
    try:
        time = read_time(text, timezone=UTC)
    except ValueError:
        return text
    return f"{time.at:%Y-%m-%d}" if time else text


def answers_of(page: Path, expected: Mapping[str, dict[str, object]], stem: str) -> Answers:
    known = Answers()
    if given := expected.get(stem):
        known.plain = {
            "title": str(given.get("title") or ""),
            "day": day(str(given.get("publish_time") or given.get("date") or "")),
        }
        known.text = str(given.get("content") or "")
        known.parts = [str(each) for each in _list(given.get("with"))]
        known.noise = [str(each) for each in _list(given.get("without"))]
    for beside in page.parent.glob(f"{stem}.*.txt"):
        known.text = beside.read_text(encoding="utf-8")
    for beside in page.parent.glob(f"{stem.removesuffix('source.html')}expected.html"):
        root = parse(beside.read_text(encoding="utf-8"))
        known.text = "\n".join(each.text for each in outline(root).lines)
    return known


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def share(known: Answers, body: str) -> float | None:
    """The share of the expected text, in characters, that is in the body; None if it is not known."""
    lines = [each for each in known.text.splitlines() if not ends_article(each.strip())]
    wanted = [squeezed(each) for each in re.split(r"[。！？\n]", "\n".join([*lines, *known.parts]))]
    wanted = [each for each in wanted if len(each) > 2]
    found = squeezed(body)
    there = sum(len(each) for each in wanted if each in found)
    return there / sum(map(len, wanted)) if wanted else None


def alone(text: str) -> str:
    """The body that trafilatura finds on the whole page."""
    extracted = trafilatura.bare_extraction(parse(text), include_comments=False)
    return (extracted.text or "") if isinstance(extracted, Document) else ""


def main() -> None:
    if not (folder := os.environ.get("CORPUS_DIR")):
        sys.exit("CORPUS_DIR names no folder")
    pages = sorted((Path(folder) / "html").glob("*.html.gz"))
    expected = json.loads((pages[0].parent / "expected.json").read_text(encoding="utf-8"))
    digests: dict[str, dict[str, str]] = defaultdict(dict)
    for line in DIGESTS.read_text(encoding="utf-8").splitlines():
        stem, name, value = line.split("\t")
        digests[stem][name] = value
    counts: dict[tuple[int, str], list[bool]] = defaultdict(list)
    seconds = 0.0
    print(
        f"{'page':44} half  {'title':6}{'day':6}{'source':8}body    more  noise  trafilatura alone"
    )
    for page in pages:
        stem, half = page.name.removesuffix(".gz"), zlib.crc32(page.name.encode()) % 2
        known = answers_of(page, expected, stem)
        known.digests = digests[stem]
        raw = gzip.decompress(page.read_bytes())
        started = time.perf_counter()
        try:
            text = decode(raw, encoding_of(raw) or "utf-8")
            values = {name: str(value) for name, value in read_page(text).items()}
        except NoArticle as error:
            values = {"body": "", "title": f"({error})"}
        seconds += time.perf_counter() - started
        found = {**values, "day": day(values.get("published_at", ""))}
        shown = []
        for name in FIELDS:
            right = known.right(name, found.get(name, ""))
            shown.append({True: "ok", False: "WRONG", None: "-"}[right])
            if right is not None:
                counts[half, name].append(right)
        body = values["body"]
        part = share(known, body)
        noise = [each for each in known.noise if squeezed(each) in squeezed(body)]
        if part is not None:
            counts[half, "body"].append(part >= ENOUGH and not noise)
        other = alone(text)
        other_noise = sum(squeezed(each) in squeezed(other) for each in known.noise)
        more = len(squeezed(body)) - len(squeezed(known.text)) if known.text else None
        other_more = len(squeezed(other)) - len(squeezed(known.text)) if known.text else None
        print(
            f"{stem[-44:]:44} {half + 1:4}  {shown[0]:6}{shown[1]:6}{shown[2]:8}{_percent(part):6}"
            f"{'-' if more is None else more:>6}{len(noise):>7}  "
            f"{_percent(share(known, other)):6}{'-' if other_more is None else other_more:>6}{other_noise:>3}"
        )
    print()
    for name in (*FIELDS, "body"):
        for half in (0, 1):
            each = counts[half, name]
            print(f"{name:7} half {half + 1}: {sum(each)} of {len(each)} right")
    print(f"{len(pages) / seconds:.1f} pages/s")


def _percent(part: float | None) -> str:
    return "-" if part is None else f"{100 * part:.1f}"


if __name__ == "__main__":
    main()

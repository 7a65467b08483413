"""Cutting Chinese: our two forms beside jieba, in one run, on the real articles.

    python -m benchmarks.segmentation [--articles 1500] [--rounds 3]

Times are processor time of one thread: other work on the machine counts for less. Each form gets the articles in turn,
and each figure is the median of the rounds. ``words with offsets`` compares the segmenter with jieba's ``tokenize``.
``index`` is everything that prepares a text for an index: folding, cutting, words inside words, tokens. Start-up is
measured in fresh processes and includes the start-up of the interpreter.
"""

from __future__ import annotations

import argparse
import logging
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import jieba

from benchmarks.corpora import records
from indexer.analysis.analyzers import Analyzer, make_analyzer
from indexer.analysis.characters import fold
from indexer.analysis.dictionary import UserDictionary, UserWord, packaged_dictionary
from indexer.analysis.segmenter import ChineseSegmenter

FORGET = "龘靐齉"
"""An invented word. rjieba cannot remove words. A dictionary that removes this word makes the segmenter use plain Python."""

STARTS = {
    "import of our analyzers": "from indexer.analysis.analyzers import make_analyzer",
    "ready to query": "from indexer.analysis.analyzers import make_analyzer\nmake_analyzer().query('晴川谷的地铁')",
    "ready to index": "from indexer.analysis.analyzers import make_analyzer\nmake_analyzer().index('晴川谷的地铁')",
    "ready with user words": (
        "from indexer.analysis.analyzers import make_analyzer\n"
        "from indexer.analysis.dictionary import parse_user_dictionary\n"
        "make_analyzer(words=parse_user_dictionary(path.read_bytes(), path)).query('晴川谷的地铁')"
    ),
    "ready in plain Python": (
        "from indexer.analysis.analyzers import make_analyzer\n"
        "from indexer.analysis.dictionary import UserDictionary, UserWord\n"
        f"make_analyzer(words=UserDictionary((UserWord('{FORGET}', 0),))).query('晴川谷的地铁')"
    ),
    "jieba, without its cache": (
        "import jieba, logging\njieba.setLogLevel(logging.WARNING)\n"
        "jieba.dt.tmp_dir = folder\nlist(jieba.cut('晴川谷的地铁'))"
    ),
}


def offsets(segmenter: ChineseSegmenter, text: str) -> int:
    """Cut a folded text into words with the offsets that jieba's ``tokenize`` also gives. Returns the number of words."""
    at = 0
    words = []
    for piece in segmenter.cut(text):
        end = at + len(piece)
        words.append((piece, at, end))
        at = end
    return len(words)


def contenders(folder: Path) -> dict[str, Callable[[str], int]]:
    """The functions to time, by name. Each takes a text and returns the number of its words."""
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(folder)
    tokenizer.initialize()
    packaged = packaged_dictionary()
    fast = ChineseSegmenter(packaged)
    plain = ChineseSegmenter(packaged, [UserWord(FORGET, 0)])
    analyzer, plain_analyzer = (
        make_analyzer(),
        make_analyzer(words=UserDictionary((UserWord(FORGET, 0),))),
    )

    def index(which: Analyzer) -> Callable[[str], int]:
        return lambda text: len(which.index(text))

    return {
        "jieba tokenize, search mode": lambda text: len(list(tokenizer.tokenize(text, "search"))),
        "jieba tokenize": lambda text: len(list(tokenizer.tokenize(text))),
        "ours, words with offsets": lambda text: offsets(fast, fold(text)),
        "ours, index": index(analyzer),
        "plain, words with offsets": lambda text: offsets(plain, fold(text)),
        "plain, index": index(plain_analyzer),
    }


def throughput(texts: list[str], *, rounds: int, folder: Path) -> None:
    """Print the speed of each contender."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    made: dict[str, int] = {}
    seconds: dict[str, list[float]] = {}
    named = contenders(folder)
    for _ in range(rounds):
        for name, cut in named.items():
            begin = time.process_time()
            made[name] = sum(map(cut, texts))
            seconds.setdefault(name, []).append(time.process_time() - begin)
    base = statistics.median(seconds["jieba tokenize, search mode"])
    print(f"{len(texts)} articles, {size:.1f} MB, median of {rounds} rounds")
    for name, times in seconds.items():
        middle = statistics.median(times)
        words = made[name] / len(texts)
        print(
            f"  {name:28} {size / middle:6.2f} MB/s {base / middle:6.2f} x {words:8.1f} words an article"
        )


def tables() -> None:
    """Print the cost of the folding tables."""
    script = (
        "import sys, time\n"
        "begin = time.process_time()\n"
        "from indexer.analysis import characters\n"
        "imported = time.process_time()\n"
        "characters.fold('')\n"
        "made = time.process_time()\n"
        "print(f'  import {1e3 * (imported - begin):.0f} ms, tables {1e3 * (made - imported):.0f} ms, '\n"
        "      f'{len(characters.folded_characters())} characters are folded')\n"
    )
    print("folding tables")
    subprocess.run([sys.executable, "-c", script], check=True)


def starts(folder: Path, *, rounds: int) -> None:
    """Print the time and memory (Linux) to become ready."""
    words = folder / "words.txt"
    names = (
        "".join(pair)
        for pair in product(
            "山水石田木火土金日月云雨风花草竹松梅江河湖海东南西北上下左右前后", repeat=2
        )
    )
    words.write_text("".join(f"晴川{name}站\n" for name in names), encoding="utf-8")
    print("start-up, in processes of their own (1,024 user words without frequencies)")
    for name, script in STARTS.items():
        whole = (
            "import time\nfrom pathlib import Path\n"
            f"folder = {str(folder / 'none')!r}\npath = Path({str(words)!r})\n"
            f"{script}\n"
            "print(time.process_time())\n"
            "status = Path('/proc/self/status').read_text(encoding='utf-8')\n"
            "print(int(status.partition('VmHWM:')[2].split()[0]) / 1024)\n"
        )
        runs = [
            subprocess.run(
                [sys.executable, "-c", whole], check=True, capture_output=True, text=True
            )
            for _ in range(rounds)
        ]
        seconds, memory = zip(*(map(float, run.stdout.split()) for run in runs), strict=True)
        print(f"  {name:28} {min(seconds):6.2f} s {min(memory):6.0f} MB at most")


def main() -> None:
    """Run everything, the fresh processes first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}, one thread")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "none").mkdir()
        tables()
        starts(folder, rounds=arguments.rounds)
        everything = [f"{record['title']}\n{record['body']}" for record in records()]
        texts = everything[:: max(1, len(everything) // arguments.articles)]
        del everything
        throughput(texts, rounds=arguments.rounds, folder=folder)


if __name__ == "__main__":
    main()

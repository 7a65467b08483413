"""Measure what one term costs in different storage forms of its documents and impacts. The format is based on the results.

python -m benchmarks.spike
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

DOCUMENTS = 200_000
BLOCK = 65_536


def microseconds(action: Callable[[], object], *, repeat: int = 200, rounds: int = 7) -> float:
    """The median, over the rounds, of the mean time of an action."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(repeat):
            action()
        times.append((time.perf_counter() - begin) / repeat * 1e6)
    return float(np.median(times))


def main() -> None:
    chance = np.random.default_rng(1)
    norms = chance.uniform(0.3, 3.0, DOCUMENTS).astype(np.float32)
    scores = np.zeros(DOCUMENTS, dtype=np.float32)
    print("| postings | " + " | ".join(f"{n:,}" for n in (1_000, 30_000, 100_000)) + " |")
    print("| --- | --- | --- | --- |")
    rows: dict[str, list[float]] = {}
    for count in (1_000, 30_000, 100_000):
        docs = np.sort(chance.choice(DOCUMENTS, count, replace=False))
        freqs = chance.integers(1, 6, count).astype(np.uint8)
        impacts = chance.uniform(0.1, 2.0, count).astype(np.float32)
        small = docs.astype(np.uint16)
        wide = docs.astype(np.uint32)
        edges = np.searchsorted(docs, np.arange(0, DOCUMENTS + BLOCK, BLOCK))
        blocks = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))

        def ready(docs: np.ndarray = docs, impacts: np.ndarray = impacts) -> None:
            np.add.at(scores, docs, impacts)

        def by_block(
            small: np.ndarray = small,
            impacts: np.ndarray = impacts,
            blocks: list[tuple[int, int]] = blocks,
        ) -> None:
            for number, (begin, end) in enumerate(blocks):
                view = scores[number * BLOCK : (number + 1) * BLOCK]
                np.add.at(view, small[begin:end].astype(np.intp), impacts[begin:end])

        def decoded(
            small: np.ndarray = small, blocks: list[tuple[int, int]] = blocks
        ) -> np.ndarray:
            whole = small.astype(np.intp)
            whole += np.repeat(
                np.arange(len(blocks)) * BLOCK, [end - begin for begin, end in blocks]
            )
            return whole

        def computed(freqs: np.ndarray = freqs) -> None:
            whole = decoded()
            tf = freqs.astype(np.float32)
            below = tf + norms[whole]
            tf *= np.float32(7.7)
            tf /= below
            np.add.at(scores, whole, tf)

        def wide_ready(wide: np.ndarray = wide, impacts: np.ndarray = impacts) -> None:
            np.add.at(scores, wide, impacts)

        for name, action in (
            ("intp documents and impacts ready (the cache)", ready),
            ("uint32 documents, impacts ready", wide_ready),
            ("uint16 documents block by block, impacts ready", by_block),
            ("uint16 documents decoded whole", decoded),
            ("uint16 documents, impacts computed (not in the cache)", computed),
        ):
            rows.setdefault(name, []).append(microseconds(action))
    for name, values in rows.items():
        print(f"| {name} | " + " | ".join(f"{value:.0f}" for value in values) + " |")


if __name__ == "__main__":
    main()

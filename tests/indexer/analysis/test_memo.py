from __future__ import annotations

from indexer.analysis.memo import LONGEST, Memo


def test_short_texts_are_made_once_and_long_ones_each_time() -> None:
    made: list[str] = []

    def make(text: str) -> int:
        made.append(text)
        return len(text)

    lengths = Memo(make)
    for text in (
        "山",
        "山",
        "水" * LONGEST,
        "水" * LONGEST,
        "石" * (LONGEST + 1),
        "石" * (LONGEST + 1),
    ):
        assert lengths[text] == len(text)
    assert made == ["山", "水" * LONGEST, "石" * (LONGEST + 1), "石" * (LONGEST + 1)]


def test_it_never_holds_more_than_the_most() -> None:
    numbers = Memo[str, int](int, most=3)
    for number in range(10):
        assert numbers[str(number)] == number
        assert len(numbers) <= 3

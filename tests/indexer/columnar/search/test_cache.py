"""The bounded cache: never above its bytes, never a wrong value, and what is asked for often stays."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.columnar.search import cache as caching
from indexer.columnar.search import plan as p
from indexer.columnar.search.cache import BoundedCache

asked = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 900)), max_size=80)


@given(limit=st.sampled_from([0, 1_000, 5_000, 10**6]), asked=asked)
def test_it_holds_what_it_was_given_and_never_more_than_its_bytes(
    limit: int, asked: list[tuple[int, int]]
) -> None:
    cache: BoundedCache[int] = BoundedCache(limit)
    sizes: dict[int, int] = {}
    for key, size in asked:
        known = cache.get(key)
        assert known in (None, sizes.get(key))
        if known is None:
            sizes[key] = size
            cache.put(key, size, size)
        held = [value for value, _ in cache._entries.values()]
        keys = sum(map(caching.weight, cache._entries))
        assert sum(held) + caching._OVERHEAD * len(held) + keys == cache.held <= limit


def test_what_fits_is_kept_and_what_takes_too_large_a_share_is_not() -> None:
    cache: BoundedCache[str] = BoundedCache(8_000)
    cache.put("small", "a", 800)
    cache.put("large", "b", 831)
    assert (cache.get("small"), cache.get("large")) == ("a", None)
    cache.put("small", "another", 1)
    assert cache.get("small") == "a"


def test_a_stream_of_rare_questions_does_not_wash_out_what_is_asked_for_often() -> None:
    cache: BoundedCache[int] = BoundedCache(10_000)
    frequent, stream = range(5), iter(range(100, 10_000))
    hits = 0
    for _ in range(400):
        for key in [*frequent, *(next(stream) for _ in range(20))]:
            if cache.get(key) is None:
                cache.put(key, key, 800)
            else:
                hits += key in frequent
    assert hits > 0.95 * 400 * len(frequent)


def test_what_becomes_frequent_gets_in_in_time() -> None:
    cache: BoundedCache[int] = BoundedCache(10_000)
    for known in range(10):
        for _ in range(5):
            cache.get(known)
        cache.put(known, known, 800)
    for _ in range(20):
        if cache.get(99) is None:
            cache.put(99, 99, 800)
    assert cache.get(99) == 99


def test_it_says_beforehand_whether_it_would_keep_a_value() -> None:
    cache: BoundedCache[int] = BoundedCache(8_000)
    assert not cache.admits("large", 831)
    for known in range(8):
        assert cache.admits(known, 800)
        cache.get(known)
        cache.put(known, known, 800)
        assert cache.admits(known, 800)
    assert [cache.admits("new", 800) for _ in range(2)] == [False, True]
    cache.get("new")
    cache.get("new")
    cache.put("new", 9, 800)
    assert cache.get("new") == 9


def test_counts_are_bounded_and_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "_COUNTED", 50)
    cache: BoundedCache[int] = BoundedCache(10_000)
    for _ in range(8):
        cache.get("hot")
    for key in range(1_000):
        cache.get(key)
        assert len(cache._asked) <= 50
    assert cache._asked.get(hash("hot"), 0) < 8


def test_threads_share_it() -> None:
    cache: BoundedCache[int] = BoundedCache(20_000)

    def work(seed: int) -> bool:
        chance = random.Random(seed)
        for _ in range(4_000):
            key = min(int(chance.paretovariate(0.5)), 500)
            known = cache.get(key)
            if known is None:
                cache.put(key, key * 7, 300)
            elif known != key * 7:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert cache.held == sum(size for _, size in cache._entries.values()) <= 20_000


def test_long_keys_count_as_what_they_take() -> None:
    cache: BoundedCache[int] = BoundedCache(10_000)
    for number in range(50):
        cache.put((number, b"x" * 3_000), number, 8)
    assert len(cache) == 3
    assert cache.held > 9_000


def test_a_key_that_is_larger_than_the_cache_is_not_kept() -> None:
    cache: BoundedCache[int] = BoundedCache(2_000)
    cache.put("x" * 3_000, 1, 8)
    assert len(cache) == cache.held == 0


def test_a_plan_weighs_what_it_holds() -> None:
    short, long = (p.Intersection((p.Term("body", b"x" * size),)) for size in (1, 5_001))
    assert caching.weight(long) - caching.weight(short) == 5_000


def test_values_of_other_segments_are_let_go_of() -> None:
    cache: BoundedCache[int] = BoundedCache(10_000)
    for segment in ("one", "two", "three"):
        for number in range(4):
            cache.put((segment, number), number, 100)
    cache.keep_only(frozenset({"two", "four"}))
    assert [cache.get(("two", number)) for number in range(4)] == [0, 1, 2, 3]
    assert cache.get(("one", 1)) is None
    assert len(cache) == 4
    assert cache.held == sum(size for _, size in cache._entries.values())

"""Finds completions: ranges of a sorted dictionary, narrowed by array operations. Few terms are ever decoded to text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from math import inf
from time import monotonic
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.columnar.files.arrays import IntP
from indexer.columnar.files.segment import PostingsField
from indexer.columnar.files.snapshot import Leaf
from indexer.columnar.files.terms import Terms
from indexer.columnar.search.executor import Executor
from indexer.columnar.search.plan import Plan
from indexer.engines.base import COMPLETION_ARTICLES, COMPLETION_CANDIDATES
from indexer.engines.completions import SEPARATOR, Entry, Use, accepting, completions, entry_of
from indexer.engines.documents import from_microseconds
from indexer.engines.whoosh.fields import COMPLETIONS, NO_TIME, PUBLISHED
from indexer.hits import Completion
from indexer.query import Alike, CompletionRequest

_COUNTED: Final = 1 << 14
"""Document frequencies are capped here. Only some hundreds of completions occur in so many articles."""
_SEPARATOR: Final = SEPARATOR.encode()
_CHARACTER: Final = 3
"""The UTF-8 bytes of a Chinese character. Characters of four bytes do not count as Chinese."""
_NO_NUMBERS: Final = np.empty(0, dtype=np.intp)
_SPARE: Final = 2
"""Completions to count for each requested one, since the filter may drop some and change the order."""


@dataclass(slots=True)
class _Candidate:
    """The terms of one folded text: by leaf and text the number in the field and the entry.

    Several keys of one text may fit a request. Its articles are the same under each key, so one of its terms is enough.
    """

    frequency: int = 0
    terms: dict[tuple[int, str], tuple[int, Entry]] = field(default_factory=dict)


def complete(
    executor: Executor, request: CompletionRequest, filter_: Plan | None
) -> list[Completion]:
    """The completions of one snapshot that a request asks for. O(terms with the prefixes) array elements.

    Checks the deadline before each leaf, each text and each batch of counts.
    """
    deadline = inf if request.deadline is None else request.deadline
    accepted = _accepted(executor.snapshot.leaves, request, deadline)
    uses: list[Use] = []
    found: set[str] = set()
    while len(found) < request.size:
        batch = list(islice(accepted, request.size * _SPARE))
        if not batch:
            break
        used = _uses(executor, batch, filter_)
        found.update(use.entry.folded for use in used)
        uses += used
    return completions(uses, size=request.size)


def _accepted(
    leaves: Sequence[Leaf], request: CompletionRequest, deadline: float
) -> Iterator[_Candidate]:
    """The candidates that the request accepts, most frequent first, until the deadline."""
    together: dict[str, _Candidate] = {}
    for place, leaf in enumerate(leaves):
        if monotonic() >= deadline:
            return
        if COMPLETIONS not in leaf.segment.layout.postings:
            continue  # an index of an older release
        postings = leaf.segment.postings(COMPLETIONS)
        numbers, frequencies = _most_frequent(postings, request)
        if not len(numbers):
            continue
        terms = postings.terms.some(numbers)
        for term, number, frequency in zip(
            terms, numbers.tolist(), frequencies.tolist(), strict=True
        ):
            entry = entry_of(term.decode())
            candidate = together.setdefault(entry.folded, _Candidate())
            if (place, entry.text) not in candidate.terms:
                candidate.frequency += frequency
                candidate.terms[place, entry.text] = number, entry
    accepts = accepting(request.texts)
    for folded in sorted(together, key=lambda each: (-together[each].frequency, each)):
        if monotonic() >= deadline:
            return
        if accepts(folded):
            yield together[folded]


def _most_frequent(
    postings: PostingsField, request: CompletionRequest
) -> tuple[IntP, NDArray[np.int64]]:
    """The numbers and frequencies of the most frequent terms that fit the keys, ``begins`` and the length."""
    begins = request.begins.encode()
    ends = _SEPARATOR + begins if request.whole_keys else b""
    alike = request.texts if isinstance(request.texts, Alike) else None
    ranges = [postings.terms.beginning(key.encode() + ends) for key in request.keys]
    ranges = [(first, end) for first, end in ranges if first < end]
    numbers = np.concatenate([_NO_NUMBERS, *(np.arange(first, end) for first, end in ranges)])
    if (begins or alike) and len(numbers):
        numbers = _fitting(postings.terms, numbers, begins, alike)
    if not len(numbers):
        return _NO_NUMBERS, _NO_NUMBERS
    if begins or alike:
        counts = postings.doc_frequencies_of(numbers)
    else:
        counts = np.concatenate([postings.doc_frequencies(*each) for each in ranges])
    if len(counts) > COMPLETION_CANDIDATES:
        best = _greatest(counts, COMPLETION_CANDIDATES)
        numbers, counts = numbers[best], counts[best]
    return numbers, counts


def _greatest(counts: NDArray[np.int64], many: int) -> IntP:
    """The places of the ``many`` greatest counts; of equal counts, the first places.

    Word counts are mostly small and equal, so counting them is ten times faster than numpy's partition.
    """
    capped = np.minimum(counts, _COUNTED)
    at_least = np.bincount(capped)[::-1].cumsum()[::-1]
    least = int(np.flatnonzero(at_least >= many)[-1])
    above = np.flatnonzero(capped > least)
    return np.concatenate([above, np.flatnonzero(capped == least)[: many - len(above)]])


def _fitting(terms: Terms, numbers: IntP, begins: bytes, alike: Alike | None) -> IntP:
    """The terms whose folded text begins with ``begins`` and can fit ``alike``. O(numbers)."""
    starts, sizes = terms.second_parts
    if alike:
        numbers = numbers[sizes[numbers] == _CHARACTER * alike.length]
    if begins and len(numbers):
        numbers = numbers[terms.texts(numbers, len(begins), starts[numbers]) == begins]
    if alike and len(numbers) and len(text := alike.text.encode()) == _CHARACTER * alike.length:
        characters = terms.texts(numbers, len(text), starts[numbers]).view(f"S{_CHARACTER}")
        same = characters.reshape(-1, alike.length) == np.frombuffer(text, f"S{_CHARACTER}")
        numbers = numbers[same.sum(axis=1) >= alike.shared]
    return numbers


def _uses(executor: Executor, batch: Sequence[_Candidate], filter_: Plan | None) -> list[Use]:
    """For each term of some candidates, how many articles that pass the filter hold it. Terms without any are left out."""
    by_leaf: dict[int, list[tuple[int, Entry]]] = {}
    for candidate in batch:
        for (place, _), (number, entry) in candidate.terms.items():
            by_leaf.setdefault(place, []).append((number, entry))
    uses: list[Use] = []
    for place, terms in by_leaf.items():
        uses += _uses_in_leaf(executor, place, terms, filter_)
    return uses


def _uses_in_leaf(
    executor: Executor, place: int, terms: Sequence[tuple[int, Entry]], filter_: Plan | None
) -> Iterator[Use]:
    segment = executor.snapshot.leaves[place].segment
    postings = segment.postings(COMPLETIONS)
    held = [postings.docs(number) for number, _ in terms]
    looked_at = [docs[-COMPLETION_ARTICLES:] for docs in held]
    docs, places = np.unique(np.concatenate(looked_at), return_inverse=True)
    allowed = executor.let_through(place, docs, filter_)[places]
    times = segment.numbers(PUBLISHED)[docs][places]
    bounds = np.cumsum([0, *map(len, looked_at)])
    counts = np.add.reduceat(allowed, bounds[:-1], dtype=np.int64)
    newest = np.maximum.reduceat(np.where(allowed, times, NO_TIME), bounds[:-1])
    for (_, entry), whole, part, count, time in zip(
        terms, held, looked_at, counts.tolist(), newest.tolist(), strict=True
    ):
        if count:
            yield Use(entry, _time(time), round(count * len(whole) / len(part)))


def _time(number: int) -> datetime | None:
    return None if number == NO_TIME else from_microseconds(number)

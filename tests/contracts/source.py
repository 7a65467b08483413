"""What every source must do. To test a source, say how to make one:

class TestJsonFile(SourceContract):
    def make(self, folder, records): ...
    def make_with_bad_record(self, folder, before, after): ...
    def make_missing(self, folder): ...
    def make_broken_off(self, folder, records): ...
"""

from __future__ import annotations

import gc
import json
import tracemalloc
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from indexer.article import Article
from indexer.clean import clean
from indexer.errors import SourceUnreadable
from indexer.fields import Made, make_article
from indexer.reading import Reading
from indexer.records import UNREAD, UNREAD_TEXT, Record, Rejection
from indexer.rejects import RejectsFile
from indexer.sources.base import Source
from indexer.sources.registry import open_source

Values = Mapping[str, str]


def sample(number: int) -> Values:
    """A record under the fields' own names. All values are texts."""
    return {
        "id": f"s-{number}",
        "url": f"https://portal.example/{number}.html",
        "title": f"第{number}篇：集市上的“花鼓” & 𠀀 🌾",
        "body": f"头一段，共 {number} 句。\n第二段，引号\"'与反斜杠\\，尖括号<b>。",
        "channel": "地方/集市",
        "published_at": "2025-05-06T07:08:09+08:00",
    }


def _refuse(_: object) -> None:
    raise ValueError("for the test")


def _corrected(raw: str, values: Values) -> str:
    """A rejected line as somebody corrects it: a broken one is written anew, in another one the reason is taken out."""
    try:
        held = json.loads(raw)
    except ValueError:
        held = {}
    kept = {key: value for key, value in held.items() if key not in (UNREAD, UNREAD_TEXT)}
    return json.dumps(kept | dict(values), ensure_ascii=False)


class SourceContract(ABC):
    """Inherit from it in a class whose name begins with Test.

    ``reading`` and :meth:`expected` are for a source that has keys of its own, ``sizes`` for one that takes long for a record.
    """

    reading = Reading(timezone=UTC)
    sizes = (1_000, 10_000)

    def expected(self, values: Values) -> Article:
        """The article that a record becomes."""
        return make_article(values, timezone=UTC)

    @abstractmethod
    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        """A source that holds these records. ``folder`` is empty and writable."""

    @abstractmethod
    def make_with_bad_record(
        self, folder: Path, before: Sequence[Values], after: Sequence[Values]
    ) -> Source:
        """A source that holds ``before``, one unreadable record, and ``after``."""

    @abstractmethod
    def make_missing(self, folder: Path) -> Source:
        """A source whose place does not exist."""

    @abstractmethod
    def make_broken_off(self, folder: Path, records: Sequence[Values]) -> Source:
        """A source that held these records and now breaks off after the first one."""

    def test_every_record_becomes_its_article_in_order(self, tmp_path: Path) -> None:
        records = [sample(number) for number in range(20)]
        found = [self._article(each) for each in self.make(tmp_path, records).records()]
        assert found == [self.expected(each) for each in records]

    def test_a_source_may_hold_nothing(self, tmp_path: Path) -> None:
        assert list(self.make(tmp_path, []).records()) == []

    def test_each_record_says_where_it_stands(self, tmp_path: Path) -> None:
        found = list(self.make(tmp_path, [sample(number) for number in range(20)]).records())
        places = [each.where for each in found]
        assert all(places)
        assert len(set(places)) == len(places)

    def test_the_raw_record_is_one_line(self, tmp_path: Path) -> None:
        for each in self.make(tmp_path, [sample(1), sample(2)]).records():
            assert each.raw
            assert "\n" not in each.raw
            assert "\r" not in each.raw

    def test_a_bad_record_is_rejected_and_the_rest_is_read(self, tmp_path: Path) -> None:
        before, after = [sample(1), sample(2)], [sample(3)]
        first, second, bad, third = self.make_with_bad_record(tmp_path, before, after).records()
        found = [self._article(each) for each in (first, second, third)]
        assert found == [self.expected(each) for each in (*before, *after)]
        assert isinstance(bad, Rejection)
        assert bad.where
        assert bad.why
        assert bad.raw
        assert "\n" not in bad.raw

    def test_rejected_records_come_back_whole_from_the_rejects_file(self, tmp_path: Path) -> None:
        """With the same mapping, whatever the reason was."""
        records = [sample(number) for number in range(3)]
        strict = replace(self.reading, hook=_refuse)
        found = [
            clean(each, strict)
            for each in self.make(tmp_path, records).records()
            if isinstance(each, Record)
        ]
        rejected = [each for each in found if isinstance(each, Rejection)]
        assert len(rejected) == len(records)
        again = self._ingested_again(tmp_path, rejected)
        assert [self._article(each) for each in again] == [self.expected(each) for each in records]

    def test_a_bad_record_fails_alike_from_the_rejects_file_until_it_is_corrected(
        self, tmp_path: Path
    ) -> None:
        source = self.make_with_bad_record(tmp_path, [sample(1)], [sample(2)])
        (bad,) = [each for each in source.records() if isinstance(each, Rejection)]
        (again,) = self._ingested_again(tmp_path, [bad])
        assert isinstance(again, Rejection)
        assert bad.why in again.why
        assert again.raw == bad.raw
        corrected = Rejection("", "", _corrected(bad.raw, sample(3)))
        (put_right,) = self._ingested_again(tmp_path, [corrected])
        assert self._article(put_right) == make_article(sample(3), timezone=UTC)

    def _ingested_again(
        self, folder: Path, rejected: Iterable[Rejection]
    ) -> list[Record | Rejection]:
        path = folder / "rejects.jsonl"
        path.unlink(missing_ok=True)
        with RejectsFile(path) as rejects:
            for each in rejected:
                rejects.add(each)
        return list(open_source(None, str(path)).records())

    def test_a_missing_source_is_unreadable(self, tmp_path: Path) -> None:
        with pytest.raises(SourceUnreadable):
            next(self.make_missing(tmp_path).records())

    def test_what_stands_before_a_break_is_read_and_then_it_is_reported(
        self, tmp_path: Path
    ) -> None:
        records = [sample(number) for number in range(300)]
        iterator = self.make_broken_off(tmp_path, records).records()
        found: list[Record | Rejection] = []
        with pytest.raises(SourceUnreadable):
            found.extend(iterator)
        assert found
        assert list(map(self._article, found)) == list(map(self.expected, records[: len(found)]))

    def test_the_count_is_that_of_the_records_or_somewhat_more(self, tmp_path: Path) -> None:
        """Or 0, if only reading the records would tell."""
        source = self.make_with_bad_record(tmp_path, [sample(1), sample(2)], [sample(3)])
        assert source.count() in (0, 4, 5)
        assert len(list(source.records())) == 4, "counting uses nothing up"

    def test_counting_a_missing_source_is_refused_as_reading_it_is(self, tmp_path: Path) -> None:
        with pytest.raises(SourceUnreadable):
            self.make_missing(tmp_path).count()

    def test_a_source_that_breaks_off_is_counted_up_to_there(self, tmp_path: Path) -> None:
        records = [sample(number) for number in range(300)]
        assert 0 <= self.make_broken_off(tmp_path, records).count() <= len(records)

    def test_memory_does_not_grow_with_the_source(self, tmp_path: Path) -> None:
        peaks = []
        for count in self.sizes:
            folder = tmp_path / str(count)
            folder.mkdir()
            source = self.make(folder, (sample(number) for number in range(count)))
            tracemalloc.start()
            try:
                assert sum(1 for _ in source.records()) == count
                peaks.append(tracemalloc.get_traced_memory()[1])
            finally:
                tracemalloc.stop()
        assert peaks[1] < peaks[0] + 200_000

    def test_leaving_early_closes_what_was_opened(self, tmp_path: Path) -> None:
        iterator = self.make(tmp_path, [sample(1), sample(2)]).records()
        next(iterator)
        iterator.close()  # type: ignore[attr-defined]
        gc.collect()  # an open file would warn here, and a warning fails the test

    def _article(self, found: Record | Rejection) -> Article:
        assert isinstance(found, Record), found
        made = clean(found, self.reading)
        assert isinstance(made, Made), made
        return made.article

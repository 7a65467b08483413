"""Comparing a source with the store and repairing the store: against a simple model, and where it must refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import InvalidSetting, SourceUnreadable
from indexer.fields import make_article
from indexer.ingest import MAX_REPORTED
from indexer.reading import Deletion, Reading
from indexer.reconcile import Plan, Reconciliation, read_only, reconcile
from indexer.records import Record, Rejection
from indexer.store.articles import ArticleStore
from indexer.store.database import open_store
from tests.indexer.site import SHANGHAI

READING = Reading(timezone=SHANGHAI, deleted=Deletion("gone"))
ALL = read_only(None)

Values = Mapping[str, object]


class Given:
    """A source of these records. ``breaks`` says after how many records it breaks off; ``between`` is called before each reading."""

    def __init__(
        self,
        records: Sequence[Values | Rejection],
        *,
        breaks: int | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self._records, self._breaks, self._between = records, breaks, between

    def records(self) -> Iterator[Record | Rejection]:
        self._between()
        for number, each in enumerate(self._records):
            if number == self._breaks:
                raise SourceUnreadable("given", "breaks off here")
            yield each if isinstance(each, Rejection) else Record(f"given:{number}", each, "{}")
        if self._breaks is not None:
            raise SourceUnreadable("given", "breaks off here")

    def count(self) -> int:
        return len(self._records)


def values(number: int, title: str = "集市", **more: object) -> dict[str, object]:
    return {"id": f"a-{number}", "title": f"{title} {number}", **more}


def put(store: ArticleStore, *given: Values) -> None:
    store.put([make_article(each, timezone=SHANGHAI) for each in given])


def titles(store: ArticleStore) -> dict[str, str]:
    """The title of each article of the store."""
    found = {each.article_id: each.article for each in store.changes()}
    return {name: article.title for name, article in found.items() if article is not None}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArticleStore]:
    with closing(open_store(f"sqlite:///{tmp_path}/articles.sqlite3")) as opened:
        yield opened


@pytest.fixture
def run(store: ArticleStore, tmp_path: Path) -> Callable[..., Reconciliation]:
    def execute(source: Given, only: str | None = None, **plan: Any) -> Reconciliation:
        return reconcile(
            source,
            store,
            READING,
            Plan(belongs=read_only(only), **plan),
            rejects=tmp_path / "rejects.jsonl",
            progress=lambda _: None,
        )

    return execute


Run = Callable[..., Reconciliation]


def test_what_is_missing_stale_and_orphaned_is_named_and_nothing_changes(
    store: ArticleStore, run: Run
) -> None:
    put(store, values(1), values(2), values(3), values(4))
    before = store.revision()
    report = run(Given([values(1), values(2, "茶会"), values(5), values(4, gone=1)]))
    assert (report.read, report.compared, report.same) == (4, 4, 1)
    assert (report.missing.ids, report.stale.ids) == (("a-5",), ("a-2",))
    assert report.orphaned.ids == ("a-3", "a-4")
    assert not report.agree
    assert store.revision() == before


def test_applied_the_store_holds_what_the_source_holds(store: ArticleStore, run: Run) -> None:
    put(store, *map(values, range(10)))
    source = Given([*map(values, range(1, 9)), values(9, "茶会"), values(10)])
    report = run(source, apply=True)
    assert (report.stored, report.deleted, report.agree) == (2, 1, True)
    assert titles(store) == {
        **{f"a-{number}": f"集市 {number}" for number in range(1, 9)},
        "a-9": "茶会 9",
        "a-10": "集市 10",
    }
    again = run(source)
    assert (again.same, again.agree) == (10, True)


_numbers = st.integers(min_value=0, max_value=12)
_titles = st.sampled_from(["集市", "茶会"])
_records = st.tuples(_numbers, _titles, st.sampled_from([None, 0, 1]))


@settings(max_examples=50)
@given(
    held=st.dictionaries(_numbers, _titles, max_size=10),
    records=st.lists(_records, max_size=14),
    force=st.booleans(),
)
def test_it_does_what_a_simple_model_does(
    tmp_path_factory: pytest.TempPathFactory,
    held: dict[int, str],
    records: list[tuple[int, str, int | None]],
    force: bool,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    wanted = {number: None if gone else title for number, title, gone in records}
    articles = {number: title for number, title in wanted.items() if title is not None}
    orphaned = [number for number in held if number not in articles]
    refused = bool(orphaned) and (not wanted or (not force and 5 * len(orphaned) > len(held)))
    with closing(open_store(f"sqlite:///{folder}/reconcile.sqlite3")) as store:
        store.delete(f"a-{number}" for number in range(13))
        put(store, *(values(number, title) for number, title in held.items()))
        source = Given([values(number, title, gone=gone) for number, title, gone in records])
        report = reconcile(
            source,
            store,
            READING,
            Plan(belongs=ALL, apply=True, force=force),
            rejects=folder / "rejects.jsonl",
            progress=lambda _: None,
        )
        found = titles(store)
    assert report.missing.count == len(set(articles) - set(held))
    assert report.stale.count == sum(
        number in held and held[number] != title for number, title in articles.items()
    )
    assert report.same == sum(held.get(number) == title for number, title in articles.items())
    assert list(report.orphaned.ids) == [f"a-{number}" for number in orphaned]
    assert (report.refusal is not None) == refused
    left = held if refused else articles
    assert found == {f"a-{number}": f"{title} {number}" for number, title in left.items()}


@pytest.mark.parametrize("force", [False, True])
def test_an_empty_source_never_empties_the_store(
    store: ArticleStore, run: Run, force: bool
) -> None:
    put(store, values(1))
    report = run(Given([]), apply=True, force=force)
    assert "the source holds no article" in str(report.refusal)
    assert (list(titles(store)), report.repaired) == (["a-1"], False)


@pytest.mark.parametrize("breaks", [0, 1, 9, 10])
def test_a_source_that_breaks_off_deletes_nothing(
    store: ArticleStore, run: Run, breaks: int
) -> None:
    put(store, *map(values, range(10)))
    report = run(Given([*map(values, range(10))], breaks=breaks), apply=True, force=True)
    assert report.failure is not None
    assert (report.orphaned.count, report.repaired, report.agree) == (0, False, False)
    assert len(titles(store)) == 10


def test_a_source_that_breaks_off_the_second_time_deletes_nothing(
    store: ArticleStore, run: Run
) -> None:
    put(store, *map(values, range(10)))
    source = Given([*map(values, range(1, 12))])

    def break_later() -> None:
        if source._between is break_later:
            source._between = lambda: setattr(source, "_breaks", 5)

    source._between = break_later
    report = run(source, apply=True)
    assert (report.orphaned.ids, report.deleted, report.repaired) == (("a-0",), 0, False)
    assert report.failure is not None
    assert "a-0" in titles(store)


@pytest.mark.parametrize(("lost", "refused"), [(2, False), (3, True)])
def test_more_than_a_fifth_is_deleted_only_by_force(
    store: ArticleStore, run: Run, lost: int, refused: bool
) -> None:
    put(store, *map(values, range(10)))
    source = Given([values(0, "茶会"), *map(values, range(1, 10 - lost))])
    report = run(source, apply=True)
    assert (report.refusal is not None) == refused
    if refused:
        assert "3 of 10 articles of the store are not in the source" in str(report.refusal)
        assert titles(store)["a-0"] == "集市 0", "nothing at all was changed"
        report = run(source, apply=True, force=True)
    assert report.deleted == lost
    assert len(titles(store)) == 10 - lost


def test_an_article_whose_record_is_rejected_is_not_orphaned(
    store: ArticleStore, run: Run, tmp_path: Path
) -> None:
    put(store, *map(values, range(10)))
    source = Given([*map(values, range(9)), {"id": "a-9", "title": ""}])
    report = run(source, apply=True)
    assert (report.orphaned.count, report.rejected, report.agree) == (0, 1, False)
    assert len(titles(store)) == 10
    assert (tmp_path / "rejects.jsonl").read_text(encoding="utf-8") == "{}\n"


@pytest.mark.parametrize("nameless", [{"title": "无名"}, Rejection("given:9", "no row", "")])
def test_a_rejected_record_without_an_id_keeps_orphans_from_being_deleted(
    store: ArticleStore, run: Run, nameless: Values | Rejection
) -> None:
    put(store, *map(values, range(10)))
    source = Given([*map(values, range(9)), nameless])
    report = run(source, apply=True)
    assert "1 records were rejected that name no id" in str(report.refusal)
    assert "a-9" in titles(store)
    assert run(source, apply=True, force=True).deleted == 1


def test_what_is_stored_or_changed_meanwhile_is_not_deleted(store: ArticleStore, run: Run) -> None:
    put(store, *map(values, range(20)))
    given = [*map(values, range(18))]

    def meanwhile() -> None:
        put(store, values(18, "茶会"), values(30))

    report = run(Given(given, between=meanwhile), apply=True)
    assert (report.orphaned.ids, report.deleted) == (("a-18", "a-19"), 1)
    assert {"a-18", "a-30"} <= set(titles(store))


@pytest.mark.parametrize(
    ("only", "orphaned"),
    [
        (None, ("a-1", "a-2", "a-3")),
        ("site=门户", ("a-1",)),
        ("source=云溪日报", ("a-2",)),
        ("channel=地方", ("a-1", "a-3")),
        ("channel=地方/集市", ("a-3",)),
    ],
)
def test_only_articles_that_belong_to_the_source_can_be_orphaned(
    store: ArticleStore, run: Run, only: str | None, orphaned: tuple[str, ...]
) -> None:
    put(
        store,
        values(1, site="门户", channel="地方"),
        values(2, source="云溪日报", channel="地方志"),
        values(3, channel="地方/集市"),
    )
    report = run(Given([values(4)]), only)
    assert (report.orphaned.ids, report.missing.ids) == (orphaned, ("a-4",))


@pytest.mark.parametrize("only", ["", "site", "site=", "title=集市", "=门户"])
def test_what_belongs_to_a_source_is_said_in_one_form(only: str) -> None:
    with pytest.raises(InvalidSetting, match="must be FIELD=VALUE"):
        read_only(only)


def test_the_first_ids_are_named_and_the_others_counted(store: ArticleStore, run: Run) -> None:
    put(store, *map(values, range(25)))
    lines = run(Given([values(99)])).lines()
    assert lines[0] == (
        "read 1, compared with 25 articles of the store: 0 same, 1 missing, 0 stale, 25 orphaned, 0 rejected"
    )
    assert lines[1] == "missing: a-99"
    assert lines[2].startswith("orphaned: a-0, a-1, ")
    assert lines[2].endswith(f"a-{MAX_REPORTED - 1} and 5 more")

"""What becomes of each changed article: its result and revision, conditions, and that nothing is changed if one fails."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from indexer.article import Article
from indexer.errors import ConditionFailed
from indexer.store.articles import ArticleStore
from indexer.store.changing import Condition, Result, Stored
from tests.databases import DATABASES
from tests.factories import article

pytestmark = pytest.mark.databases(*DATABASES)


def _state(store: ArticleStore) -> list[object]:
    """All that a change could change."""
    return [store.revision(), store.count(), *store.changes()]


def test_each_article_has_its_result_and_revision_in_the_order_given(store: ArticleStore) -> None:
    assert store.put([article("b"), article("a")]) == (
        Stored("b", "created", 1),
        Stored("a", "created", 2),
    )
    assert store.put([article("a"), article("c"), article("b", title="新题")]) == (
        Stored("a", "unchanged", 2),
        Stored("c", "created", 3),
        Stored("b", "updated", 4),
    )


def test_several_articles_of_one_id_count_one_after_another_and_share_the_revision(
    store: ArticleStore,
) -> None:
    versions = [article("a", title=title) for title in ("一", "一", "二")]
    assert store.put([versions[0], article("b"), *versions[1:]]) == (
        Stored("a", "created", 1),
        Stored("b", "created", 2),
        Stored("a", "unchanged", 1),
        Stored("a", "updated", 1),
    )
    there_and_back = store.put([versions[0], versions[2]])
    assert there_and_back == (Stored("a", "updated", 1), Stored("a", "updated", 1))
    assert store.revision() == 2


def test_a_deleted_article_keeps_the_revision_of_its_tombstone(store: ArticleStore) -> None:
    store.put([article("a"), article("b")])
    assert store.delete(["b", "nobody", "a"]) == (
        Stored("b", "deleted", 3),
        Stored("nobody", "absent", 0),
        Stored("a", "deleted", 4),
    )
    assert store.delete(["a", "b"]) == (Stored("a", "absent", 4), Stored("b", "absent", 3))
    assert store.withdraw(["a"]) == (Stored("a", "absent", 4),)
    assert store.put([article("a")]) == (Stored("a", "created", 5),)


def test_a_withdrawn_article_differs_in_its_status_only(store: ArticleStore) -> None:
    store.put([article("a", tags=["集市"]), article("b", body="另一篇。", status="draft")])
    assert store.withdraw(["b", "nobody", "a"]) == (
        Stored("b", "updated", 3),
        Stored("nobody", "absent", 0),
        Stored("a", "updated", 4),
    )
    assert store.get("a") == article("a", tags=["集市"], status="withdrawn")
    assert store.withdraw(["a"]) == (Stored("a", "unchanged", 4),)
    assert store.put([article("a", tags=["集市"])]) == (Stored("a", "updated", 5),)


def test_an_id_that_is_named_twice_is_removed_once(store: ArticleStore) -> None:
    store.put([article("a")])
    assert store.withdraw(["a", "a"]) == (Stored("a", "updated", 2),)
    assert store.delete(["a", "a"]) == (Stored("a", "deleted", 3),)


HOLDING: list[tuple[Condition, bool]] = [
    (1, True),
    (2, False),
    (0, False),
    ("present", True),
    ("absent", False),
]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(("when", "holds"), HOLDING)
@pytest.mark.parametrize("change", ["put", "withdraw", "delete"])
def test_a_condition_decides_whether_an_article_is_changed(
    store: ArticleStore, change: str, when: Condition, *, holds: bool
) -> None:
    store.put([article("a")])
    before = _state(store)

    def make() -> tuple[Stored, ...]:
        if change == "put":
            return store.put([article("a", title="新题")], when=when)
        return (store.withdraw if change == "withdraw" else store.delete)(["a"], when=when)

    if holds:
        result: Result = "deleted" if change == "delete" else "updated"
        assert make() == (Stored("a", result, 2),)
        return
    with pytest.raises(ConditionFailed) as caught:
        make()
    assert (caught.value.article_id, caught.value.wanted, caught.value.found) == ("a", when, 1)
    assert "'a' is at revision 1" in str(caught.value)
    assert _state(store) == before


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("when", "holds"), [(1, False), (2, False), ("present", False), ("absent", True)]
)
@pytest.mark.parametrize("deleted", [False, True])
def test_a_condition_of_an_article_that_does_not_exist(
    store: ArticleStore, when: Condition, *, holds: bool, deleted: bool
) -> None:
    if deleted:
        store.put([article("a")])
        store.delete(["a"])
    before = _state(store)
    if holds:
        assert store.put([article("a")], when=when) == (Stored("a", "created", 1 + 2 * deleted),)
        return
    with pytest.raises(ConditionFailed, match="'a' does not exist") as caught:
        store.put([article("a")], when=when)
    assert caught.value.found is None
    assert _state(store) == before


@pytest.mark.parametrize("when", [1, 99, "present", "absent"])
def test_a_change_that_is_made_already_needs_no_condition(
    store: ArticleStore, when: Condition
) -> None:
    store.put([article("a", status="withdrawn"), article("b")])
    store.delete(["b"])
    before = _state(store)
    assert store.put([article("a", status="withdrawn")], when=when) == (
        Stored("a", "unchanged", 1),
    )
    assert store.withdraw(["a"], when=when) == (Stored("a", "unchanged", 1),)
    assert store.delete(["b", "nobody"], when=when) == (
        Stored("b", "absent", 3),
        Stored("nobody", "absent", 0),
    )
    assert store.withdraw(["b"], when=when) == (Stored("b", "absent", 3),)
    assert _state(store) == before


def test_a_condition_that_fails_in_the_middle_changes_nothing(store: ArticleStore) -> None:
    store.put([article("b"), article("d")])
    before = _state(store)
    with pytest.raises(ConditionFailed, match="'b' is at revision 1, and must be absent"):
        store.put([article("a"), article("b", title="新题"), article("c")], when="absent")
    with pytest.raises(ConditionFailed, match="'b' is at revision 1, and must be at revision 2"):
        store.delete(["d", "nobody", "b"], when=2)
    with pytest.raises(ConditionFailed, match="'b' is at revision 1, and must be at revision 2"):
        store.withdraw(["d", "b"], when=2)
    assert _state(store) == before


@dataclass(frozen=True)
class _Step:
    """One change of a history: ``what`` are titles to put, or None to remove."""

    how: str
    ids: list[str]
    title: str
    when: Condition | None


_IDS = "abc"
_step = st.builds(
    _Step,
    how=st.sampled_from(["put", "withdraw", "delete"]),
    ids=st.lists(st.sampled_from(_IDS), min_size=1, max_size=4),
    title=st.sampled_from(["甲", "乙"]),
    when=st.sampled_from([None, None, None, "present", "absent", 1, 2, 3]),
)


class _Model:
    """A store that is a dictionary of articles and one of revisions. Changes work one after another."""

    def __init__(self) -> None:
        self.last = 0
        self.articles: dict[str, Article] = {}
        self.revisions: dict[str, int] = {}

    @staticmethod
    def _holds(when: Condition, found: int | None) -> bool:
        if when == "present":
            return found is not None
        if when == "absent":
            return found is None
        return found == when

    def apply(self, wanted: list[tuple[str, Article | None]], when: Condition | None) -> None:
        """Make all of the changes, or raise ConditionFailed and make none."""
        final = dict(wanted)
        changed = [each for each in final if self.articles.get(each) != final[each]]
        for each in changed:
            found = self.revisions[each] if each in self.articles else None
            if when is not None and not self._holds(when, found):
                raise ConditionFailed(each, when, found)
        for each in changed:
            self.last += 1
            self.revisions[each] = self.last
            if (article := final[each]) is None:
                del self.articles[each]
            else:
                self.articles[each] = article


@pytest.mark.databases("sqlite")
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example([_Step("put", ["a"], "甲", None), _Step("put", ["a", "b"], "乙", 1)])
@given(steps=st.lists(_step, max_size=8))
def test_any_history_ends_as_in_a_plain_dictionary(store: ArticleStore, steps: list[_Step]) -> None:
    store.delete(_IDS)
    model = _Model()
    begin = model.last = store.revision()
    model.revisions = {each.article_id: each.revision for each in store.changes()}
    for step in steps:
        when = step.when if not isinstance(step.when, int) else begin + step.when
        if step.how == "put":  # each has a body of its own, for duplicates would take revisions too
            wanted: list[tuple[str, Article | None]] = [
                (each, article(each, title=step.title, body=f"第{each}篇")) for each in step.ids
            ]
        elif step.how == "delete":
            wanted = [(each, None) for each in dict.fromkeys(step.ids)]
        else:
            there = [each for each in dict.fromkeys(step.ids) if each in model.articles]
            title = {each: model.articles[each].title for each in there}
            wanted = [
                (each, article(each, title=title[each], body=f"第{each}篇", status="withdrawn"))
                for each in there
            ]
        before = dict(model.articles)
        failed = False
        try:
            model.apply(wanted, when)
        except ConditionFailed:
            failed = True
        try:
            done = _change(store, step, [made for _, made in wanted if made], when)
        except ConditionFailed:
            assert failed
        else:
            assert not failed
            for each in done:
                assert each.revision == model.revisions.get(each.article_id, 0)
                assert each.result in _results(step.how, each.article_id in before)
        assert store.revision() == model.last
        for article_id in _IDS:
            held = model.articles.get(article_id)
            assert store.find(article_id) == (held and (held, model.revisions[article_id]))


def _change(
    store: ArticleStore, step: _Step, articles: list[Article], when: Condition | None
) -> tuple[Stored, ...]:
    if step.how == "put":
        return store.put(articles, when=when)
    return (store.withdraw if step.how == "withdraw" else store.delete)(step.ids, when=when)


def _results(how: str, existed: bool) -> set[str]:
    """What may become of an article. A second version of the same id in one put finds the first one."""
    if how == "put":
        return {"updated", "unchanged"} | (set() if existed else {"created"})
    if how == "delete":
        return {"deleted"} if existed else {"absent"}
    return {"updated", "unchanged"} if existed else {"absent"}

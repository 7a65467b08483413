"""From a record to an article, or to a rejection; keys renamed on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from indexer.article import FIELDS, Article
from indexer.clean import clean, id_of, unused_keys
from indexer.errors import InvalidSetting
from indexer.fields import Made
from indexer.reading import Deletion, Reading, read_deletion, read_mapping
from indexer.records import Record, Rejection, Removal

SHANGHAI = ZoneInfo("Asia/Shanghai")


def _record(**values: object) -> Record:
    return Record("news.jsonl:7", {"id": "a-1", "title": "雨后的集市"} | values, "the raw line")


def _clean(record: Record, **mapping: str) -> Article:
    made = clean(record, Reading(timezone=SHANGHAI, mapping=mapping))
    assert isinstance(made, Made), made
    return made.article


def test_a_good_record_becomes_an_article() -> None:
    made = _clean(_record(body="正文", channel="地方", published_at="2025-01-02"))
    assert (made.id, made.body, made.channel) == ("a-1", "正文", "地方")
    assert made.published_at == datetime(2025, 1, 1, 16, 0, tzinfo=UTC)


def test_a_bad_record_is_rejected_with_its_place_its_field_and_its_line() -> None:
    rejected = clean(_record(published_at="昨天"), Reading(timezone=SHANGHAI, strict=True))
    assert isinstance(rejected, Rejection)
    assert rejected.where == "news.jsonl:7"
    assert rejected.why.startswith("published_at: '昨天' is not a date")
    assert rejected.raw == "the raw line"


def test_a_fault_in_a_side_field_costs_the_field_and_is_noted() -> None:
    made = clean(_record(published_at="昨天", tags=["茶会"]), Reading(timezone=SHANGHAI))
    assert isinstance(made, Made)
    assert (made.article.published_at, made.article.tags) == (None, ("茶会",))
    assert [each.name for each in made.notes] == ["published_at dropped"]
    assert "昨天" in made.notes[0].why


def test_a_hook_changes_a_record_drops_it_or_rejects_it() -> None:
    def tidy(values: dict[str, object]) -> Mapping[str, object] | None:
        if values.get("channel") == "广告":
            return None
        if not values.get("author"):
            raise ValueError("who wrote this?")
        return values | {"source": "云溪日报"}

    reading = Reading(timezone=SHANGHAI, mapping={"category": "channel"}, hook=tidy)
    made = clean(_record(author="何一苇"), reading)
    assert isinstance(made, Made)
    assert made.article.source == "云溪日报"
    assert clean(_record(category="广告"), reading) is None
    rejected = clean(_record(), reading)
    assert isinstance(rejected, Rejection)
    assert rejected.why == "the hook says: who wrote this?"


@pytest.mark.parametrize(
    ("hook", "why"),
    [
        (lambda values: values["nowhere"], "the hook says: KeyError: 'nowhere'"),
        (lambda: None, "the hook says: TypeError: "),
        (lambda values: [*values], "the hook says: returned list, not the values or None"),
    ],
)
def test_a_faulty_hook_costs_the_record(hook: Any, why: str) -> None:
    rejected = clean(_record(), Reading(timezone=SHANGHAI, hook=hook))
    assert isinstance(rejected, Rejection)
    assert rejected.why.startswith(why)


def test_categories_become_channels() -> None:
    reading = Reading(timezone=SHANGHAI, channels={"国内新闻": "时政/国内", "a/b": "甲/乙"})
    made = clean(_record(channel=" 国内新闻", channels=["a / b", "体育"]), reading)
    assert isinstance(made, Made)
    assert (made.article.channel, made.article.channels) == ("时政/国内", ("甲/乙", "体育"))


def test_a_mapped_key_fills_its_field() -> None:
    made = _clean(
        _record(category="地方/集市", writer="何一苇"), category="channel", writer="author"
    )
    assert (made.channel, made.author) == ("地方/集市", "何一苇")


@pytest.mark.parametrize("mapped_first", [True, False])
def test_a_mapped_key_wins_over_the_fields_own(mapped_first: bool) -> None:
    keys = {"category": "映射", "channel": "原有"}
    values = keys if mapped_first else dict(reversed(keys.items()))
    assert _clean(_record(**values), category="channel").channel == "映射"


@pytest.mark.parametrize("empty", [{}, {"category": None}, {"category": ""}, {"category": []}])
def test_a_mapped_key_that_holds_nothing_leaves_the_fields_own(empty: Mapping[str, object]) -> None:
    assert _clean(_record(channel="原有", **empty), category="channel").channel == "原有"


def test_of_several_keys_for_one_field_the_first_that_holds_something_wins() -> None:
    mapping = {"category": "channel", "section": "channel", "desk": "channel"}
    record = _record(category="", section="二", desk="三")
    assert _clean(record, **mapping).channel == "二"


def test_fields_may_change_places() -> None:
    made = _clean(_record(title="甲", lead="乙"), title="lead", lead="title")
    assert (made.title, made.lead) == ("乙", "甲")


def test_a_mapped_value_of_the_wrong_kind_is_rejected() -> None:
    reading = Reading(timezone=UTC, mapping={"category": "channel"}, strict=True)
    rejected = clean(_record(category={"a": 1}), reading)
    assert isinstance(rejected, Rejection)
    assert rejected.why == "channel: must be text, not dict"


def test_a_record_is_not_changed_by_cleaning() -> None:
    record = _record(category="地方")
    before = dict(record.values)
    _clean(record, category="channel")
    assert record.values == before


def test_a_mapping_is_read_from_what_is_typed() -> None:
    assert read_mapping([]) == {}
    assert read_mapping(["category=channel", " a=b = title "]) == {
        "category": "channel",
        "a=b": "title",
    }


@pytest.mark.parametrize("text", ["category", "=channel", "category=", "", " = "])
def test_a_mapping_without_two_sides_is_refused(text: str) -> None:
    with pytest.raises(InvalidSetting, match="must be KEY=FIELD, such as category=channel"):
        read_mapping([text])


def test_a_key_may_be_mapped_once() -> None:
    with pytest.raises(InvalidSetting, match="key 'category' is mapped twice"):
        read_mapping(["category=channel", "category=tags"])


def test_an_unknown_field_is_refused_and_the_fields_are_named() -> None:
    with pytest.raises(InvalidSetting) as caught:
        Reading(timezone=SHANGHAI, mapping={"category": "chanel"})
    assert "category=chanel" in str(caught.value)
    assert all(name in str(caught.value) for name in FIELDS)


def test_keys_that_nobody_reads_are_told() -> None:
    record = _record(category="地方", reads=12, 备注="无")
    assert unused_keys(record, Reading(timezone=SHANGHAI, mapping={"category": "channel"})) == {
        "reads",
        "备注",
    }


DELETED = Reading(timezone=SHANGHAI, deleted=Deletion("gone"), mapping={"number": "id"})


@pytest.mark.parametrize(
    "yes", [1, True, "1", "t", "true", "Y", "是", "deleted", "2025-01-01 00:00:00", 0.5, "已删除"]
)
def test_a_record_that_says_so_is_a_removal_of_its_article(yes: object) -> None:
    record = Record("news.jsonl:7", {"number": 17, "gone": yes}, "the raw line")
    assert clean(record, DELETED) == Removal("news.jsonl:7", "17", "delete")


@pytest.mark.parametrize(
    "no",
    [
        *(None, "", "  ", 0, 0.0, False, "0", "0.0", "f", "F", "false", "No", "n", "off", "NULL"),
        *("\\N", "否", "0000-00-00 00:00:00", "0000-00-00T00:00:00Z", "00000000", "\x00", [], "-"),
    ],
)
def test_a_record_that_says_no_or_nothing_is_an_article(no: object) -> None:
    assert isinstance(clean(_record(gone=no), DELETED), Made)


STATUSES: dict[str, tuple[list[object], list[object]]] = {
    "status=trash": (["trash", "Trash", " trash "], ["publish", "draft", "", None, "trashed"]),
    "arcrank=-2": ([-2, "-2", -2.0], [0, -1, 2, "0", None]),
    "status=9, 100": ([9, "9", 9.0, 100], [1, 0, 99, 9.5, True, "9.5", "09"]),
    "状态=已删除，删除,下线": (
        ["已删除", "删除", "下线"],
        ["未删除", "正常", "已发布", "上线", None, 1],
    ),
    "shown=false": ([False, "false", "FALSE"], [True, "true", 0, None]),
    "shown=0": ([False, 0, "0", 0.0], [True, 1, None, ""]),
    "checked=1": ([True, 1, "1"], [False, 0, None]),
}


@pytest.mark.parametrize("text", STATUSES)
def test_the_values_of_a_status_that_mean_deleted_can_be_named(text: str) -> None:
    deletion = read_deletion(text)
    reading = Reading(timezone=SHANGHAI, deleted=deletion)
    deleted, there = STATUSES[text]
    for each in deleted:
        found = clean(_record(**{deletion.key: each}), reading)
        assert found == Removal("news.jsonl:7", "a-1", "delete"), each
    for each in there:
        assert isinstance(clean(_record(**{deletion.key: each}), reading), Made), each


def test_a_status_that_says_what_is_deleted_says_what_is_a_draft_only_in_our_words() -> None:
    reading = Reading(timezone=SHANGHAI, deleted=read_deletion("status=9"))
    for given, status in {1: "published", "draft": "draft", "正常": "published"}.items():
        made = clean(_record(status=given), reading)
        assert isinstance(made, Made)
        assert made.article.status == status
    hooked = replace(reading, hook=lambda values: {**values, "status": "misspelt"})
    assert isinstance(clean(_record(status=1), hooked), Rejection)
    assert isinstance(clean(_record(status=1), replace(reading, deleted=Deletion("x"))), Rejection)


@pytest.mark.parametrize("text", ["=9", " = trash", "status=", "status=9,", "status= , "])
def test_a_status_without_a_key_or_a_value_is_refused(text: str) -> None:
    with pytest.raises(InvalidSetting, match="KEY=VALUE,VALUE"):
        read_deletion(text)


def test_the_id_of_a_removal_is_that_of_its_article() -> None:
    url = {"url": "https://portal.example/1.html", "title": "雨"}
    article = clean(Record("", url, ""), DELETED)
    assert isinstance(article, Made)
    removal = clean(Record("", {**url, "gone": 1}, ""), DELETED)
    assert removal == Removal("", article.article.id, "delete")
    hooked = replace(DELETED, hook=lambda values: {"id": f"site-{values['id']}"})
    assert clean(Record("", {"number": 1, "gone": 1}, ""), hooked) == Removal(
        "", "site-1", "delete"
    )


def test_a_removal_without_an_id_is_rejected() -> None:
    rejected = clean(Record("news.jsonl:7", {"gone": 1}, "the raw line"), DELETED)
    assert isinstance(rejected, Rejection)
    assert "id: missing" in rejected.why


def test_a_rejected_record_may_still_name_its_id() -> None:
    assert id_of(Record("", {"number": 17, "title": ""}, ""), DELETED) == "17"
    assert id_of(Record("", {"title": "雨"}, ""), DELETED) is None


def test_the_key_of_the_deleted_is_used() -> None:
    assert unused_keys(_record(gone=0, reads=1), DELETED) == {"reads"}

"""The fields of an article that are more than text: times, channels, lists, status, attributes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from indexer.article import (
    MAX_CHANNEL_DEPTH,
    MAX_LINE,
    MAX_VALUES,
    Article,
    all_channels,
    channel_ancestry,
    channel_path,
)
from indexer.errors import InvalidArticle
from indexer.fields import make_article, read_article
from indexer.reading import Reading
from indexer.times import read_time

SHANGHAI = ZoneInfo("Asia/Shanghai")
TIMES = ("published_at", "updated_at", "expires_at")
LISTS = ("channels", "tags")


def _make(**values: object) -> Article:
    return make_article({"id": "a-1", "title": "题"} | values, timezone=SHANGHAI)


def _refused(**values: object) -> InvalidArticle:
    with pytest.raises(InvalidArticle) as caught:
        _make(**values)
    return caught.value


class TestTimes:
    @pytest.mark.parametrize("name", TIMES)
    @pytest.mark.parametrize(
        "text",
        [
            "2023-10-19T08:05:00+08:00",
            "2023-10-19T08:05:00+0800",
            "2023-10-19T00:05:00Z",
            "2023-10-19T00:05:00.250Z",
            "2023-10-18T19:05-05:00",
            "2023-10-19 08:05",
            " 2023/10/19 8:05 ",
            "2023.10.19 8:05:00",
            "2023年10月19日 8:05",
            "2023年10月19日8时5分",
            "2023年10月19日 8时5分0秒",
        ],
    )
    def test_dates_as_portals_write_them_are_one_point_in_time(self, name: str, text: str) -> None:
        assert getattr(_make(**{name: text}), name) == datetime(2023, 10, 19, 0, 5, tzinfo=UTC)

    def test_a_date_is_its_midnight_in_the_zone(self) -> None:
        midnight = datetime(2023, 10, 18, 16, 0, tzinfo=UTC)
        for text in ("2023-10-19", "2023/10/19", "2023年10月19日", "2023-10-19T00:00"):
            found = read_time(text, timezone=SHANGHAI)
            assert found is not None
            assert found.at == midnight
        found = read_time("2023-10-19", timezone=UTC)
        assert found is not None
        assert found.at == datetime(2023, 10, 19, tzinfo=UTC)

    def test_times_are_kept_in_utc(self) -> None:
        published = _make(published_at="2023-10-19T08:05:00+08:00").published_at
        assert published is not None
        assert published.tzinfo is UTC

    @pytest.mark.parametrize("nothing", [None, ""])
    def test_nothing_is_no_time(self, nothing: object) -> None:
        assert _make(published_at=nothing).published_at is None

    def test_a_time_may_be_given_as_one(self) -> None:
        naive = datetime(2023, 10, 19, 8, 5)
        expected = datetime(2023, 10, 19, 0, 5, tzinfo=UTC)
        assert _make(published_at=naive).published_at == expected
        aware = naive.replace(tzinfo=timezone(timedelta(hours=8)))
        assert _make(published_at=aware).published_at == expected

    @pytest.mark.parametrize("name", TIMES)
    @pytest.mark.parametrize(
        "text",
        [
            "昨天",
            "2023-13-01",
            "2023-02-30",
            "2023-10-19 24:00",
            "2023-10-19 08:60",
            "2023-10-19 08:05 晚",
            "2023-10",
            "23-10-19",
            "2023-10-19T08:05:00+99:99",
        ],
    )
    def test_what_is_no_date_is_refused(self, name: str, text: str) -> None:
        assert _refused(**{name: text}).field == name

    def test_a_refused_date_is_shown_with_what_it_lacks(self) -> None:
        assert _refused(published_at="昨天").why == (
            "'昨天' is not a date: it depends on when it was written; write the day itself"
        )
        assert "x" * 50 not in _refused(published_at="x" * 500).why

    @pytest.mark.parametrize("text", ["1899-12-31", "2200-01-01", "0001-01-02"])
    def test_years_that_no_article_has_are_refused(self, text: str) -> None:
        assert "is outside 1900 to 2199" in _refused(published_at=text).why

    @pytest.mark.parametrize("time", [datetime.min, datetime.max.replace(tzinfo=timezone.min)])
    def test_years_that_no_article_has_are_refused_in_a_time_too(self, time: datetime) -> None:
        assert "is outside 1900 to 2199" in _refused(published_at=time).why

    @pytest.mark.parametrize("value", [True, ["2023-10-19"], {"year": 2023}])
    def test_other_kinds_are_no_time(self, value: object) -> None:
        refused = _refused(published_at=value)
        assert refused.why == f"must be a date as text or as a number, not {type(value).__name__}"

    @pytest.mark.parametrize(
        ("value", "note"),
        [
            ("2023-10-19T08:05:00+08:00", ()),
            ("Thu, 19 Oct 2023 00:05:00 GMT", ("published_at read as rfc 2822",)),
            (1697673900, ("published_at read as epoch seconds",)),
            ("2023年10月19日 8:05", ("published_at read as chinese",)),
            ("0000-00-00 00:00:00", ()),
        ],
    )
    def test_other_spellings_than_iso_are_noted(self, value: object, note: tuple[str, ...]) -> None:
        made, notes = read_article(
            {"id": "a-1", "title": "题", "published_at": value}, Reading(timezone=SHANGHAI)
        )
        assert tuple(each.name for each in notes) == note
        expected = datetime(2023, 10, 19, 0, 5, tzinfo=UTC)
        assert made.published_at == (None if str(value).startswith("0000") else expected)

    def test_the_setting_tells_day_from_month(self) -> None:
        values = {"id": "a-1", "title": "题", "published_at": "11/12/2023"}
        assert "SEARCH_DATE_ORDER" in _refused(**values).why
        reading = Reading(timezone=SHANGHAI, order="day-month")
        assert read_article(values, reading).article.published_at == datetime(
            2023, 12, 10, 16, tzinfo=UTC
        )


class TestChannels:
    def test_a_channel_is_a_clean_path(self) -> None:
        assert _make(channel=" /情感 /  亲  子//故事/ ").channel == "情感/亲 子/故事"
        assert channel_path("") == channel_path(" / / ") == ""

    def test_a_channel_has_a_depth(self) -> None:
        path = "/".join("甲" * MAX_CHANNEL_DEPTH)
        assert _make(channel=path).channel == path
        refused = _refused(channel=f"{path}/乙")
        assert (refused.field, refused.why) == (
            "channel",
            f"deeper than {MAX_CHANNEL_DEPTH} levels",
        )
        assert _refused(channels=[f"{path}/乙"]).field == "channels"

    def test_a_channel_has_a_length(self) -> None:
        assert _refused(channel="字" * (MAX_LINE + 1)).why == f"longer than {MAX_LINE} characters"

    def test_secondary_channels_are_paths_without_repeats(self) -> None:
        assert _make(channels=["文化/ 戏", "", "文化/戏", "地方"]).channels == ("文化/戏", "地方")

    def test_a_channel_lies_in_its_ancestors(self) -> None:
        assert channel_ancestry("情感/故事/亲子") == ("情感", "情感/故事", "情感/故事/亲子")
        assert channel_ancestry("") == ()

    def test_an_article_stands_in_all_its_channels_and_their_ancestors_once(self) -> None:
        made = _make(channel="情感/故事", channels=["情感/亲子", "文化"])
        assert all_channels(made) == ("情感", "情感/故事", "情感/亲子", "文化")
        assert all_channels(_make()) == ()


class TestLists:
    @pytest.mark.parametrize("name", LISTS)
    def test_one_text_is_a_list_of_one(self, name: str) -> None:
        assert getattr(_make(**{name: "花鼓"}), name) == ("花鼓",)

    @pytest.mark.parametrize("name", LISTS)
    @pytest.mark.parametrize("nothing", [None, "", [], ["", "  "]])
    def test_nothing_is_an_empty_list(self, name: str, nothing: object) -> None:
        assert getattr(_make(**{name: nothing}), name) == ()

    def test_tags_keep_their_order_and_lose_repeats(self) -> None:
        assert _make(tags=["集市", " 花  鼓 ", "集市", ""]).tags == ("集市", "花 鼓")

    @pytest.mark.parametrize("name", LISTS)
    @pytest.mark.parametrize(
        ("value", "why"),
        [
            ({"a": 1}, "must be a list of texts, not dict"),
            (5, "must be a list of texts, not int"),
            (["a", 5], "must hold texts, not int"),
            ([None], "must hold texts, not NoneType"),
            (["x"] * (MAX_VALUES + 1), f"more than {MAX_VALUES} values: only the first count"),
            (["字" * (MAX_LINE + 1)], f"a value is longer than {MAX_LINE} characters"),
        ],
    )
    def test_a_bad_list_is_refused(self, name: str, value: object, why: str) -> None:
        refused = _refused(**{name: value})
        assert (refused.field, refused.why) == (name, why)

    @pytest.mark.parametrize(
        ("text", "values"),
        [
            ("花鼓,集市，溪口", ("花鼓", "集市", "溪口")),
            ("花鼓、集市；溪口|河湾", ("花鼓", "集市", "溪口", "河湾")),
            ("花鼓 集市", ("花鼓", "集市")),
            ("New York, 花鼓 戏", ("New York", "花鼓 戏")),
            ("New York", ("New York",)),
            ('["花鼓", "集市"]', ("花鼓", "集市")),
            ("[花鼓]", ("[花鼓]",)),
            (",", ()),
        ],
    )
    def test_one_text_is_parted_as_people_write_lists(
        self, text: str, values: tuple[str, ...]
    ) -> None:
        assert _make(tags=text).tags == values

    @pytest.mark.parametrize("name", LISTS)
    def test_a_list_may_have_the_limit(self, name: str) -> None:
        values = [str(number) for number in range(MAX_VALUES)]
        assert getattr(_make(**{name: values}), name) == tuple(values)


class TestStatus:
    @pytest.mark.parametrize("status", ["published", "draft", "withdrawn"])
    def test_a_status_is_kept(self, status: str) -> None:
        assert _make(status=status).status == status

    @pytest.mark.parametrize("nothing", [None, ""])
    def test_nothing_is_published(self, nothing: object) -> None:
        assert _make(status=nothing).status == "published"

    @pytest.mark.parametrize("status", ["Published", "deleted", 1, True, ["published"], {"a": 1}])
    def test_another_status_is_refused_and_the_right_ones_are_named(self, status: object) -> None:
        refused = _refused(status=status)
        assert refused.field == "status"
        assert refused.why == f"{status!r} is none of published, draft, withdrawn"

    @pytest.mark.parametrize("status", [0, False, []])
    def test_a_status_of_another_kind_is_never_published(self, status: object) -> None:
        assert _refused(status=status).field == "status"


class TestAttributes:
    def test_texts_and_numbers_are_kept(self) -> None:
        given = {"reads": 12, "weight": -0.5, "desk": "夜班", "a.b_c~d-1": 0, "low": -(2**63)}
        assert _make(attributes=given).attributes == given

    @pytest.mark.parametrize("nothing", [None, {}])
    def test_nothing_is_no_attributes(self, nothing: object) -> None:
        assert _make(attributes=nothing).attributes == {}

    def test_attributes_are_the_articles_own(self) -> None:
        given = {"reads": 12}
        made = _make(attributes=given)
        given["reads"] = 13
        assert made.attributes == {"reads": 12}

    @pytest.mark.parametrize(
        ("value", "why"),
        [
            ([], "must be an object, not list"),
            ("x", "must be an object, not str"),
            (
                {str(number): 1 for number in range(MAX_VALUES + 1)},
                f"more than {MAX_VALUES} values: only the first count",
            ),
            ({"": 1}, "name ''"),
            ({"阅读": 1}, "name '阅读'"),
            ({"a b": 1}, "name 'a b'"),
            ({1: 1}, "name 1"),
            ({"a": True}, "a must be a text or a number"),
            ({"a": None}, "a must be a text or a number"),
            ({"a": [1]}, "a must be a text or a number"),
            ({"a": {"b": 1}}, "a must be a text or a number"),
            ({"a": float("nan")}, "a must be a finite number"),
            ({"a": float("inf")}, "a must be a finite number"),
            ({"a": float("-inf")}, "a must be a finite number"),
            ({"a": "字" * (MAX_LINE + 1)}, f"a is longer than {MAX_LINE} characters"),
        ],
    )
    def test_bad_attributes_are_refused(self, value: object, why: str) -> None:
        refused = _refused(attributes=value)
        assert refused.field == "attributes"
        assert refused.why.startswith(why)

    @pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**30])
    def test_a_whole_number_beyond_64_bits_is_refused(self, number: int) -> None:
        assert _refused(attributes={"a": number}).field == "attributes"

"""Points in time: every usual spelling is read, and nothing that a spelling leaves open is filled in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.times import FIRST_YEAR, LAST_YEAR, MAX_LENGTH, Order, Time, read_time

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIVE_PAST_TEN = datetime(2023, 11, 24, 2, 5, tzinfo=UTC)
MIDNIGHT = datetime(2023, 11, 23, 16, 0, tzinfo=UTC)


def _read(value: object, order: Order | None = None) -> Time:
    time = read_time(value, timezone=SHANGHAI, order=order)
    assert time is not None
    return time


def _why(value: object) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        read_time(value, timezone=SHANGHAI)
    return str(caught.value)


class TestSpellings:
    @pytest.mark.parametrize(
        ("text", "form"),
        [
            ("2023-11-24 10:05", "iso"),
            ("2023-11-24 10:05:00+08", "iso"),
            ("2023-11-24 10:05:00+0800", "iso"),
            ("2023-11-24 10:05:00 +08:00", "iso"),
            ("2023-11-24T10:05:00.123456789+08:00", "iso"),
            ("2023-11-24T02:05:00,250Z", "iso"),
            ("2023-11-24t02:05z", "iso"),
            ("2023-11-24T10:05+08:00[Asia/Shanghai]", "iso"),
            ("2023-11-23 21:05:00 −0500", "iso"),
            ("2023-11-24 10:05:00 GMT+8", "iso"),
            ("2023-11-24 10:05 UTC+08:00", "iso"),
            ("2023-11-24 10:05（GMT+8）", "iso"),
            ("2023-11-24 02:05:00 UTC", "iso"),
            ("2023-11-24 11:05 JST", "iso"),
            ("2023-11-24 10:05 北京时间", "iso"),
            ("2023-11-24 10:05:00 +0800 CST", "iso"),
            ("2023–11–24 10:05", "iso"),
            ("2023-11-24 10:05:00 AM", "iso"),
            ("2023-11-24 - 10:05", "iso"),
            ("2023-11-2410:05", "iso"),
            ("10:05 2023-11-24", "iso"),
            ("2023-11-24, Friday, 10:05", "iso"),
            ("2023-11-24 星期五 10:05:00", "iso"),
            ("\u200e2023\u200e-\u200e11\u200e-\u200e24\u200e 10:05", "iso"),
            ("２０２３－１１－２４　１０：０５", "iso"),
            ("2023/11/24 10:05", "slashes"),
            ("2023 / 11 / 24 10:05", "slashes"),
            ("2023/11/24 AM 10:05", "slashes"),
            ("2023/11/24 上午 10:05:00", "slashes"),
            ("2023/11/24 週五 上午10點05分", "slashes"),
            ("2023.11.24 10:05", "dots"),
            ("2023. 11. 24 10:05", "dots"),
            ("2023 11 24 10:05", "blanks"),
            ("20231124 10:05:00", "compact"),
            ("20231124100500", "compact"),
            ("202311241005", "compact"),
            ("20231124100500123", "compact"),
            ("20231124T020500Z", "compact"),
            ("20231124-100500", "compact"),
            ("20231124100500.0+0800", "compact"),
            ("2023年11月24日 10:05", "chinese"),
            ("2023年11月24日10:05:00", "chinese"),
            ("2023 年 11 月 24 日 10 时 05 分", "chinese"),
            ("2023年11月24日10时05分00秒", "chinese"),
            ("2023年11月24号 上午10点5分", "chinese"),
            ("2023年11月24日（星期五）10:05", "chinese"),
            ("2023年11月24日 周五 10:05", "chinese"),
            ("2023年11月24日(五) 10:05", "chinese"),
            ("北京时间2023年11月24日10时05分", "chinese"),
            ("二〇二三年十一月二十四日上午十时零五分", "chinese"),
            ("二○二三年十一月廿四日 10:05", "chinese"),
            ("Fri, 24 Nov 2023 10:05:00 +0800", "rfc 2822"),
            ("Fri, 24 Nov 2023 10:05:00 +0800 (CST)", "rfc 2822"),
            ("24 Nov 2023 02:05 GMT", "rfc 2822"),
            ("Fri, 24 Nov 2023 02:05:00 UT", "rfc 2822"),
            ("Thu, 23 Nov 2023 21:05:00 EST", "rfc 2822"),
            ("Thu, 23 Nov 2023 19:05:00 PDT", "rfc 2822"),
            ("Friday, 24-Nov-2023 02:05:00 GMT", "rfc 2822"),
            ("Fri Nov 24 10:05:00 2023", "english"),
            ("Fri Nov 24 02:05:00 UTC 2023", "english"),
            ("Fri Nov 24 2023 10:05:00 GMT+0800 (中国标准时间)", "english"),
            ("Nov 24, 2023 10:05", "english"),
            ("November 24th, 2023 at 10:05 a.m.", "english"),
            ("Friday, November 24, 2023 10:05 AM", "english"),
            ("Nov 24 2023 10:05:00:123AM", "english"),
            ("24th of November 2023, 10:05", "english"),
            ("2023-Nov-24 10:05", "english"),
            ("24/11/2023 10:05", "day first"),
            ("24.11.2023 10:05", "day first"),
            ("11/24/2023 10:05:00 AM", "month first"),
            ("11-24-2023 10:05", "month first"),
            ("1700791500", "epoch seconds"),
            ("1700791500.5", "epoch seconds"),
            ("1700791500123", "epoch milliseconds"),
            ("1700791500123456", "epoch microseconds"),
            ("1700791500123456789", "epoch nanoseconds"),
            ("/Date(1700791500123+0800)/", "epoch milliseconds"),
        ],
    )
    def test_all_are_one_point_in_time(self, text: str, form: str) -> None:
        assert _read(text) == (FIVE_PAST_TEN, form)
        assert _read(f" \n{text}　") == (FIVE_PAST_TEN, form)

    @pytest.mark.parametrize(
        "text",
        [
            *("2023-11-24", "2023/11/24", "2023.11.24", "20231124", "2023年11月24日"),
            *(
                "2023-11-24 星期五",
                "2023年11月24日 周五",
                "2023年11月24",
                "二〇二三年十一月二十四日",
            ),
            *("Nov 24, 2023", "24 Nov 2023", "November 24 2023", "24-NOV-2023", "11/24/2023"),
            *("2023-11-24+08:00", "2023-11-24 北京时间"),
        ],
    )
    def test_a_day_is_its_midnight_in_the_zone(self, text: str) -> None:
        assert _read(text).at == MIDNIGHT

    @pytest.mark.parametrize(
        ("text", "hour", "minute"),
        [
            ("凌晨12:30", 0, 30),
            ("12:30 AM", 0, 30),
            ("凌晨3:30", 3, 30),
            ("上午11点", 11, 0),
            ("中午12:30", 12, 30),
            ("中午1点半", 13, 30),
            ("12:30 PM", 12, 30),
            ("下午3:05", 15, 5),
            ("下午15:05", 15, 5),
            ("三点半", 3, 30),
            ("下午三点整", 15, 0),
            ("晚上8时", 20, 0),
            ("晚上11:59", 23, 59),
            ("10 p.m.", 22, 0),
        ],
    )
    def test_the_part_of_the_day_decides_the_hour(self, text: str, hour: int, minute: int) -> None:
        expected = datetime(2023, 11, 24, hour, minute, tzinfo=SHANGHAI)
        assert _read(f"2023年11月24日 {text}").at == expected

    @pytest.mark.parametrize(
        "text",
        ["上午15:00", "晚上12:30", "晚上1点", "下午0:30", "中午6点", "上午10:00 PM", "0:30 PM"],
    )
    def test_an_hour_against_its_part_of_the_day_is_refused(self, text: str) -> None:
        assert "does not go with its part of the day" in _why(f"2023-11-24 {text}")

    def test_chinese_summer_time_is_known(self) -> None:
        expected = datetime(1988, 7, 1, 1, 0, tzinfo=UTC)
        assert _read("1988年7月1日 10:00 北京时间").at == expected
        assert read_time("1988-07-01 10:00 北京时间", timezone=UTC) == (expected, "iso")


class TestDayAndMonth:
    def test_a_date_with_two_readings_is_refused_with_the_setting_that_decides(self) -> None:
        for text in ("11/12/2023", "11-12-2023 10:05", "1.2.2023"):
            assert "set SEARCH_DATE_ORDER to day-month or month-day" in _why(text)

    def test_the_setting_decides(self) -> None:
        assert _read("11/12/2023", "day-month").at == datetime(2023, 12, 11, tzinfo=SHANGHAI)
        assert _read("11/12/2023", "month-day").at == datetime(2023, 11, 12, tzinfo=SHANGHAI)
        assert _read("11/12/2023", "day-month").form == "day first"
        assert _read("11/12/2023", "month-day").form == "month first"

    @pytest.mark.parametrize("order", [None, "day-month", "month-day"])
    def test_what_is_clear_needs_no_setting(self, order: Order | None) -> None:
        assert _read("11/24/2023", order) == (MIDNIGHT, "month first")
        assert _read("24/11/2023", order) == (MIDNIGHT, "day first")
        assert _read("11/11/2023", order).at == datetime(2023, 11, 11, tzinfo=SHANGHAI)
        assert _read("2023/11/12", order).at == datetime(2023, 11, 12, tzinfo=SHANGHAI)


class TestCentralOrChinaTime:
    @pytest.mark.parametrize(
        "text", ["Fri, 24 Nov 2023 10:05:00 CST", "Fri Nov 24 10:05:00 CST 2023"]
    )
    def test_it_is_local_time_where_local_time_is_called_so(self, text: str) -> None:
        assert _read(text) == (FIVE_PAST_TEN, "english, CST as local time")
        chicago = read_time(text, timezone=ZoneInfo("America/Chicago"))
        assert chicago is not None
        assert chicago.at == datetime(2023, 11, 24, 16, 5, tzinfo=UTC)

    def test_it_is_refused_elsewhere(self) -> None:
        with pytest.raises(ValueError, match=r"write \+0800 or -0600"):
            read_time("24 Nov 2023 10:05:00 CST", timezone=UTC)
        with pytest.raises(ValueError, match=r"write \+0800 or -0600"):
            read_time("24 Jul 2023 10:05:00 CST", timezone=ZoneInfo("America/Chicago"))


class TestNoDate:
    @pytest.mark.parametrize(
        "value",
        [
            *(None, "", "  ", "\u200b", "　", 0, 0.0, "0", "0.0"),
            *("0000-00-00", "0000-00-00 00:00:00", "0000/00/00", "00000000", "00000000000000"),
            *("0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "1/1/0001 12:00:00 AM"),
        ],
    )
    def test_what_says_that_there_is_none_is_none(self, value: object) -> None:
        assert read_time(value, timezone=SHANGHAI) is None

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            *((text, "has no day") for text in ("2023", "2023-11", "2023年11月", "2023.11")),
            *((text, "has no day") for text in ("Nov 2023", "11/2023", "10:05", "星期五")),
            *(
                (text, "has no year")
                for text in ("11-24 10:05", "11月24日", "Nov 24", "24 Nov 10:05")
            ),
            *((text, "two digits") for text in ("23-11-24", "24/11/23", "23年11月24日 10:05")),
            *((text, "two digits") for text in ("24-Nov-23", "Friday, 24-Nov-23 10:05:00 GMT")),
            *(
                (text, "depends on when")
                for text in ("昨天", "昨天 10:05", "2小时前", "刚刚", "前天")
            ),
            *((text, "depends on when") for text in ("3 hours ago", "yesterday", "today 10:05")),
            *((text, "a day that a sheet counts") for text in ("45254", "45254.42", "12345678901")),
            *(
                (text, f"no day and time that exists: {why}")
                for text, why in (
                    ("2023-02-30", "day 30; 2023-02 has the days 1 to 28"),
                    ("29 Feb 2023", "day 29; 2023-02 has the days 1 to 28"),
                    ("2023年11月31日", "day 31; 2023-11 has the days 1 to 30"),
                    ("2023/12/00", "day 0; 2023-12 has the days 1 to 31"),
                    ("2023-13-01", "month 13; write 1 to 12"),
                    ("20231324", "month 13; write 1 to 12"),
                    ("13/13/2023", "month 13; write 1 to 12"),
                    ("2023-10-19 24:00", "hour 24; write 0 to 23"),
                    ("2023-10-19 10:61", "minute 61; write 0 to 59"),
                    ("20231019100575", "second 75; write 0 to 59"),
                )
            ),
            *((text, "outside 1900 to 2199") for text in ("1899-12-31", "2200-01-01", "99999999")),
            *(
                (text, "no place has")
                for text in ("2023-11-24 10:05+15:00", "2023-11-24 10:05 GMT+20")
            ),
            *(
                (text, "offset such as +08:00")
                for text in ("2023-11-24 10:05 IST", "24 Nov 2023 10:05 XYZ")
            ),
            *(
                (text, "is not a date such as")
                for text in ("x", "民国112年11月24日", "2023-11-24 08:05 晚")
            ),
            *(
                (text, "is not a date such as")
                for text in ("2023-11-24 至 2023-11-25", "2023-10/19")
            ),
            *((text, "is not a date such as") for text in ("-1", "nan", "2023-11-24 10:05 10:06")),
            *(
                (text, "is not a date such as")
                for text in ("2023年百月24日", "3.14.15.92", "2023-328")
            ),
            ("2" * (MAX_LENGTH + 1), "is not a date such as"),
        ],
    )
    def test_what_leaves_something_open_is_refused_with_what_it_lacks(
        self, text: str, reason: str
    ) -> None:
        assert reason in _why(text)

    def test_a_reason_repeats_little_of_a_long_value(self) -> None:
        assert "x" * 50 not in _why("x" * 500)


class TestOtherTypes:
    def test_times_and_days_as_objects(self) -> None:
        naive = datetime(2023, 11, 24, 10, 5, 0, 123456)
        assert _read(naive) == (FIVE_PAST_TEN, "datetime")
        assert _read(naive.replace(tzinfo=timezone(timedelta(hours=8)))).at == FIVE_PAST_TEN
        assert _read(date(2023, 11, 24)) == (MIDNIGHT, "date")
        assert "outside 1900 to 2199" in _why(datetime(1899, 1, 1))
        assert "outside 1900 to 2199" in _why(date(2200, 1, 1))

    @pytest.mark.parametrize(
        ("number", "form"),
        [
            *((each, "epoch seconds") for each in (1700791500, 1700791500.9, Decimal(1700791500))),
            *((each, "epoch milliseconds") for each in (1700791500123, 1700791500123.0)),
            *((each, "compact") for each in (20231124100500, 202311241005, 20231124100500.0)),
        ],
    )
    def test_numbers(self, number: object, form: str) -> None:
        assert _read(number) == (FIVE_PAST_TEN, form)

    def test_old_milliseconds_are_not_taken_for_a_date_of_twelve_digits(self) -> None:
        assert _read(883612800000).at == datetime(1998, 1, 1, tzinfo=UTC)
        assert _read(199801010000).at == datetime(1998, 1, 1, tzinfo=SHANGHAI)

    @pytest.mark.parametrize(
        "value",
        [
            -1,
            45254,
            45254.5,
            20231124.5,
            10**400,
            float("nan"),
            float("inf"),
            Decimal("nan"),
            1 << 63,
        ],
    )
    def test_other_numbers_are_refused(self, value: object) -> None:
        assert _why(value)

    @pytest.mark.parametrize("value", [True, b"2023-11-24", ["2023-11-24"], {"at": 1}])
    def test_other_types_are_refused(self, value: object) -> None:
        assert type(value).__name__ in _why(value)


PIECES = st.sampled_from(
    [
        *(
            "2023",
            "11",
            "24",
            "10",
            "05",
            "0000",
            "00",
            "99",
            "-",
            "/",
            ".",
            ":",
            " ",
            "T",
            "Z",
            ",",
        ),
        *(
            "年",
            "月",
            "日",
            "时",
            "分",
            "十",
            "二",
            "〇",
            "上午",
            "晚上",
            "星期五",
            "Nov",
            "Fri",
            "PM",
        ),
        *("+08", "-0500", "GMT+8", "CST", "(", ")", "昨天", "前", "\0", "\ud800", "２", "北京时间"),
    ]
)


class TestProperties:
    @given(st.one_of(st.text(), st.lists(PIECES, max_size=14).map("".join)))
    @example("9" * 20)
    @example("١٧٠٠٧٩١٥٠٠")
    def test_any_text_is_a_time_in_range_or_a_value_error(self, text: str) -> None:
        try:
            time = read_time(text, timezone=SHANGHAI)
        except ValueError:
            return
        if time is not None:
            assert FIRST_YEAR - 1 <= time.at.year <= LAST_YEAR
            assert time.at.tzinfo is UTC
            assert time.at.microsecond == 0

    @given(st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30)))
    def test_every_spelling_of_a_moment_is_that_moment(self, moment: datetime) -> None:
        moment = moment.replace(microsecond=0, tzinfo=timezone(timedelta(hours=8)))
        weekday = "一二三四五六日"[moment.weekday()]
        for text in (
            moment.isoformat(),
            moment.strftime("%Y%m%d%H%M%S%z"),
            moment.strftime("%a, %d %b %Y %H:%M:%S %z"),
            moment.strftime("%B %d, %Y %I:%M:%S %p GMT+8"),
            moment.strftime("%a %b %d %H:%M:%S UTC+08:00 %Y"),
            moment.strftime(f"%Y年%m月%d日 星期{weekday} %H时%M分%S秒 +0800"),
        ):
            assert _read(text).at == moment

"""Article: its texts, id and URLs, what is refused and why, who sees it, and the content hash."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.article import (
    FIELDS,
    MAX_BODY,
    MAX_LINE,
    MAX_URL,
    Article,
    article_from_record,
    article_to_record,
    check_id,
    content_hash,
    id_from_url,
)
from indexer.errors import InvalidArticle
from indexer.fields import _PLAIN_URL, Made, make_article, read_article
from indexer.invisible import drop_invisible
from indexer.reading import Reading

SHANGHAI = ZoneInfo("Asia/Shanghai")
HASH_OF_FULL = "87bfbca36347bb45339fceafbc4a9ba4"
LINES = ("title", "lead", "source", "author", "editor", "site")
TEXTS = (*LINES, "body", "channel")
URLS = ("url", "image_url")
TIMES = ("published_at", "updated_at", "expires_at")
LISTS = ("channels", "tags")

FULL: dict[str, Any] = {
    "id": "a-1",
    "url": "https://portal.example/1.html",
    "title": "溪口镇的花鼓",
    "body": "头一段。\n第二段。",
    "lead": "导语",
    "channel": "地方/集市",
    "channels": ["文化"],
    "source": "溪口报",
    "author": "何一苇",
    "editor": "陆半夏",
    "tags": ["花鼓", "集市"],
    "site": "portal",
    "image_url": "/i/1.jpg",
    "published_at": "2025-05-06T07:08:09+08:00",
    "updated_at": "2025-05-07T00:00:00+08:00",
    "expires_at": "2035-01-01T00:00:00+08:00",
    "status": "draft",
    "attributes": {"reads": 12, "weight": 0.5, "desk": "夜班"},
}


def _make(**values: object) -> Article:
    return make_article({"id": "a-1", "title": "题"} | values, timezone=SHANGHAI)


def _read(**values: object) -> Made:
    return read_article({"id": "a-1", "title": "题"} | values, Reading(timezone=SHANGHAI))


def _refused(**values: object) -> InvalidArticle:
    with pytest.raises(InvalidArticle) as caught:
        _make(**values)
    return caught.value


class TestTexts:
    def test_a_record_with_every_field_gives_every_field(self) -> None:
        made = make_article(FULL, timezone=UTC)
        assert set(FULL) == set(FIELDS)
        assert all(getattr(made, name) for name in FIELDS)

    def test_unknown_keys_are_ignored(self) -> None:
        assert _make(category="地方", 备注="无") == _make()

    @pytest.mark.parametrize("empty", [{}, {"title": None}, {"title": " \u3000", "body": "\n\t"}])
    def test_an_article_needs_a_title_or_a_body(self, empty: dict[str, object]) -> None:
        with pytest.raises(InvalidArticle) as caught:
            make_article({"id": "a-1", "lead": "导语"} | empty, timezone=UTC)
        assert (caught.value.field, caught.value.why) == ("title", "neither a title nor a body")

    def test_what_is_only_invisible_is_nothing(self) -> None:
        assert _refused(title="\u200b\ufeff\x7f", body="\u2060").why == "neither a title nor a body"

    def test_a_title_alone_or_a_body_alone_is_enough(self) -> None:
        assert _make(body="").title == "题"
        assert _make(title="", body="正文").body == "正文"

    @pytest.mark.parametrize("name", LINES)
    def test_a_line_is_one_line_with_single_spaces(self, name: str) -> None:
        made = _make(**{name: "\u3000 甲\t乙\r\n\n丙\u00a0 丁\x85戊\u2028"})
        assert getattr(made, name) == "甲 乙 丙 丁 戊"

    @pytest.mark.parametrize("name", LINES)
    def test_a_line_has_a_limit_counted_after_its_spaces_are_normalised(self, name: str) -> None:
        assert len(getattr(_make(**{name: "字" * MAX_LINE + " " * 50}), name)) == MAX_LINE
        refused = _refused(**{name: "字" * (MAX_LINE + 1)})
        assert (refused.field, refused.why) == (name, f"longer than {MAX_LINE} characters")

    def test_a_body_keeps_its_paragraphs_and_loses_empty_ones(self) -> None:
        body = (
            " 头一段。\r\n\r\n\u3000\u3000第二  段。\r第三段。\x85第四段。\u2028\n \n第五段。\u2029"
        )
        assert _make(body=body).body == "头一段。\n第二 段。\n第三段。\n第四段。\n第五段。"

    def test_a_body_has_a_limit(self) -> None:
        assert len(_make(body="字" * MAX_BODY).body) == MAX_BODY
        refused = _refused(body="字" * (MAX_BODY + 1))
        assert refused.field == "body"
        assert refused.why == f"{MAX_BODY + 1} characters, the limit is {MAX_BODY}"

    def test_undecoded_characters_stay_and_are_noted(self) -> None:
        article, notes = _read(title="晨\ufffd", tags=["雾", "江\ufffd\ufffd"])
        assert (article.title, article.tags) == ("晨\ufffd", ("雾", "江\ufffd\ufffd"))
        assert [str(each) for each in notes] == [
            "title holds undecoded characters: 1 of them, shown as \ufffd",
            "tags holds undecoded characters: 2 of them, shown as \ufffd",
        ]

    @pytest.mark.parametrize("name", TEXTS)
    @pytest.mark.parametrize("control", ["\x00", "\x08", "\x0b", "\x0c", "\x0e", "\x1b", "\x1f"])
    def test_control_characters_are_removed_and_noted(self, name: str, control: str) -> None:
        made, notes = _read(**{name: f"溪{control}口"})
        assert getattr(made, name) in ("溪口", ("溪口",))
        assert [str(each) for each in notes] == [f"{name} cleaned of control characters"]

    @pytest.mark.parametrize("name", TEXTS)
    @pytest.mark.parametrize("code", [0xD800, 0xDBFF, 0xDC00, 0xDFFF])
    def test_halves_of_characters_are_removed_and_noted(self, name: str, code: int) -> None:
        made, notes = _read(**{name: f"甲{chr(code)}"})
        assert getattr(made, name) in ("甲", ("甲",))
        assert [each.name for each in notes] == [f"{name} cleaned of control characters"]

    def test_every_character_that_does_not_show_is_removed_wherever_it_stands(self) -> None:
        dropped = [each for each in map(chr, range(0x110000)) if not drop_invisible(each)]
        assert {"\x7f", "\x84", "\xad", "\u034f", "\u200b", "\ufeff"} <= set(dropped)
        for each in dropped:
            assert _make(title=f"溪口{each}镇").title == "溪口镇"
            assert _make(body=f"　溪口{each}镇\n{each}河湾").body == "溪口镇\n河湾"

    @pytest.mark.parametrize(
        "trace",
        ["\x7f", "\x80", "\x84", "\x86", "\x9f", "\xad", "\u200b", "\u200c", "\u200d", "\u200e",
         "\u202a", "\u2060", "\ufeff"],
    )  # fmt: skip
    def test_invisible_traces_of_bad_conversions_are_removed(self, trace: str) -> None:
        made = _make(title=f"{trace}花{trace}鼓", body=f"花{trace}鼓", tags=[f"花{trace}鼓"])
        assert (made.title, made.body, made.tags) == ("花鼓", "花鼓", ("花鼓",))

    @pytest.mark.parametrize(
        "text",
        [
            "溪口鎮",
            "ＡＢＣ１２３",
            "𠀀𪚥",
            "👩‍🌾",
            "می\u200cروم",
            "e\u0301",
            "\ufffd",
            "5<6 &lt;b&gt;",
        ],
    )
    def test_nothing_else_about_a_text_is_changed(self, text: str) -> None:
        made = _make(title=text, body=text)
        assert (made.title, made.body) == (text, text)

    @pytest.mark.parametrize(("value", "text"), [(5, "5"), (2.5, "2.5"), (0, "0")])
    def test_numbers_are_taken_as_text(self, value: object, text: str) -> None:
        assert _make(title=value).title == text

    @pytest.mark.parametrize("name", TEXTS)
    @pytest.mark.parametrize("value", [True, {"x": 1}, b"x", [1], [["x"]]])
    def test_other_kinds_are_no_text(self, name: str, value: object) -> None:
        refused = _refused(**{name: value})
        assert (refused.field, refused.why) == (name, f"must be text, not {type(value).__name__}")

    @pytest.mark.parametrize("name", TEXTS)
    def test_a_list_of_one_text_is_that_text(self, name: str) -> None:
        assert getattr(_make(**{name: ["花鼓"]}), name) == "花鼓"

    def test_several_names_are_joined_and_several_other_texts_are_none(self) -> None:
        assert _make(author=["何一苇", "陆半夏"]).author == "何一苇、陆半夏"
        assert _refused(lead=["甲", "乙"]).why == "holds 2 texts: give one"

    def test_markup_is_removed_and_noted_and_its_picture_kept(self) -> None:
        made, notes = _read(
            body='<p>头一段&nbsp;话。</p><p><img src="//img.example/1.jpg">第二段。</p>',
            url="http://portal.example/a/1.html",
        )
        assert made.body == "头一段 话。\n第二段。"
        assert made.image_url == "http://img.example/1.jpg"
        assert [each.name for each in notes] == ["body cleaned of markup"]

    def test_text_that_only_looks_like_markup_stays(self) -> None:
        for text in ("5<6 且 7>6", "写 &lt;b&gt; 是加粗", "a && b", "《溪口》<注>"):
            assert _make(body=text).body == text

    def test_a_field_of_markup_is_read_as_such(self) -> None:
        reading = Reading(timezone=SHANGHAI, markup=frozenset({"lead"}))
        made, _ = read_article(
            {"id": "a-1", "title": "题", "lead": "<em>急</em> &lt;b&gt;"}, reading
        )
        assert made.lead == "急 <b>"


class TestId:
    @pytest.mark.parametrize(
        "value",
        [
            *("a", "A.b_c~d-9", "0" * 256, "新闻/2024/01", "a b", "a  b", "a/b", "/a", "a%20b", "100%", "a?b#c"),
            *("é", "e\u0301", "ＡＢ", "../x", "...", "[red]", '"a"', "a,b", "𠮷😀", "山" * 85 + "a", "\ufffd"),
        ],
    )  # fmt: skip
    def test_an_id_of_the_portal_is_kept(self, value: str) -> None:
        assert _make(id=value).id == value

    def test_a_number_is_an_id_and_spaces_around_one_are_not_part_of_it(self) -> None:
        assert _make(id=20260301123456789).id == "20260301123456789"
        assert _make(id=" a-1\n").id == "a-1"

    @pytest.mark.parametrize("value", ["a" * 257, "山" * 86, "𠮷" * 65, ".", " .. "])
    def test_a_bad_id_is_refused_with_the_rule(self, value: str) -> None:
        refused = _refused(id=value)
        assert refused.field == "id"
        assert "is not 1 to 256 bytes of printable text, not . or .." in refused.why

    @pytest.mark.parametrize(
        "character",
        "\x00\t\n\x7f\x85\xa0\u00ad\u034f\u200b\u200d\u202e\u2028\u3000\ufeff\ue000\ud83d\U000e0001",
    )
    def test_a_character_that_does_not_show_is_named_and_not_dropped(self, character: str) -> None:
        refused = _refused(id=f"ab{character}c")
        assert refused.field == "id"
        assert refused.why == f"holds U+{ord(character):04X}, which does not show, at 2"

    @pytest.mark.parametrize("value", ["", " a", "a "])
    def test_an_id_as_it_is_kept_has_no_blank_around_it(self, value: str) -> None:
        with pytest.raises(InvalidArticle):
            check_id(value)

    @pytest.mark.parametrize("value", [True, ["a"], {"a": 1}])
    def test_other_kinds_are_no_id(self, value: object) -> None:
        assert _refused(id=value).field == "id"

    @pytest.mark.parametrize("value", [None, "", "  "])
    def test_without_an_id_one_is_made_from_the_url(self, value: object) -> None:
        url = "https://portal.example/1.html"
        assert _make(id=value, url=url).id == id_from_url(url)

    @given(st.from_regex(_PLAIN_URL, fullmatch=True))
    def test_a_plain_url_passes_every_check_of_a_url(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.scheme in ("http", "https")
        assert parts.netloc
        assert url.split() == [url]
        assert "\\" not in url
        assert _make(url=url).url == url

    def test_without_an_id_and_a_url_there_is_no_article(self) -> None:
        refused = _refused(id="")
        assert (refused.field, refused.why) == (
            "id",
            "missing, and there is no url to make one from",
        )

    def test_an_id_from_a_url_is_32_hex_digits_of_its_sha256(self) -> None:
        assert id_from_url("http://portal.example/") == "a7f5de3ceb2adb79ef04d307a7c1e845"

    @pytest.mark.parametrize(
        "same",
        [
            "http://portal.example/a/B",
            "HTTP://Portal.EXAMPLE/a/B",
            "http://portal.example/a/B/",
            "http://portal.example/a/B#part",
        ],
    )
    def test_urls_that_name_the_same_page_give_the_same_id(self, same: str) -> None:
        assert id_from_url(same) == id_from_url("http://portal.example/a/B")

    @pytest.mark.parametrize(
        "other",
        [
            "https://portal.example/a/B",
            "http://portal.example/a/b",
            "http://portal.example/a/B?page=2",
            "http://portal.example:81/a/B",
        ],
    )
    def test_urls_that_may_name_other_pages_give_other_ids(self, other: str) -> None:
        assert id_from_url(other) != id_from_url("http://portal.example/a/B")


class TestUrls:
    @pytest.mark.parametrize("name", URLS)
    @pytest.mark.parametrize(
        "url", ["http://portal.example", "HTTPS://portal.example/篇?a=1#b", "/local/1.html", ""]
    )
    def test_absolute_and_local_urls_are_kept(self, name: str, url: str) -> None:
        assert getattr(_make(**{name: f" {url} "}), name) == url

    @pytest.mark.parametrize("name", URLS)
    @pytest.mark.parametrize(
        "url",
        [
            "ftp://portal.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "portal.example/1.html",
            "http://",
            "http:///1.html",
        ],
    )
    def test_other_urls_are_refused(self, name: str, url: str) -> None:
        refused = _refused(**{name: url})
        assert (refused.field, refused.why) == (name, "must begin with http://, https:// or /")

    def test_an_address_without_a_scheme_gets_one(self) -> None:
        assert _make(url="//portal.example/1.html").url == "https://portal.example/1.html"
        made = _make(url="http://portal.example/", image_url="//img.example/1.jpg")
        assert made.image_url == "http://img.example/1.jpg"

    @pytest.mark.parametrize(
        ("image", "whole"),
        [
            ("1.jpg", "https://portal.example/a/1.jpg"),
            ("../i/1.jpg", "https://portal.example/i/1.jpg"),
            ("/i/1.jpg", "/i/1.jpg"),
        ],
    )
    def test_a_picture_stands_where_the_article_stands(self, image: str, whole: str) -> None:
        assert _make(url="https://portal.example/a/2.html", image_url=image).image_url == whole

    def test_a_backslash_does_not_make_a_url_local(self) -> None:
        assert _refused(url="/\\elsewhere.example/").field == "url"

    def test_white_space_inside_is_refused(self) -> None:
        assert _refused(url="http://portal.example/a b").why == "holds white space or a backslash"

    def test_a_broken_url_is_refused(self) -> None:
        assert _refused(url="http://[::1").why == "not a URL (Invalid IPv6 URL)"

    def test_a_url_has_a_limit(self) -> None:
        url = "/" + "x" * (MAX_URL - 1)
        assert _make(url=url).url == url
        assert _refused(url=url + "x").why == f"longer than {MAX_URL} characters"


class TestFaults:
    """A fault in a side field costs the field, or one value of it; what makes the article is refused."""

    @pytest.mark.parametrize(
        ("values", "left"),
        [
            ({"lead": {"a": 1}}, {"lead": ""}),
            ({"author": "名" * (MAX_LINE + 1)}, {"author": ""}),
            ({"published_at": "昨天"}, {"published_at": None}),
            ({"url": "ftp://portal.example"}, {"url": ""}),
            ({"image_url": "1.jpg"}, {"image_url": ""}),
            ({"channel": "/".join("abcdefghij")}, {"channel": ""}),
            ({"channels": 5}, {"channels": ()}),
            ({"tags": ["甲", 5, "字" * (MAX_LINE + 1)]}, {"tags": ("甲",)}),
            ({"tags": [str(n) for n in range(70)]}, {"tags": tuple(str(n) for n in range(64))}),
            ({"attributes": "x"}, {"attributes": {}}),
            ({"attributes": {"a b": 1, "c": [1], "d": 2}}, {"attributes": {"d": 2}}),
        ],
    )
    def test_it_costs_the_field(self, values: dict[str, object], left: dict[str, object]) -> None:
        made, notes = _read(**values)
        assert {name: getattr(made, name) for name in left} == left
        assert {each.field for each in notes} == set(values)
        assert all(each.what == "dropped" and each.why for each in notes)
        assert str(_refused(**values)) == f"{notes[0].field}: {notes[0].why}"

    @pytest.mark.parametrize(
        "values",
        [
            {"id": "a\u200bb"},
            {"id": ["a"]},
            {"id": "", "url": "ftp://x"},
            {"title": "", "body": ""},
            {"title": {"a": 1}},
            {"title": "题" * (MAX_LINE + 1)},
            {"body": "字" * (MAX_BODY + 1)},
            {"status": "online"},
        ],
    )
    def test_what_makes_the_article_is_refused(self, values: dict[str, object]) -> None:
        with pytest.raises(InvalidArticle):
            _read(**values)

    def test_an_article_without_a_fault_has_no_notes(self) -> None:
        assert read_article(FULL, Reading(timezone=SHANGHAI)).notes == ()


class TestVisibility:
    NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def _visible(self, **values: object) -> bool:
        return _make(**values).is_visible(self.NOW)

    def test_only_what_is_published_is_seen(self) -> None:
        assert self._visible(status="published")
        assert not self._visible(status="draft")
        assert not self._visible(status="withdrawn")

    def test_an_article_is_seen_from_its_very_moment(self) -> None:
        assert self._visible(published_at=self.NOW)
        assert not self._visible(published_at=self.NOW + timedelta(seconds=1))

    def test_an_article_is_not_seen_from_the_moment_that_it_expires(self) -> None:
        assert not self._visible(expires_at=self.NOW)
        assert self._visible(expires_at=self.NOW + timedelta(seconds=1))


class TestRecordsAndHashes:
    def test_a_record_holds_plain_json_and_nothing_that_is_empty(self) -> None:
        assert article_to_record(_make()) == {"id": "a-1", "title": "题", "status": "published"}
        full = article_to_record(make_article(FULL, timezone=UTC))
        assert set(full) == set(FIELDS)
        assert full["published_at"] == "2025-05-05T23:08:09+00:00"
        assert orjson.loads(orjson.dumps(full)) == full

    def test_an_article_survives_its_record(self) -> None:
        for each in (_make(), make_article(FULL, timezone=UTC)):
            assert article_from_record(article_to_record(each)) == each

    def test_an_article_made_again_from_its_record_is_the_same(self) -> None:
        full = make_article(FULL, timezone=UTC)
        assert make_article(article_to_record(full), timezone=SHANGHAI) == full

    def test_an_article_cannot_be_changed(self) -> None:
        with pytest.raises(FrozenInstanceError):
            _make().title = "新题"  # type: ignore[misc]

    def test_a_hash_is_32_hex_digits_and_stays_what_it_was(self) -> None:
        assert content_hash(make_article(FULL, timezone=UTC)) == HASH_OF_FULL

    def test_the_group_that_a_store_gave_lasts_and_is_no_part_of_the_hash(self) -> None:
        full = make_article(FULL, timezone=UTC)
        grouped = replace(full, duplicate_group=17)
        assert (
            article_from_record(orjson.loads(orjson.dumps(article_to_record(grouped)))) == grouped
        )
        assert content_hash(grouped) == content_hash(full)

    def test_a_source_cannot_give_a_group(self) -> None:
        assert _make(duplicate_group=17).duplicate_group == 0
        assert "duplicate_group" not in FIELDS

    def test_equal_articles_have_equal_hashes(self) -> None:
        shuffled = dict(reversed(FULL.items()))
        shuffled["attributes"] = dict(reversed(FULL["attributes"].items()))
        shuffled["published_at"] = "2025-05-05T23:08:09Z"
        shuffled["title"] = "  溪口镇的花鼓\u200b "
        made = make_article(shuffled, timezone=UTC)
        assert content_hash(made) == HASH_OF_FULL

    @pytest.mark.parametrize("name", FIELDS)
    def test_every_field_is_part_of_the_hash(self, name: str) -> None:
        full = make_article(FULL, timezone=UTC)
        others: dict[str, Any] = {
            **dict.fromkeys(LISTS, ("别的",)),
            **dict.fromkeys(TIMES, datetime(2025, 1, 1, tzinfo=UTC)),
            "attributes": {"reads": 13},
            "status": "withdrawn",
        }
        changed = replace(full, **{name: others.get(name, "other")})
        assert content_hash(changed) != content_hash(full)

    def test_the_same_text_in_another_field_gives_another_hash(self) -> None:
        assert content_hash(_make(source="溪口报")) != content_hash(_make(author="溪口报"))

    @given(
        record=st.dictionaries(
            st.sampled_from(FIELDS),
            st.none()
            | st.booleans()
            | st.integers(-(2**63), 2**63)
            | st.floats()
            | st.text(max_size=30)
            | st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1))
            | st.lists(st.text(max_size=10), max_size=4)
            | st.dictionaries(
                st.text(max_size=5), st.integers(0, 9) | st.text(max_size=9), max_size=3
            ),
        )
    )
    def test_any_record_is_an_article_that_lasts_or_is_refused_for_a_reason(
        self, record: dict[str, object]
    ) -> None:
        try:
            made = make_article({"id": "a-1", "title": "题"} | record, timezone=SHANGHAI)
        except InvalidArticle as refused:
            reason = str(refused)
        else:
            again = article_from_record(orjson.loads(orjson.dumps(article_to_record(made))))
            assert again == made
            assert content_hash(again) == content_hash(made)
            return
        assert reason.partition(": ")[0] in FIELDS

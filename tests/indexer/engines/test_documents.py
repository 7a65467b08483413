"""What every engine indexes of an article."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from indexer.engines.documents import keywords, month_of, numbers, searchable_texts
from indexer.query import KEYWORD_FIELDS, TEXT_FIELDS
from tests.factories import article


def test_every_text_and_keyword_field_of_a_query_has_a_value() -> None:
    assert tuple(searchable_texts(article())) == TEXT_FIELDS
    assert tuple(keywords(article())) == KEYWORD_FIELDS


def test_texts_are_the_article_s_own() -> None:
    whole = article(title="臺灣", lead="導語", body="第一段。\n第二段。")
    assert searchable_texts(whole) == {
        "title": "臺灣",
        "lead": "導語",
        "body": "第一段。\n第二段。",
    }


def test_a_lead_that_is_part_of_the_body_is_left_out() -> None:
    assert searchable_texts(article(lead="第二段", body="第一段。\n第二段。"))["lead"] == ""
    assert searchable_texts(article(lead="第三段", body="第一段。\n第二段。"))["lead"] == "第三段"
    assert searchable_texts(article(title="第一段", lead="第一段", body="无"))["lead"] == "第一段"


def test_keywords_have_no_empty_values_and_channels_come_with_all_they_lie_in() -> None:
    assert keywords(article("a")) == {
        "id": ("a",),
        "channel": (),
        "source": (),
        "author": (),
        "tag": (),
        "site": (),
        "status": ("published",),
        "group": (),
        "attribute": (),
    }
    values = keywords(article(channel="情感/故事", channels=["体育"], tags=["桥", "河"]))
    assert values["channel"] == ("情感", "情感/故事", "体育")
    assert values["tag"] == ("桥", "河")


def test_an_attribute_is_a_keyword_or_a_number() -> None:
    made = article(
        attributes={"region": "华东", "price": 3, "ratio": 0.5, "code": "3", "empty": ""}
    )
    assert keywords(made)["attribute"] == ("region=华东", "code=3")
    assert numbers(made) == {"price": 3.0, "ratio": 0.5}


def test_months_are_counted_in_the_zone_that_is_asked_for() -> None:
    time = datetime(2026, 1, 31, 16, 0, tzinfo=UTC)
    assert month_of(time, UTC) == "2026-01"
    assert month_of(time, ZoneInfo("Asia/Shanghai")) == "2026-02"
    assert month_of(datetime(1900, 1, 1, tzinfo=UTC), ZoneInfo("America/New_York")) == "1899-12"

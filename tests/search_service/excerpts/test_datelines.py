"""Datelines: an agency, a place, a date and a reporter at the beginning of a text go, and nothing else does."""

from __future__ import annotations

import pytest

from search_service.excerpts.datelines import without_dateline
from search_service.excerpts.leads import lead
from tests.factories import article

TEXT = "渡口的石桥今天通车。"


@pytest.mark.parametrize(
    "dateline",
    [
        "云溪社古塔12月20日电(记者李石渠)",
        "云溪社古塔12月20日电 （记者 李石渠 通讯员 王渡）",
        "云溪网3月5日电",
        "云溪网古塔2026年3月5日电 ",
        "云溪网古塔3月5日电题：",
        "山谷体育6月2日讯 ",
        "山谷体育6月2日消息：",
        "本报讯（记者 李石渠）",
        "山谷晚报讯 ",
        "云溪台消息：",
        "【云溪网报道 记者 李石渠】",
        "　　云溪社古塔1月2日电 ",
    ],
)
def test_a_dateline_goes(dateline: str) -> None:
    assert without_dateline(dateline + TEXT) == TEXT
    assert lead(article("a", title="石桥", body=dateline + TEXT)) == TEXT
    assert lead(article("a", title="石桥", body="正文。", lead=dateline + TEXT)) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "他于3月5日电告总部，石桥通车。",
        "3月5日，石桥通车。",
        "市民发来消息(图)说石桥通车。",
        "这家公司的官网报道了石桥。",
        "石桥3月5日通车(记者李石渠)。",
        "【评论】石桥通车以后。",
        "云溪社古塔1月2日电",
        "",
    ],
)
def test_what_is_no_dateline_stays(text: str) -> None:
    assert without_dateline(text) == text

"""The address of the search page: whatever it holds, a page comes, and says what it left out."""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes

import pytest

from search_service.web.page_params import MAX_REMARKS
from tests.search_service.web.portal import Portal, visible_text

ADDED_BY_APPS = (
    "from=singlemessage&isappinstalled=0",
    "from=timeline&isappinstalled=0&scene=2&clicktime=1700000000&enterid=1700000000",
    "source=wechat",
    "channel=share",
    "site=m&tag=hot&author=1",
    "time=1700000000&t=1700000000",
    "to=index&group=a&explain=1&log=x&correct=0&collapse=all&syntax=x",
    "utm_source=weibo&utm_medium=social&utm_campaign=daily&utm_term=a&utm_content=b",
    "size=1000&facets=nonsense&attributes.price.min=a",
    "spm=a2c6h.12873639.0.0&scm=1007&pvid=1",
    "wfr=spider&for=pc&searchword=x&sa=ib",
    "share_token=1&share_from=qq&tt_from=copy_link&timestamp=1700000000",
)
"""What messengers, news apps and counters add to links."""

ADDED_BY_OTHERS = (
    "fbclid=x&gclid=y&msclkid=z&yclid=1&igshid=a&twclid=b&ttclid=c&dclid=d&wbraid=e",
    "mc_cid=1&mc_eid=2&_hsenc=a&_hsmi=b&vero_id=c",
    "nsukey=abc&mpshare=1&srcid=0101abc&sharer_sharetime=1&sharer_shareid=2&exportkey=a&pass_ticket=b",
    "bd_vid=1&hmsr=x&hmpl=&hmcu=&hmkw=&hmci=&eqid=a&tn=baidu&rsv_bp=1&wd=y",
    "chksm=1&mid=2&idx=1&sn=3&__biz=a&ascene=1&devicetype=android&version=1&lang=zh_CN&nettype=WIFI",
    "f=x&f[]=1&f_time=week",
    "ADTAG=news.top&pgv_ref=aio&ptlang=2052&app_id=1&open_in_browser=true",
    "ref=nav&referer=a&referrer=b&origin=c&platform=ios&device=d&lan=e&lang=f&v=1&_=170&sid=1&PHPSESSID=a",
    "type=all&category=1&cat=2&range=title&mode=1&order=desc&searchfield=title&dateline=7&searchsubmit=yes",
)
"""What else is added, by advertisers, counters, applications and the search forms of portals."""


@pytest.mark.parametrize("added", [*ADDED_BY_APPS, *ADDED_BY_OTHERS])
def test_what_others_add_to_a_link_changes_nothing(portal: Portal, added: str) -> None:
    plain = portal.client.get("/search?q=水库").text
    page = portal.client.get(f"/search?{added}&q=水库&{added}")
    assert page.status_code == 200
    assert without_volatile(page.text) == without_volatile(plain)


def without_volatile(text: str) -> str:
    return re.sub(r"data-query-id=\"\w+\"", "", text)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("f.from=abc", "日期“abc”不是日期，没有计入。"),
        ("f.to=2026-02-30", "日期“2026-02-30”不是日期，没有计入。"),
        ("f.from=0001-01-01", "日期“0001-01-01”超出了范围，没有计入。"),
        ("f.from=2026-02-01&f.to=2026-01-01", "日期“2026-02-01”晚于结束的日期，没有计入。"),
        ("page=0", "页码“0”超出了范围，没有计入。"),
        ("page=x", "页码“x”不是数字，没有计入。"),
        ("page=1000000000", "页码“1000000000”超出了范围，没有计入。"),
        ("page=5000", "页码“5000”太靠后（最多 1000 页），没有计入。"),
        ("sort=best", "排序“best”无法识别，没有计入。"),
        ("f.tiem=week", "没有名为“f.tiem”的筛选条件，没有计入。"),
        ("f.page=2", "没有名为“f.page”的筛选条件，没有计入。"),
        ("f.source=a%00b", "来源“a\ufffdb”无法识别，没有计入。"),
        ("f.attributes.price.min=x", "attributes.price.min“x”无法识别，没有计入。"),
        ("f.group=x", "group“x”不是数字，没有计入。"),
    ],
)
def test_a_wrong_value_is_left_out_and_the_page_says_so(
    portal: Portal, query: str, said: str
) -> None:
    page = portal.client.get(f"/search?q=水库&{query}")
    assert page.status_code == 200
    seen = visible_text(page.text)
    assert said in seen
    assert "共 24 条" in seen or "f.to=2026-01-01" in query


def test_of_several_values_only_the_wrong_one_is_left_out(portal: Portal) -> None:
    long = "长" * 5000
    page = portal.get("/search", q="水库", **{"f.source": f"{long}"}).text
    assert "太长，没有计入" in visible_text(page)
    page = portal.client.get(f"/search?q=水库&f.source=青川日报&f.source={long}&f.source=没有").text
    seen = visible_text(page)
    assert "来源：青川日报" in seen
    assert "来源：没有" in seen
    assert long[:41] not in seen


def test_thousands_of_wrong_parameters_are_only_counted(portal: Portal) -> None:
    query = "&".join(f"f.attributes.a{number}.min=x" for number in range(2_000))
    text = visible_text(portal.client.get(f"/search?q=水库&{query}").text)
    assert text.count("没有计入") == MAX_REMARKS + 1
    assert f"另有 {2_000 - MAX_REMARKS} 个参数没有计入。" in text


def test_a_remark_holds_nothing_that_a_page_may_not_hold(portal: Portal) -> None:
    page = portal.client.get("/search?q=水库&f.author=a%00b&f.attributes.%07=%1B").text
    assert "作者“a\ufffdb”无法识别" in page
    assert "attributes.\ufffd“\ufffd”无法识别" in page
    assert not re.search(r"[\x00-\x08\x0e-\x1f]", page)


def test_too_many_values_and_names_are_left_out(portal: Portal) -> None:
    many = "&".join(f"f.source=s{n}" for n in range(33))
    names = "&".join(f"f.attributes.a{n}=1" for n in range(33))
    seen = visible_text(portal.client.get(f"/search?q=水库&{many}&{names}").text)
    assert "共 24 条" in seen


@pytest.mark.parametrize(
    ("encoding", "ie"),
    [
        ("gbk", "gbk"),
        ("gbk", "GB2312"),
        ("gb18030", "gb18030"),
        ("gbk", ""),
        ("gbk", "nonsense"),
        ("gbk", "utf-8"),
        ("big5", "big5"),
        ("utf-8", "utf-8"),
        ("utf-8", "utf8"),
        ("utf-8", "gbk-of-another"),
    ],
)
def test_forms_of_old_pages_are_read_and_links_are_in_utf_8(
    portal: Portal, encoding: str, ie: str
) -> None:
    word = {"big5": "水庫"}.get(encoding, "水库")
    typed = quote_from_bytes(word.encode(encoding))
    named = f"&ie={ie}" if ie else ""
    page = portal.client.get(f"/search?q={typed}{named}").text
    assert f"<title>{word} - 搜索</title>" in page
    assert "共 24 条" in visible_text(page)
    assert f"/search?q={quote_from_bytes(word.encode())}&amp;" in page
    assert "ie=" not in page


def test_filters_are_in_the_encoding_of_the_form(portal: Portal) -> None:
    typed, paper = (quote_from_bytes(each.encode("gbk")) for each in ("水库", "青川日报"))
    assert "来源：青川日报" in visible_text(
        portal.client.get(f"/search?q={typed}&f.source={paper}&ie=gbk").text
    )


@pytest.mark.parametrize("raw", [b"\xff", b"\xed\xa0\x80\xff", b"\xe6\xb0\xb4\xff\xff"])
def test_what_is_in_no_encoding_is_shown_with_marks(portal: Portal, raw: bytes) -> None:
    page = portal.client.get(f"/search?q={quote_from_bytes(raw)}")
    assert page.status_code == 200
    assert "\ufffd" in page.text


def test_a_link_that_was_cut_within_a_character_is_still_utf_8(portal: Portal) -> None:
    cut = quote_from_bytes("水库水".encode()[:-1])
    assert "<title>水库\ufffd - 搜索</title>" in portal.client.get(f"/search?q={cut}").text


def test_the_page_of_an_article_is_found_by_an_id_in_gbk(portal: Portal) -> None:
    missing = portal.client.get(f"/articles?id={quote_from_bytes('新闻'.encode('gbk'))}")
    assert missing.status_code == 404
    assert portal.client.get("/articles?id=story-1&ie=gbk&from=timeline").status_code == 200
    assert portal.client.get("/articles?from=timeline").status_code == 400


def hidden_fields(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)


def test_the_box_keeps_the_filters_and_the_order_for_the_next_query(portal: Portal) -> None:
    page = portal.client.get(
        "/search?q=水库&sort=newest&f.source=青川日报&f.source=甲报&f.from=2026-01-01&f.correct=off&page=2"
    ).text
    kept = hidden_fields(page.partition("<main")[0])
    assert sorted(kept) == [
        ("f.from", "2026-01-01"),
        ("f.kept", "1"),
        ("f.source", "甲报"),
        ("f.source", "青川日报"),
        ("sort", "newest"),
    ]


def test_what_the_box_kept_stands_above_the_hits_and_one_link_clears_it(portal: Portal) -> None:
    page = portal.client.get("/search?q=水库&f.source=青川日报&sort=newest&f.kept=1").text
    assert "仍按 来源：青川日报 × （去掉） 排序：最新 × （去掉） 清除全部" in visible_text(page)
    assert re.search(r'<a class="clear" href="/search\?q=[%\w]+">', page)
    assert "f.kept" not in page.partition("<main")[2]
    page = portal.client.get("/search?q=水库").text
    assert "清除全部" not in page
    assert hidden_fields(page.partition("<main")[0]) == []

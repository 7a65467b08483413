"""The pages, as a reader without JavaScript gets them."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from search_service.web.addresses import page_parameter
from tests.factories import article
from tests.search_service.web.portal import SCRIPT, Portal, numbered, open_portal, visible_text

STORY = "https://portal.example/story-1.html"


def links(page: str) -> dict[str, str]:
    """The links of a page: text -> address."""
    found = re.findall(r'<a\b[^>]*href="([^"]*)"[^>]*>(.*?)</a>', page, flags=re.DOTALL)
    return {visible_text(text): html.unescape(address) for address, text in found}


def asked(address: str) -> dict[str, str]:
    """The parameters of an address, by the names of the API."""
    return {name: values[0] for name, values in all_asked(address).items()}


def all_asked(address: str) -> dict[str, list[str]]:
    """The parameters of an address with all their values, by the names of the API."""
    found = parse_qs(urlsplit(address).query)
    return {name.removeprefix("f."): values for name, values in found.items()}


def facet_names(page: str) -> list[str]:
    """The names of the facets that a page shows."""
    return re.findall(r'<nav aria-label="(频道|来源|作者|标签|月份)">', page)


def page(portal: Portal, path: str, **query: str) -> str:
    """A page that is asked for with these parameters, by the names of the API."""
    response = portal.get(path, **{page_parameter(name): each for name, each in query.items()})
    assert response.status_code == 200, visible_text(response.text)
    return response.text


@pytest.mark.parametrize(
    "path", ["/", "/search?q=水库", "/search?q=没有这样的词", "/articles/story-1", "/nothing"]
)
def test_every_page_is_a_chinese_document_of_its_own(portal: Portal, path: str) -> None:
    text = portal.client.get(path).text
    assert text.startswith("<!doctype html>")
    assert '<html lang="zh-CN">' in text
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert len(re.findall("<h1", text)) == 1
    assert len(re.findall("<main", text)) == 1
    assert re.search("<title>[^<]*搜索</title>", text)
    assert '<form class="search" action="/search" method="get" role="search"' in text


@pytest.mark.parametrize("path", ["/", "/search?q=标签", "/search", "/articles/hostile-1"])
def test_nothing_of_an_article_becomes_markup(portal: Portal, path: str) -> None:
    text = portal.client.get(path).text
    assert SCRIPT not in text
    assert "<script>" not in text
    assert html.escape(SCRIPT, quote=False) in text.replace("&#34;", '"')


@pytest.mark.parametrize(
    "name", ["q", "channel", "source", "author", "tag", "site", "attributes.a"]
)
def test_nothing_that_is_asked_becomes_markup(portal: Portal, name: str) -> None:
    text = page(portal, "/search", **{name: f'"{SCRIPT}'})
    assert "<script>" not in text
    assert f'="{SCRIPT}' not in text


def test_no_page_asks_for_anything_outside(portal: Portal) -> None:
    for path in ("/", "/search?q=水库", "/articles/story-1", "/docs", "/docs/errors"):
        text = portal.client.get(path).text
        loaded = re.findall(r'<(?:script|img|iframe)\b[^>]*src="([^"]*)"', text)
        loaded += re.findall(r'<link rel="(?:stylesheet|icon)" href="([^"]*)"', text)
        assert loaded
        assert all(address.startswith("/") for address in loaded)
        for address in loaded:
            assert portal.client.get(address, buffered=True).status_code == 200


def test_the_front_page_leads_to_channels_and_the_latest(portal: Portal) -> None:
    text = page(portal, "/")
    found = links(text)
    assert asked(found["时政 16 篇"]) == {"channel": "时政"}
    assert found["云溪小学的板凳会：凳子搬到哪儿，事就议到哪儿"] == STORY
    assert "一所山村小学和一场露天的会。" in text
    assert "共收录 27 篇" in visible_text(text)
    assert "索引更新至 2026-03-01 04:00" in visible_text(text)
    assert '<link rel="canonical" href="http://localhost/">' in text


def test_a_front_page_without_articles_says_so(tmp_path: Path) -> None:
    assert "这里还没有文章" in page(open_portal(tmp_path, [], engine="memory"), "/")


def test_a_search_page_says_what_was_found_and_how(portal: Portal) -> None:
    text = page(portal, "/search", q="板凳会")
    seen = visible_text(text)
    assert "共 1 条" in seen
    assert "毫秒" not in seen
    assert "<mark>板凳会</mark>" in text
    assert "情感 › 故事 青川日报 覃望舒 2月1日 # 板凳会 # 云溪" in seen
    assert '<time datetime="2026-02-01T08:30:00+08:00" title="2026-02-01 08:30">' in text
    assert 'value="板凳会"' in text
    assert "<title>板凳会 - 搜索</title>" in text
    assert '<meta name="description" content="“板凳会”的搜索结果，共 1 条">' in text
    assert '<meta name="robots" content="noindex, follow">' in text


def test_a_facet_link_narrows_and_its_filter_link_widens_again(portal: Portal) -> None:
    whole = links(page(portal, "/search", q="水库"))
    narrow = page(portal, urlsplit(whole["澜东日报 12 篇"]).path, **asked(whole["澜东日报 12 篇"]))
    assert "共 12 条" in visible_text(narrow)
    off = links(narrow)["来源：澜东日报 × （去掉）"]
    assert asked(off) == {"q": "水库"}


def test_channels_are_narrowed_level_by_level(portal: Portal) -> None:
    found = links(page(portal, "/search", q="云溪"))
    assert "地方 16 篇" not in found
    inside = links(page(portal, "/search", **asked(found["时政 16 篇"])))
    assert "时政 16 篇" not in inside
    assert "频道：时政 × （去掉）" in inside
    assert "地方 16 篇" not in inside  # all of them: it would not narrow
    assert asked(links(page(portal, "/search", q="云溪"))["情感 1 篇"])["channel"] == "情感"


def test_a_channel_shows_what_lies_in_it(tmp_path: Path) -> None:
    portal = open_portal(
        tmp_path,
        [article("a-1", channel="情感/故事"), article("a-2", channel="情感/婚姻")],
        engine="memory",
    )
    inside = links(page(portal, "/search", channel="情感"))
    assert asked(inside["故事 1 篇"])["channel"] == "情感/故事"


def test_a_click_adds_a_value_and_the_next_click_removes_it(portal: Portal) -> None:
    whole = links(page(portal, "/search", q="水库"))
    text = page(portal, whole["澜东日报 12 篇"])
    one = links(text)
    assert "共 12 条" in visible_text(text)
    assert set(all_asked(one["澜东日报 12 篇 × （去掉）"])) == {"q"}
    text = page(portal, one["青川日报 12 篇"])
    two = links(text)
    assert "共 24 条" in visible_text(text)
    assert all_asked(two["来源：青川日报 × （去掉）"]) == {"q": ["水库"], "source": ["澜东日报"]}
    assert all_asked(two["来源：澜东日报 × （去掉）"])["source"] == ["青川日报"]
    assert all_asked(two["青川日报 12 篇 × （去掉）"])["source"] == ["澜东日报"]
    assert all_asked(two["社会 8 篇"]) == {
        "q": ["水库"],
        "source": ["澜东日报", "青川日报"],
        "channel": ["社会"],
    }
    assert text.count('aria-current="true" title="去掉这个条件"') == 2


def test_channels_are_a_tree_that_opens_below_a_chosen_one(tmp_path: Path) -> None:
    paths = (
        "情感/故事",
        "情感/婚姻/法律",
        "情感/婚姻",
        "体育/足球",
        "体育/足球",
        "体育/游泳",
        "社会",
    )
    portal = open_portal(
        tmp_path, [article(f"a-{n}", channel=path) for n, path in enumerate(paths)]
    )
    found = links(page(portal, "/search"))
    assert {"体育 3 篇", "情感 3 篇", "社会 1 篇"} <= set(found)
    assert not {"足球 2 篇", "婚姻 2 篇", "法律 1 篇"} & set(found)
    text = page(portal, found["情感 3 篇"])
    found = links(text)
    assert {"情感 3 篇 × （去掉）", "婚姻 2 篇", "故事 1 篇", "体育 3 篇", "社会 1 篇"} <= set(
        found
    )
    assert re.search(r'<li class="level-1"><a [^>]*>婚姻', text)
    assert not {"足球 2 篇", "法律 1 篇"} & set(found)
    assert all_asked(found["体育 3 篇"])["channel"] == ["情感", "体育"]
    assert all_asked(found["婚姻 2 篇"])["channel"] == ["情感/婚姻"]
    text = page(portal, found["婚姻 2 篇"])
    found = links(text)
    assert {"情感 3 篇", "婚姻 2 篇 × （去掉）", "法律 1 篇", "故事 1 篇"} <= set(found)
    assert re.search(r'<li class="level-2"><a [^>]*>法律', text)
    assert all_asked(found["情感 3 篇"])["channel"] == ["情感"]
    assert all_asked(found["故事 1 篇"])["channel"] == ["情感/婚姻", "情感/故事"]
    assert all_asked(found["婚姻 2 篇 × （去掉）"]) == {}


def test_authors_and_tags_are_facets_where_there_is_a_choice(tmp_path: Path) -> None:
    portal = open_portal(
        tmp_path,
        [
            article("a", title="渡口的船", author="陈立", tags=["交通", "水乡"]),
            article("b", title="渡口的灯", author="王珂", tags=["水乡"]),
            article("c", title="渡口的茶", tags=["水乡", "农业"], source="甲报"),
            article("d", title="堤坝", author="陈立", tags=["水乡"]),
        ],
    )
    text = page(portal, "/search", q="渡口")
    found = links(text)
    assert asked(found["陈立 1 篇"]) == {"q": "渡口", "author": "陈立"}
    assert asked(found["交通 1 篇"]) == {"q": "渡口", "tag": "交通"}
    assert "水乡 3 篇" not in found, "all have it"
    assert facet_names(text) == ["作者", "标签"]
    text = page(portal, "/search", q="堤坝")
    assert facet_names(text) == [], "one value is no choice"
    text = page(portal, "/search", q="堤坝", tag="水乡", author="没有这个人")
    assert facet_names(text) == ["作者", "标签"]
    assert {"没有这个人 × （去掉）", "陈立 1 篇"} <= set(links(text))


def test_the_newest_months_are_shown_and_the_others_open(tmp_path: Path) -> None:
    dates = [f"{2025 + n // 12}-{n % 12 + 1:02}-15" for n in range(14) for _ in range(14 - n)]
    portal = open_portal(
        tmp_path, [article(f"a-{n}", published_at=date) for n, date in enumerate(dates)]
    )
    text = page(portal, "/search")
    shown, opened = text.partition('aria-label="月份"')[2].split("<summary>")
    months = r">(\d{4}年\d+月) <"
    assert re.findall(months, shown) == [
        "2026年2月",
        "2026年1月",
        *(f"2025年{month}月" for month in range(12, 6, -1)),
    ]
    assert re.findall(months, opened) == [f"2025年{month}月" for month in range(6, 0, -1)]


def test_many_values_open_and_chosen_ones_come_first(tmp_path: Path) -> None:
    papers = [f"第{n:02}报" for n in range(12) for _ in range(20 - n)]
    portal = open_portal(
        tmp_path, [article(f"a-{n}", source=paper) for n, paper in enumerate(papers)]
    )

    def parts(text: str) -> list[list[str]]:
        facet = re.split(r"</nav>", text.partition('<nav aria-label="来源">')[2])[0]
        return [re.findall(r"第\d\d报(?= )", part) for part in facet.split("<summary>")]

    first, rest = parts(page(portal, "/search"))
    assert first == [f"第{n:02}报" for n in range(8)]
    assert rest == [f"第{n:02}报" for n in range(8, 12)]
    first, rest = parts(page(portal, "/search", source="第11报"))
    assert first == ["第11报", *(f"第{n:02}报" for n in range(7))]
    assert "第11报" not in rest


NEW = (
    ("hour", "2026-03-01T03:00:00+08:00"),
    ("yesterday", "2026-02-28T23:00:00+08:00"),
    ("days", "2026-02-25T12:00:00+08:00"),
    ("weeks", "2026-02-10T12:00:00+08:00"),
    ("months", "2025-08-01T12:00:00+08:00"),
    ("years", "2020-01-01T12:00:00+08:00"),
)


def test_time_is_counted_back_from_now(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, [article(each, published_at=at) for each, at in NEW])
    found = links(page(portal, "/search", sort="oldest"))
    for name, count in (("一天", 2), ("一周", 3), ("一月", 4), ("一年", 5), ("不限", 6)):
        text = page(portal, found[name])
        assert f"共 {count} 条" in visible_text(text), name
        assert re.search(rf'aria-current="true">{name}</a>', text)
    assert asked(found["一天"]) == {"sort": "oldest", "time": "day"}
    day = links(page(portal, found["一天"]))
    assert asked(day["时间：一天内 × （去掉）"]) == {"sort": "oldest"}
    assert asked(day["一周"]) == {"sort": "oldest", "time": "week"}
    assert portal.json("/api/v1/search", time="day")["total"] == 2


def test_a_range_of_days_takes_the_place_of_a_period(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, [article(each, published_at=at) for each, at in NEW])
    text = page(portal, "/search", q="山谷", time="day", source="青川日报", page="1")
    form = text.partition('<form class="days"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'name="([^"]*)" value="([^"]*)"', form))
    assert fields == {"q": "山谷", "f.source": "青川日报", "f.from": "", "f.to": ""}
    text = page(portal, "/search?f.from=2026-02-25&f.to=2026-02-28")
    assert "共 2 条" in visible_text(text)
    assert "<details open>" in text
    assert 'name="f.to" value="2026-02-28"' in text


def test_a_picture_is_shown_if_the_page_may_load_it(tmp_path: Path) -> None:
    url = "https://portal.example/a.html"
    pictures = {
        "a": ("https://img.example/a.jpg", "https://img.example/a.jpg"),
        "b": ("/img/b.jpg", "https://portal.example/img/b.jpg"),
        "c": ("http://img.example/c.jpg", ""),
        "d": ("", ""),
    }
    portal = open_portal(
        tmp_path, [article(each, url=url, image_url=given) for each, (given, _) in pictures.items()]
    )
    response = portal.client.get("/search?sort=oldest")
    shown = set(re.findall(r'<img src="([^"]*)" alt=""', response.text))
    assert shown == {address for _, address in pictures.values() if address}
    assert response.text.count('loading="lazy"') == 2
    assert response.text.count('referrerpolicy="no-referrer"') == 2
    assert "img-src 'self' https: data:" in response.headers["Content-Security-Policy"]


def test_attributes_and_sites_are_filters_that_can_be_removed(tmp_path: Path) -> None:
    portal = open_portal(
        tmp_path,
        [
            article("a", site="main", attributes={"region": "华东", "price": 3}, source="甲报"),
            article("b", site="blog", attributes={"region": "华南", "price": 5}, source="乙报"),
        ],
    )
    every = {
        "site": ["main", "blog"],
        "attributes.region": ["华东", "华南"],
        "attributes.price.min": ["1"],
        "attributes.price.max": ["9.5"],
    }
    text = page(
        portal,
        "/search?" + urlencode({page_parameter(name): each for name, each in every.items()}, True),
    )
    found = links(text)
    assert "共 2 条" in visible_text(text)
    for name, value, chip in (
        ("site", "main", "站点：main"),
        ("site", "blog", "站点：blog"),
        ("attributes.region", "华东", "region：华东"),
        ("attributes.price.min", "1", "price ≥ 1"),
        ("attributes.price.max", "9.5", "price ≤ 9.5"),
    ):
        rest = [each for each in every[name] if each != value]
        left = {key: values for key, values in (every | {name: rest}).items() if values}
        assert all_asked(found[f"{chip} × （去掉）"]) == left
    assert all_asked(found["甲报 1 篇"]) == every | {"source": ["甲报"]}


def test_months_narrow_to_whole_months(portal: Portal) -> None:
    found = links(page(portal, "/search", q="水库", sort="newest"))
    december = asked(found["2025年12月 6 篇"])
    assert december == {"q": "水库", "sort": "newest", "from": "2025-12-01", "to": "2025-12-31"}
    narrow = page(portal, "/search", **december)
    assert "共 6 条" in visible_text(narrow)
    assert asked(links(narrow)["日期：2025-12-01 至 2025-12-31 × （去掉）"]) == {
        "q": "水库",
        "sort": "newest",
    }


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"from": "2026-01-01"}, "日期：2026-01-01 至 今天"),
        ({"to": "2026-01-01"}, "日期：最早 至 2026-01-01"),
        ({"from": "2026-01-05", "to": "2026-01-05"}, "日期：2026-01-05"),
    ],
)
def test_a_range_of_days_is_said_in_words(portal: Portal, days: dict[str, str], said: str) -> None:
    assert said in visible_text(page(portal, "/search", q="水库", **days))


def test_authors_and_tags_are_filters_that_can_be_removed(portal: Portal) -> None:
    found = links(page(portal, "/search", author="覃望舒", tag="云溪"))
    assert asked(found["作者：覃望舒 × （去掉）"]) == {"tag": "云溪"}
    assert asked(found["标签：云溪 × （去掉）"]) == {"author": "覃望舒"}


def test_the_order_can_be_chosen_and_is_kept_by_the_form(portal: Portal) -> None:
    text = page(portal, "/search", q="水库", sort="oldest")
    found = links(text)
    assert asked(found["相关度"]) == {"q": "水库"}
    assert asked(found["最新"]) == {"q": "水库", "sort": "newest"}
    assert re.search(r'aria-current="true">\s*最早', text)
    assert '<input type="hidden" name="sort" value="oldest">' in text


def test_without_words_the_newest_come_first_and_relevance_is_not_offered(portal: Portal) -> None:
    text = page(portal, "/search")
    assert re.search(r'aria-current="true">\s*最新', text)
    assert "相关度" not in text


def test_pages_lead_on_and_back(portal: Portal) -> None:
    first = page(portal, "/search", q="水库")
    assert asked(links(first)["下一页"]) == {"q": "水库", "page": "2"}
    assert "上一页" not in first
    assert '<link rel="next"' in first
    last = page(portal, "/search", q="水库", page="3")
    assert asked(links(last)["上一页"]) == {"q": "水库", "page": "2"}
    assert "下一页" not in last
    assert asked(links(last)["1"]) == {"q": "水库"}
    assert '<ol class="hits" start="21">' in last


def test_duplicates_are_one_hit_with_a_link_to_all_of_them(tmp_path: Path) -> None:
    copies = [article(f"copy-{n}", title=f"渡口{n}", duplicate_group=7) for n in range(3)]
    portal = open_portal(tmp_path, [*copies, article("other", title="渡口的灯")])
    first = page(portal, "/search", q="渡口", sort="newest")
    assert "共 4 条，合并转载后 2 条 （ 不合并 ）" in visible_text(first)
    assert first.count("<li data-article") == 2
    inside = page(portal, links(first)["另有 2 篇"])
    assert inside.count("<li data-article") == 3
    assert "另有" not in visible_text(inside)
    assert asked(links(inside)["同一篇文章的各个版本 × （去掉）"]) == {
        "q": "渡口",
        "sort": "newest",
    }
    every = page(portal, links(first)["不合并"])
    assert every.count("<li data-article") == 4
    assert "合并转载后" not in visible_text(every)
    assert asked(links(every)["不合并转载 × （去掉）"]) == {"q": "渡口", "sort": "newest"}


def test_many_pages_are_shown_with_gaps(tmp_path: Path) -> None:
    portal = open_portal(
        tmp_path, [article(f"a-{number}") for number in range(101)], engine="memory"
    )
    text = page(portal, "/search", page="6")
    numbers = re.findall(r'<li class="number">(.*?)</li>', text, flags=re.DOTALL)
    assert [visible_text(each) for each in numbers] == [
        "1",
        "…",
        "4",
        "5",
        "6",
        "7",
        "8",
        "…",
        "11",
    ]


def test_a_page_beyond_the_last_leads_back(portal: Portal) -> None:
    text = page(portal, "/search", q="水库", page="99")
    assert "没有第 99 页" in text
    assert asked(links(text)["回到第 1 页"]) == {"q": "水库"}


def test_nothing_found_is_no_dead_end(portal: Portal) -> None:
    text = page(portal, "/search", q="子虚乌有", source="青川日报")
    seen = visible_text(text)
    assert "没有找到与“子虚乌有”相符的文章" in seen
    assert "看看有没有错别字" in seen
    assert asked(links(text)["在全部文章里搜索"]) == {"q": "子虚乌有"}
    assert "最新文章" in seen
    assert links(text)["云溪小学的板凳会：凳子搬到哪儿，事就议到哪儿"] == STORY


def test_what_was_relaxed_and_ignored_is_said(portal: Portal) -> None:
    seen = visible_text(page(portal, "/search", q="板凳会 水库 小学 的"))
    assert "更符合的文章只有 1 篇，其余只含有其中一些词语。" in seen
    assert "没有计入过于常见的词：的" in seen


def test_words_that_no_article_holds_are_named(portal: Portal) -> None:
    seen = visible_text(page(portal, "/search", q="板凳会 恐龙 火星", correct="off"))
    assert "没有文章含有“恐龙”、“火星”。" in seen
    assert "没有文章含有" not in visible_text(page(portal, "/search", q="板凳会"))


def test_an_article_page_is_like_the_portals(portal: Portal) -> None:
    text = page(portal, "/articles/story-1")
    seen, found = visible_text(text), links(text)
    assert "首页 情感 故事 云溪小学的板凳会" in seen
    assert asked(found["情感"]) == {"channel": "情感"}
    assert asked(found["故事"]) == {"channel": "情感/故事"}
    assert "日期： 2026-02-01 08:30 来源： 青川日报 作者： 覃望舒 编辑：鲁一鸣" in seen
    assert text.count("<p>清晨，孩子们沿着石板路走进云溪小学。</p>") == 1
    assert asked(found["板凳会"]) == {"tag": "板凳会"}
    assert found["查看原文"] == "https://portal.example/story-1.html"
    assert '<link rel="canonical" href="https://portal.example/story-1.html">' in text
    assert '<meta name="description" content="一所山村小学和一场露天的会。">' in text
    related, rest = text.split("相关阅读")[1].split("热门文章")
    hot, latest = rest.split("<h2>最新文章</h2>")
    assert related.count("<h3>") == 6
    assert related.count('class="lead"') == 6
    assert latest.count("<h3>") == 8
    assert hot.count("<li>") == 10
    assert 'class="lead"' not in hot
    shown = re.findall(r'href="/articles/([^"]+)"', related + hot + latest)
    assert len(set(shown)) == len(shown) == 24
    assert "story-1" not in shown


def test_a_day_without_a_time_is_shown_as_a_day(tmp_path: Path) -> None:
    portal = open_portal(
        tmp_path, [article("a-1", published_at="2026-02-01T00:00:00+08:00")], engine="memory"
    )
    seen = visible_text(page(portal, "/articles/a-1"))
    assert "日期： 2026-02-01" in seen
    assert "00:00" not in seen.split("索引更新至")[0]


def test_an_article_without_a_title_can_still_be_found_and_read(portal: Portal) -> None:
    found = links(page(portal, "/search", q="短讯"))
    assert found["（无题）"] == "/articles/untitled-1"
    assert "<h1>（无题）</h1>" in page(portal, "/articles/untitled-1")


def test_a_lone_article_has_a_page_without_empty_blocks(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, [article("a-1", url="", source="")], engine="memory")
    text = page(portal, "/articles/a-1")
    for absent in ("相关阅读", "热门文章", "最新文章", "查看原文", "来源："):
        assert absent not in text.partition("</head>")[2]
    assert '<link rel="canonical" href="http://localhost/articles/a-1">' in text


def test_every_link_of_a_page_leads_somewhere(tmp_path: Path) -> None:
    portal = open_portal(tmp_path, numbered(3))
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        address = waiting.pop()
        if address in seen or not address.startswith("/"):
            continue
        seen.add(address)
        response = portal.client.get(address, buffered=True)
        assert response.status_code == 200, address
        if response.mimetype == "text/html":
            waiting += links(response.text).values()
    assert len(seen) > 20


def test_a_correction_is_said_and_can_be_refused(portal: Portal) -> None:
    text = page(portal, "/search", q="板登会")
    assert "已为您搜索“ 板凳会 ”" in visible_text(text)
    found = links(text)
    assert asked(found["板凳会"]) == {"q": "板凳会"}
    refused = found["仍要搜索“板登会”"]
    assert asked(refused) == {"q": "板登会", "correct": "off"}
    assert "已为您搜索" not in visible_text(portal.client.get(refused).text)


def test_a_page_explains_scores_when_asked_to(portal: Portal) -> None:
    assert "合计：" in visible_text(page(portal, "/search", q="板凳会", explain="1"))
    assert "合计：" not in visible_text(page(portal, "/search", q="板凳会"))


def test_an_empty_value_is_called_empty(portal: Portal) -> None:
    answer = portal.get("/articles?id=")
    assert "参数 id 不能为空" in visible_text(answer.text)

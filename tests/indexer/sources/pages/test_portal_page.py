"""A portal's page comes in whole: breadcrumb, title, date, source, body, contributor, and nothing of the lists around it."""

from __future__ import annotations

from datetime import UTC

import pytest

from indexer.fields import make_article
from indexer.sources.pages.page import read_page

TITLE = "青石镇：办好“小院议事” 绘就乡村“新画卷”"
BODY = [
    "河口决策网讯 今年以来，青石镇围绕乡村治理这件事，把议事的桌子搬进了农家小院。",
    "抓队伍，选好议事“带头人”",
    "走进桃花社区，村民们围坐在一起商量修路的事，你一言我一语，气氛热烈。全镇推选出议事员120名，办成实事86件，群众看得懂、办得成。",
    "抓阵地 搭好议事“小平台”",
    "一张桌子、几条板凳，小院成了大家爱来的地方。如今路修好了，灯也亮了，日子越过越红火。(供稿人:林 晓)",
]
LISTS = """
<h3>相关阅读</h3>
<ul>
<li><a href="/1.html">白鹿乡：百盏路灯照亮回家路</a></li>
<li>路灯笔直挺拔，路面干净整洁……傍晚走在村道上，沿途的村舍与河流尽收眼底，远处传来孩子们的笑声，还有一两声犬吠</li>
<li><a href="/2.html">送戏下乡暖人心 群众连声说叫好</a></li>
<li>为了丰富群众的文化生活，剧团近日来到山下的小村，锣鼓声一响，老人和孩子都围了过来，热闹得像过年一样，大家看得</li>
</ul>
<h3>热门文章</h3>
<ul></ul>
<h3>最新文章</h3>
<ul>
<li><a href="/3.html">省里开会部署明年的消费维权工作</a></li>
<li>会议传达学习了有关精神，审议通过了工作报告，并就明年的工作作出安排，各地的代表参加了会议，省里的有关负责同志</li>
<li><a href="/4.html">九百公里没找到一个能用的充电桩</a></li>
<li>● 记者近日走访了多地的服务区，发现不少充电桩或者被占用，或者没有通电，车主只好一边赶路一边寻找下一个站点，</li>
</ul>
"""


def _page(*, facts: str, lists: str = LISTS, tag: str = "p", heading: str = "h1") -> str:
    body = "".join(f"<{tag}>&nbsp;&nbsp;&nbsp; {each}</{tag}>\n" for each in BODY)
    return f"""<html><head><meta charset="gb2312"><title>{TITLE}-情感故事-百姓生活网</title>
<meta name="keywords" content="乡村,议事"><meta name="description" content="百姓生活网，说百姓的事，百姓的家园。"></head>
<body><div><h2>百姓生活网</h2>我们一直在记录</div>
<div>当前位置:<a href="/">首页</a> &gt; <a href="/qg">情感</a> &gt; <a href="/qg/gs">故事</a> &gt; </div>
<div><{heading}>{TITLE}</{heading}><div>{facts}</div><div>{body}</div>{lists}</div>
<div>Copyright © 百姓生活网 版权所有 京ICP备00000000号</div></body></html>"""


PRINTED = [
    "日期: 来源:河口决策网收集编辑:河口决策网",
    "<span>日期：</span> <span>来源：<a href='/'>河口决策网</a></span> <span>编辑：河口决策网</span>",
    "日期：&nbsp;&nbsp;来源：河口决策网&nbsp;&nbsp;责任编辑：河口决策网",
    "<em>来源</em><em>河口决策网</em> | <em>编辑</em><em>河口决策网</em>",
]


@pytest.mark.parametrize("facts", PRINTED)
def test_the_page_that_this_service_was_made_for_comes_in_whole(facts: str) -> None:
    assert read_page(_page(facts=facts)) == {
        "title": TITLE,
        "channel": "情感/故事",
        "source": "河口决策网",
        "editor": "河口决策网",
        "author": "林晓",
        "body": "\n".join(BODY),
        "tags": ["乡村", "议事"],
    }


@pytest.mark.parametrize("tag", ["p", "div", "section", "font"])
@pytest.mark.parametrize("heading", ["h1", "h2", "div", "strong"])
def test_it_does_so_whatever_elements_it_is_written_in(tag: str, heading: str) -> None:
    page = _page(facts=PRINTED[0], tag=tag, heading=heading)
    if tag == "font":
        page = page.replace("</font>", "</font><br><br>")
    found = read_page(page)
    assert (found["title"], found["body"]) == (TITLE, "\n".join(BODY))


@pytest.mark.parametrize(
    "lists",
    [
        LISTS.replace("h3>", "p>"),
        LISTS.replace("h3>", "strong>"),
        LISTS.replace("<h3>", "<div class='t'><span>").replace("</h3>", "</span><a href='/m'>更多&gt;&gt;</a></div>"),
        f"<div><div>{LISTS}</div></div>",
        LISTS.replace("<ul>", "<div>").replace("</ul>", "</div>").replace("li>", "p>"),
        LISTS.replace("</a></li>\n<li>", "</a>").replace("相关阅读", "延伸阅读").replace("最新文章", "猜你喜欢"),
        f"<div class='related-articles'>{LISTS}</div>",
        "<div>上一篇：<a href='/0.html'>山里的路修好了</a> 下一篇：<a href='/9.html'>灯亮起来的晚上</a></div>",
        "<p>责任编辑：河口决策网</p><p>分享到：</p><p>声明：本文仅代表作者观点，不代表本站立场，请读者仅作参考。</p>",
        "<p>扫描下方二维码，关注我们的公众号</p>",
    ],
)  # fmt: skip
def test_what_stands_below_an_article_stays_out(lists: str) -> None:
    assert read_page(_page(facts=PRINTED[0], lists=lists))["body"] == "\n".join(BODY)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2024-03-05 10:20", "2024-03-05T02:20:00+00:00"),
        ("发布时间：2024年3月5日 10:20", "2024-03-05T02:20:00+00:00"),
        ("2024/03/05", "2024-03-05T00:00:00+00:00"),
    ],
)
def test_the_date_is_read_as_it_is_printed(date: str, expected: str) -> None:
    from zoneinfo import ZoneInfo

    values = {"id": "a", **read_page(_page(facts=f"{date} 来源：河口决策网"))}
    zone = ZoneInfo("Asia/Shanghai") if "T02" in expected else UTC
    made = make_article(values, timezone=zone)
    assert made.published_at is not None
    assert made.published_at.isoformat() == expected

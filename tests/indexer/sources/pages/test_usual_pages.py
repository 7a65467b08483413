"""Pages as the usual systems write them: old and new portals, governments, blogs, messengers, papers of Taiwan."""

from __future__ import annotations

import pytest

from indexer.sources.pages.page import read_page

TITLE = "山下茶园春来早"
BODY = [
    "春分一过，山下的茶园就忙开了，采茶的妇女们背着竹篓，沿着石阶往上走。",
    "今年雨水足，芽头肥，收购价也比去年高了一成，大家的脸上都带着笑。",
]
TEXT = "".join(f"<p>　　{each}</p>" for each in BODY)
MENU = "<ul><li><a href=/>网站首页</a></li><li><a href=/n>新闻</a></li><li><a href=/m>更多</a></li></ul>"
OTHERS = "<ul><li><a href=2>村口的老槐树又开了花</a></li><li><a href=3>河边的水车转了一百年</a></li></ul>"

PAGES = {
    "a system of 2008, with small labels": (
        f"<title>{TITLE}_茶乡网</title>{MENU}<div class='place'><strong>当前位置:</strong> <a href=/>主页</a> > <a>新闻</a> > "
        f"<a>乡村</a> > </div><div class='viewbox'><div class='title'><h2>{TITLE}</h2></div><div class='info'><small>时间:</small>"
        f"2012-03-04 12:00<small>来源:</small>茶乡网 <small>作者:</small>林晓 <small>点击:</small>88次</div><div class='content'>"
        f"<table><tr><td>{TEXT}</td></tr></table></div><div><p>顶一下</p><p>(12)</p><p>踩一下</p></div><strong>------分隔线-----</strong>"
        f"<div><ul><li>上一篇：<a href=1>村口的老槐树又开了花</a></li><li>下一篇：没有了</li></ul></div><dl><dt>推荐内容</dt><dd>{OTHERS}</dd></dl>",
        {"channel": "新闻/乡村", "source": "茶乡网", "author": "林晓", "published_at": "2012-03-04 12:00"},
    ),
    "a page laid out by a table, one paragraph a line break": (
        f"<title>{TITLE}-茶乡在线</title>{MENU}<table width=900><tr><td>首页 → 新闻 → 乡村 → 正文</td></tr><tr><td><b>{TITLE}</b></td></tr>"
        f"<tr><td>[ 作者：林晓　转贴自：茶乡日报　点击数：50　更新时间：2008-5-6　文章录入：admin ]</td></tr><tr><td>&nbsp;&nbsp;{BODY[0]}"
        f"<br><br>&nbsp;&nbsp;{BODY[1]}<br></td></tr><tr><td>上一篇文章： <a href=1>村口的老槐树又开了花</a></td></tr>"
        "<tr><td>【发表评论】【告诉好友】【打印此文】【关闭窗口】</td></tr></table>",
        {"channel": "新闻/乡村", "source": "茶乡日报", "author": "林晓", "published_at": "2008-5-6"},
    ),
    "a government": (
        f"<title>{TITLE}</title><meta name='SiteName' content='茶乡县人民政府'>{MENU}<div class=dqwz><span>您当前所在位置：</span>"
        f"<a>首页</a><span>&gt;</span><a>政务动态</a><span>&gt;</span><a>乡村动态</a></div><h2 class=xl-t>{TITLE}</h2><div><span>发布时间："
        "2023-04-05 09:08</span><span>信息来源：县农业农村局</span><span>浏览量：<b>123</b></span><span>【字体：<a>大</a> <a>中</a> <a>小</a>】"
        f"</span><span>打印</span></div><div>{TEXT}</div><div>扫一扫在手机打开当前页</div><div>分享到：微信 微博</div>"
        "<div>主办：茶乡县人民政府办公室 备案号：京ICP备0000号</div>",
        {"channel": "政务动态/乡村动态", "source": "县农业农村局", "site": "茶乡县人民政府", "published_at": "2023-04-05 09:08"},
    ),
    "a blog": (
        f"<title>{TITLE} – 茶乡博客</title>{MENU}<nav class='breadcrumbs'><a>首页</a> » <a>随笔</a> » <span>{TITLE}</span></nav><article>"
        f"<header><h1>{TITLE}</h1><div><span>作者: <a>林晓</a></span> <time>2023年5月6日</time> <a>发表评论</a></div></header>"
        f"<div>{TEXT}</div><footer>分类：<a>随笔</a></footer></article><div id=comments><p>写得真好，春天的茶山一定很美，空气也好。</p></div>",
        {"channel": "随笔", "author": "林晓", "published_at": "2023年5月6日"},
    ),
    "a messenger's account, hidden until a script runs": (
        f"<title></title><meta property='og:title' content='{TITLE}'><h1>\n{TITLE}\n</h1><div><span>原创</span> <span>林晓</span> "
        f"<span><a>茶乡发布</a></span> <em>2023-05-06 07:08</em></div><div style='visibility: hidden; opacity: 0;'><section><section>"
        f"<section><span>{BODY[0]}</span></section><section><span>{BODY[1]}</span></section></section></section>"
        "<p>点击上方蓝字关注我们</p><p>编辑 | 周舟</p><p>审核 | 林晓</p></div><div>微信扫一扫关注该公众号</div>",
        {"source": "茶乡发布", "editor": "周舟", "published_at": "2023-05-06 07:08"},
    ),
    "a paper in traditional characters": (
        f"<title>{TITLE} | 社會 | 河灣新聞網</title>{MENU}<div class=bread>目前位置：<a>首頁</a> &gt; <a>社會</a> &gt; <a>地方</a></div>"
        f"<h1>{TITLE}</h1><div>2023/05/06 07:08 河灣日報 記者林曉／報導</div><div>{TEXT}</div><h3>相關新聞</h3>{OTHERS}",
        {"channel": "社會/地方", "source": "河灣日報", "author": "林曉", "published_at": "2023/05/06 07:08"},
    ),
    "a page of several": (
        f"<title>{TITLE}_茶乡网</title>{MENU}<h1>{TITLE}</h1><div>时间：2023-5-6 周六 上午 9:30　　编辑：周舟</div><div>{TEXT}<div>"
        "<a>上一页</a> <b>1</b> <a href=2>2</a> <a href=3>3</a> <a href=2>下一页</a></div></div>",
        {"editor": "周舟", "published_at": "2023-5-6 周六 上午 9:30"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PAGES)
def test_a_usual_page_comes_in_whole_and_alone(kind: str) -> None:
    page, said = PAGES[kind]
    expected = {"title": TITLE, "body": "\n".join(BODY), **said}
    assert read_page(f"<html><body>{page}</body></html>") == expected


def test_a_page_of_one_sentence_is_an_article() -> None:
    page = (
        f"<title>{TITLE}_茶乡网</title>{MENU}<div>您的位置：首页 > 快讯</div><h1>{TITLE}</h1>"
        "<div>2023-05-06 来源：茶乡网</div><p>新茶今日上市，每斤八十元。</p>"
    )
    assert read_page(page)["body"] == "新茶今日上市，每斤八十元。"


def test_a_page_in_english_is_read() -> None:
    text = (
        "After the equinox the tea gardens are busy, and women climb the stone steps with baskets."
    )
    page = (
        "<title>Spring comes early to the hills - River Post</title><h1>Spring comes early to the hills</h1>"
        f"<div>By Lin Xiao, River Post | 2023-05-06 07:08</div><p>{text}</p><p>{text}</p>"
    )
    found = read_page(page)
    assert found["title"] == "Spring comes early to the hills"
    assert found["body"] == f"{text}\n{text}"
    assert found["published_at"] == "2023-05-06 07:08"

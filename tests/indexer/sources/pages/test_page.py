"""What is read from a page: one rule a test."""

from __future__ import annotations

import pytest

from indexer.sources.pages.page import NoArticle, read_page
from tests.indexer.sources.pages.writing import TEXT, article, page

PARAGRAPHS = [
    "集市一早就热闹起来，卖糖画的老人支起了摊子，孩子们把他围得水泄不通。",
    "到了晌午，花鼓队从桥头走来，锣声一响，半条街的人都停下了手里的活。",
]


def _body(text: str) -> object:
    return read_page(text)["body"]


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("桥头集市的花鼓声_河湾网", ""),
        ("桥头集市的花鼓声|集市_社会_河湾网", ""),
        ("桥头集市的花鼓声 - 河湾网 - 地方", ""),
        ("桥头集市的花鼓声-河湾网", ""),
        ("桥头集市的花鼓声--河湾日报", ""),
        ("桥头集市的花鼓声", ""),
        ("桥头集市的花鼓声_河湾网", "<h1>河湾网</h1><h1>桥头集市的花鼓声</h1>"),
        ("桥头集市的花鼓声_河湾网", "<div>桥头集市的花鼓声</div>"),
        ("桥头集市的花鼓声_河湾网", "<h1>河湾网</h1>"),
        ("", "<h1>桥头集市的花鼓声</h1>"),
    ],
)
def test_the_title_is_the_heading_or_what_the_page_calls_itself_without_the_site(
    title: str, heading: str
) -> None:
    text = f"<html><head><title>{title}</title></head><body>{heading}{TEXT}</body></html>"
    assert read_page(text)["title"] == "桥头集市的花鼓声"


def test_a_dash_inside_a_title_parts_nothing() -> None:
    text = page(f"<h1>对话-花鼓传人：鼓声不停</h1>{TEXT}", title="对话-花鼓传人：鼓声不停")
    assert read_page(text)["title"] == "对话-花鼓传人：鼓声不停"


@pytest.mark.parametrize(
    "crumbs",
    [
        "<div>当前位置：<a>首页</a> &gt; <a>地方</a> &gt; <a>集市</a></div>",
        "<div>您的位置: 河湾网首页 &gt;&gt; 地方 &gt;&gt; 集市 &gt;&gt; 正文</div>",
        "<p>您现在的位置：首页 » 地方 » 集市 » 桥头集市的花鼓声</p>",
        "<nav class='breadcrumb'><ol><li><a>首页</a></li><li><a>地方</a></li><li><a>集市</a></li></ol></nav>",
        "<ul id='bread'><li>首页</li><li>/</li><li>地方</li><li>/</li><li>集市</li></ul>",
        "<div><a>首页</a>><a>地方</a>><a>集市</a>>桥头集市的…</div>",
        "<script type='application/ld+json'>{'@type': 'BreadcrumbList', 'itemListElement': ["
        "{'name': '首页'}, {'item': {'name': '地方'}}, {'name': '集市'}, {'name': '桥头集市的花鼓声'}]}</script>",
    ],
)  # fmt: skip
def test_the_breadcrumb_is_the_channel(crumbs: str) -> None:
    crumbs = crumbs.replace("'", '"') if "ld+json" in crumbs else crumbs
    assert read_page(page(f"{crumbs}<h1>桥头集市的花鼓声</h1>{TEXT}"))["channel"] == "地方/集市"


def test_a_page_without_a_breadcrumb_has_no_channel() -> None:
    assert "channel" not in read_page(article())


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ("<div>2024-03-05 10:20 来源：<a>河湾晚报</a> 举报</div>", ("河湾晚报", "2024-03-05 10:20")),
        ("<div><span>2024年03月05日 10:20</span><span>河湾晚报</span></div>", ("河湾晚报", "2024年03月05日 10:20")),
        ("<div>稿件来源：河湾晚报 发布时间：2024-03-05</div>", ("河湾晚报", "2024-03-05")),
        ("<p>林晓/河湾晚报</p><p>2024-03-05 10:20</p>", ("河湾晚报", "2024-03-05 10:20")),
        ("<div>来源：Riverside Post  2024-03-05 10:20:30</div>", ("Riverside Post", "2024-03-05 10:20:30")),
        ("<div>图片来源：山城图库</div><div>来源：河湾晚报</div><div>2024-03-05</div>", ("河湾晚报", "2024-03-05")),
        ("<div>（来源：河湾晚报 2024-03-05 10:20）</div>", ("河湾晚报", "2024-03-05 10:20")),
    ],
)  # fmt: skip
def test_source_and_date_stand_above_the_text(above: str, expected: tuple[str, str]) -> None:
    found = read_page(article(above=above))
    assert (found["source"], found["published_at"]) == expected
    assert found["body"] == "\n".join(PARAGRAPHS)


@pytest.mark.parametrize(
    ("below", "name", "expected"),
    [
        ("<p>（责任编辑：林晓）</p>", "editor", "林晓"),
        ("<p>【编辑:林晓】</p>", "editor", "林晓"),
        ("<p>责任编辑：林晓_HW2024</p>", "editor", "林晓"),
        ("<p>编辑 林晓 校对 周舟</p>", "editor", "林晓"),
        ("<p>作者：林晓 周舟</p>", "author", "林晓 周舟"),
        ("<p>撰文/林晓 摄影/周舟</p>", "author", "林晓"),
        ("<p>来源：河湾晚报</p>", "source", "河湾晚报"),
        ("<p>发布日期：2024-03-05 责任编辑：林晓</p>", "published_at", "2024-03-05"),
    ],
)
def test_people_and_date_may_stand_below_the_text(below: str, name: str, expected: str) -> None:
    assert read_page(article(below=below))[name] == expected


@pytest.mark.parametrize(
    ("credit", "expected"),
    [
        ("（记者 林晓）", "林晓"),
        ("（本报记者 林晓 周舟）", "林晓 周舟"),
        ("(供稿人:林 晓)", "林晓"),
        ("（通讯员 林晓）", "林晓"),
        ("（林晓）", None),
    ],
)
def test_a_credit_in_brackets_names_the_author_and_stays_in_the_text(
    credit: str, expected: str | None
) -> None:
    text = TEXT.replace("手里的活。</p>", f"手里的活。{credit}</p>")
    found = read_page(article(text))
    assert found.get("author") == expected
    assert str(found["body"]).endswith(credit)


def test_an_author_wins_over_a_contributor() -> None:
    text = TEXT.replace("手里的活。</p>", "手里的活。（供稿人：周舟）</p>")
    assert read_page(article(text, above="<div>作者：林晓</div>"))["author"] == "林晓"


def test_what_only_machines_see_fills_what_is_not_printed() -> None:
    head = (
        "<meta name='PubDate' content='2024-03-05 10:20'><meta name='ContentSource' content='河湾晚报'>"
        "<meta property='og:url' content='https://portal.example/1.html'><meta property='og:image' content='/a.jpg'>"
        "<meta property='og:site_name' content='河湾网'><meta name='keywords' content='集市、花鼓'>"
        "<meta name='description' content='一个集市，半条街的花鼓：老人和孩子怎样过这一天。'>"
    )
    found = read_page(article(head=head))
    assert found["published_at"] == "2024-03-05 10:20"
    assert found["source"] == "河湾晚报"
    assert found["url"] == "https://portal.example/1.html"
    assert found["image_url"] == "https://portal.example/a.jpg"
    assert found["site"] == "河湾网"
    assert found["tags"] == ["集市", "花鼓"]
    assert found["lead"] == "一个集市，半条街的花鼓：老人和孩子怎样过这一天。"


def test_json_ld_is_read_with_line_breaks_inside_texts() -> None:
    head = '<script type="application/ld+json">{"@graph": [{"datePublished": "2024-03-05\n", "url": "https://portal.example/1"}]}</script>'
    found = read_page(article(head=head))
    assert (found["published_at"], found["url"]) == ("2024-03-05", "https://portal.example/1")


@pytest.mark.parametrize(
    "broken",
    ['{"a": ', '["a"]', '{"@graph": 1}', '{"@type": "BreadcrumbList", "itemListElement": [1]}'],
)
def test_broken_json_ld_costs_nothing(broken: str) -> None:
    head = f'<script type="application/ld+json">{broken}</script>'
    assert _body(article(head=head)) == "\n".join(PARAGRAPHS)


@pytest.mark.parametrize(
    "given",
    [
        "<link rel='canonical' href='https://portal.example/'>",
        "<link rel='canonical' href='/1.html'>",
        "<link rel='canonical' href='http://['>",
    ],
)
def test_a_home_page_is_no_articles_address(given: str) -> None:
    assert "url" not in read_page(article(head=given))


def test_the_address_that_a_browser_wrote_into_the_page_is_read() -> None:
    saved = "<!-- saved from url=(0029)https://portal.example/1.html -->"
    assert read_page(saved + article())["url"] == "https://portal.example/1.html"


@pytest.mark.parametrize(
    "description",
    [
        "集市一早就热闹起来，卖糖画的老人支起了摊子，孩子们",
        "河湾网是本地最大的门户网站，为您提供新闻、论坛、招聘和房产服务。",
        "桥头集市的花鼓声",
    ],
)
def test_a_description_that_says_nothing_of_its_own_is_no_lead(description: str) -> None:
    assert "lead" not in read_page(
        article(head=f"<meta name='description' content='{description}'>")
    )


def test_keywords_of_the_site_are_no_tags() -> None:
    head = "<meta name='keywords' content='河湾,新闻,论坛,招聘,花鼓'>"
    assert read_page(article(head=head))["tags"] == ["花鼓"]


def test_the_first_picture_of_the_text_is_the_image() -> None:
    pictures = "<img src='data:image/gif;base64,AAAA' data-src='https://img.example/a.jpg'>"
    text = f"<img src='https://img.example/logo.png'>{article(pictures + TEXT)}"
    assert read_page(text)["image_url"] == "https://img.example/a.jpg"


def test_rows_of_a_table_of_data_are_lines_and_a_table_of_layout_is_not_one() -> None:
    rows = "<table><tr><th>摊位</th><th>数目</th></tr><tr><td>糖画</td><td>12</td></tr></table>"
    layout = f"<table><tr><td>{TEXT}{rows}</td></tr></table>"
    assert _body(article(layout)) == "\n".join([*PARAGRAPHS, "摊位 数目", "糖画 12"])


def test_inline_elements_do_not_break_a_line_and_hidden_ones_are_not_read() -> None:
    text = "<p>花鼓队<b>从</b><a href='/q'>桥头</a>走来，<span style='display: none'>看不见的话，</span><script>x</script>锣声一响。</p>"
    assert str(_body(article(TEXT + text))).endswith("花鼓队从桥头走来，\n锣声一响。")


@pytest.mark.parametrize(
    "inside",
    [
        "<ul><li><a href='/1'>山里的路修好了一半</a></li><li><a href='/2'>灯亮起来的那个晚上</a></li></ul>",
        "<p><a href='/1'>山里的路修好了一半</a></p>",
        "<div class='share'>分享到微信</div>",
        "<div class='comment-list'><p>写得真好，我也去过那个集市，糖画很甜。</p></div>",
    ],
)
def test_links_shares_and_comments_inside_the_text_stay_out(inside: str) -> None:
    assert _body(article(TEXT + inside)) == "\n".join(PARAGRAPHS)


@pytest.mark.parametrize(
    "last",
    [
        "关注民生的人都知道，这样的集市已经不多了，年轻人大多去了城里，剩下的都是老人。",
        "来源于民间的花鼓，如今又回到了民间，这是老人最高兴的事，他说了好几遍，还要再说。",
        "图为桥头的集市。林晓 摄",
        "附件：集市摊位登记表",
    ],
)
def test_a_paragraph_that_begins_like_a_control_is_kept(last: str) -> None:
    assert str(_body(article(f"{TEXT}<p>{last}</p>"))).endswith(last)


POEM = ["雨落在山里", "落在瓦上", "也落在你的窗前", "我听见整座山", "都在轻轻地说话", "说给溪水"]
LIST = "<ul><li><a href='/1'>河湾镇今年的花鼓开锣了</a></li><li><a href='/2'>老桥修好以后通车的第一天</a></li></ul>"


@pytest.mark.parametrize(
    "made",
    [
        article("".join(f"<p>{each}</p>" for each in POEM)),
        article("<p>" + "<br>".join(POEM) + "</p>"),
        article("<ul>" + "".join(f"<li>{each}</li>" for each in POEM) + "</ul>"),
        article("<table>" + "".join(f"<tr><td>{each[:2]}</td><td>{each[2:]}</td></tr>" for each in POEM) + "</table>"),
        page("<div>" + "".join(f"<p>{each}</p>" for each in POEM) + "</div>"),
        article(
            "".join(f"<p>{each}</p>" for each in POEM),
            above=f"<div class='sidebar'>{LIST}</div><div>来源：河湾网 2024-03-05 10:00</div>",
            below=f"<div>责任编辑：李小河</div><p>相关阅读</p>{LIST}",
        ),
        article("".join(f"<p>{each}</p>" for each in POEM), below=LIST),
    ],
)  # fmt: skip
def test_lines_without_sentences_are_read_where_there_is_nothing_else(made: str) -> None:
    assert str(_body(made)).replace(" ", "") == "\n".join(POEM)


@pytest.mark.parametrize(
    ("title", "inner"),
    [
        ("登录", "<h1>登录</h1><form>用户名 <input> 密码 <input></form><p>忘记密码</p><p>注册新用户</p>"),
        ("找不到页面", "<h1>找不到页面</h1><p>您访问的页面不存在</p><p>返回首页</p>"),
        ("联系我们", "<h1>联系我们</h1><p>电话 123</p><p>地址 河湾镇</p>"),
        ("新闻", f"<h1>新闻</h1>{LIST * 5}"),
    ],
)  # fmt: skip
def test_a_page_of_little_text_is_no_article(title: str, inner: str) -> None:
    with pytest.raises(NoArticle, match="no text"):
        read_page(page(inner, title=title))


def test_a_page_of_links_is_no_article() -> None:
    links = "".join(
        f"<p><a href='/{n}'>第{n}条新闻的标题写在这里</a> 2024-03-05</p>" for n in range(40)
    )
    with pytest.raises(NoArticle, match="no text"):
        read_page(page(links))


def test_control_characters_are_not_read() -> None:
    text = article(TEXT.replace("花鼓", "花\x07鼓\x00"))
    assert _body(text) == "\n".join(PARAGRAPHS)

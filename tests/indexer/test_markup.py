"""Markup: HTML is found and read as a reader sees it; a text that speaks of HTML stays as it is."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.markup import MAX_DEPTH, MAX_ROW, MAX_TABLES, has_markup, plain_text

HTML = {
    "paragraphs": "<p>河堤上种了柳树。</p><p>孩子们在树下读书。</p>",
    "capitals and attributes": '<DIV CLASS="a" align=center><P>河堤上种了柳树。',
    "breaks": "河堤上种了柳树<br>孩子们在树下读书",
    "a break in an address": "地址：青崖渡<br />电话：123",
    "a heading": "<h2>柳树</h2>",
    "a table": "<table border='1'><tr><td>柳树</td></tr></table>",
    "a list whose items are not closed": "<ul><li>柳树<li>槐树</ul>",
    "a picture": '河堤<img src="/a/liu.jpg" alt="柳树">上种了柳树',
    "a cut beginning": "种了柳树</p><p>孩子们在树下读书",
    "a cut end": "<div><p>河堤上种了柳树，孩子",
    "a paragraph after a plain text": "编者按<p>河堤上种了柳树。</p>",
    "paragraphs that are not closed": "河堤上种了柳树。<p>孩子们在树下读书。",
    "blanks inside": "<div> 柳树 </div>",
    "a first word that also names tags": "<p>元素周期表挂在墙上。</p>",
    "an inline tag": "<em>柳树</em>下的课堂",
    "an inline tag with attributes": '<font color="red">快讯</font>：河堤开放',
    "spaces": "&nbsp;&nbsp;&nbsp;&nbsp;河堤上种了柳树",
    "spaces parted by blanks": "柳树 &nbsp; &nbsp; 槐树",
    "spaces without a semicolon": "&nbsp&nbsp河堤上种了柳树",
    "a space alone": "&nbsp;",
    "quotes": "他说&ldquo;柳树活了&rdquo;。",
    "numbers of characters": "他说&#8220;柳树活了&#x201d;。",
    "what PHP escapes": "&quot;柳树&quot;与槐树",
    "an escaped ampersand": "R&amp;D 中心",
    "the leftover of a feed": "<![CDATA[柳树]]>",
    "a mark of a program": "河堤上种了柳树<!--more-->孩子们在树下读书",
    "a page": "<!DOCTYPE html>\n<html><body>柳树</body></html>",
}

NO_HTML = {
    "a comparison": "5<6",
    "a formula": "若 a<b && c>d，则 x<p>y",
    "code": "if (a<p and c>d) { vector<a> x; List<String> y; }",
    "an escaped tag": "在 HTML 里用 &lt;b&gt; 表示粗体",
    "an escaped tag with attributes": "&lt;p class=&quot;a&quot;&gt; 与 &amp;nbsp;",
    "an escaped tag in numbers": "在 HTML 里用 &#60;b&#62; 表示粗体",
    "a tag in a sentence": "用 <b> 标签表示粗体",
    "a tag and its end in a sentence": "<b> 和 </b> 之间的字是粗体",
    "a tag and its end without blanks": "粗体用<b>开始，用</b>结束",
    "a block in a sentence": "段落用 <p> 开始，以 </p> 结束。",
    "a block and its end without blanks": "用<p>写一段，再用</p>结束。",
    "a block as an example": "写成 <p>你好</p> 就是一段",
    "a block at the start of a sentence": "<p> 标签表示段落",
    "two blocks at the start of a title": "<div>和<span>的区别",
    "a block in quotes": "“<p>”是段落",
    "a break in a sentence": "换行用 <br> 即可",
    "a break and a picture without blanks": "换行用<br>，图片用<img>。",
    "a list of tags": "<br>：换行\n<hr>：横线\n<p>：段落",
    "a named space": "空格写作 &nbsp; 就行",
    "a space in quotes": "用“&nbsp;”表示空格",
    "a comment in a sentence": "注释写作 <!-- 注释 -->",
    "a doctype in a sentence": "网页以 <!DOCTYPE html> 开头",
    "names of films": "电影<Lost Boat>和<号外>，《渡口》",
    "parameters of an address": "a.php?x=1&copy=2&nbsp=3",
    "firms": "AT&T 和 R&D; 与 B&B",
    "emoticons": "<3 >_< <-- ->",
    "a cut tag": "河堤<p clas",
    "an address in angles": "见 <http://example.cn/a>",
}


class TestWhetherATextIsMarkup:
    @pytest.mark.parametrize("text", HTML.values(), ids=HTML)
    def test_html_is_found_and_none_is_left(self, text: str) -> None:
        assert has_markup(text)
        assert not has_markup(plain_text(text).text)

    @pytest.mark.parametrize("text", NO_HTML.values(), ids=NO_HTML)
    def test_a_text_that_merely_holds_its_signs_is_none(self, text: str) -> None:
        assert not has_markup(text)

    @given(st.text(st.characters(exclude_characters="<&")))
    def test_no_text_without_its_signs_is_markup(self, text: str) -> None:
        assert not has_markup(text)

    @given(st.lists(st.sampled_from([*"柳树。<>&;/= \n\"'", "<<", "5<6", "&&", "br", "p"])))
    def test_signs_alone_make_no_markup(self, pieces: list[str]) -> None:
        text = "".join(pieces)
        if not any(tag in text for tag in ("<p", "</p", "<br", "</br")):
            assert not has_markup(text)


class TestWhatAReaderSees:
    @pytest.mark.parametrize(
        ("markup", "lines"),
        [
            ("<p>河堤</p><p>柳\n树</p>", ["河堤", "柳 树"]),
            ("河堤<br>柳树<br/><br/>槐树", ["河堤", "柳树", "槐树"]),
            ("<h1>柳树</h1>河堤上种了柳树", ["柳树", "河堤上种了柳树"]),
            ("<ul><li>柳树</li><li>槐树<li><b>榆</b>树</ul>", ["柳树", "槐树", "榆树"]),
            ("<dl><dt>柳</dt><dd>落叶树</dd></dl>", ["柳", "落叶树"]),
            ("<p>河堤<div>柳树</div>槐树", ["河堤", "柳树", "槐树"]),
            ("<em>柳</em><font color=red>树</font><b>下</b>", ["柳树下"]),
            ("<p>&nbsp;&nbsp;河堤&nbsp;&nbsp;柳树　</p>", ["河堤 柳树"]),
            ("<p>&ldquo;柳&rdquo;&#8220;树&#x201d;&hellip;&#147;槐&#148;</p>", ["“柳”“树”…“槐”"]),
            ("<p>用 &lt;b&gt; 与 &amp;lt; 写</p>", ["用 <b> 与 &lt; 写"]),
            ("<pre>柳树\n  槐树</pre>", ["柳树", "槐树"]),
            ("<p>若 5<6，电影<Lost Boat>与<号外></3></p>", ["若 5<6，电影<Lost Boat>与<号外></3>"]),
            ("<p>见 <http://example.cn/a><o:p>好</o:p></p>", ["见 <http://example.cn/a>好"]),
            ("<ruby>柳<rp>(</rp><rt>liǔ</rt><rp>)</rp></ruby>树", ["柳树"]),
            ("<script>var a = '<p>x</p>'</script><style>p {}</style>柳树<!-- 槐树 -->", ["柳树"]),
            ("<p hidden>x</p><p style='Display: none'>y<b>z</b></p>柳树", ["柳树"]),
            ("<select><option>x</select><textarea><p>y</textarea><button>z</button>柳树", ["柳树"]),
            ("<form><input value=x>柳树</form>", ["柳树"]),
            (
                "<!DOCTYPE html><html><head><title>x</title></head><body>柳树</body></html>",
                ["柳树"],
            ),
            ("<meta charset=gbk><p>柳树</p>", ["柳树"]),
            ("<![CDATA[<p>柳树</p>]]>", ["柳树"]),
            ("</div></p>柳树</b>", ["柳树"]),
            ("<p>柳\0树</p>\ud800", ["柳树", "\ufffd"]),
            ("<!-- 不关", []),
            ("", []),
        ],
    )
    def test_lines(self, markup: str, lines: list[str]) -> None:
        assert plain_text(markup).text.split("\n") == (lines or [""])

    def test_line_breaks_outside_of_blocks_part_paragraphs(self) -> None:
        text = "河堤上种了柳树。\n孩子们在&ldquo;树下&rdquo;读书。\n<img src=a.jpg>\n<h2>槐\n树</h2>\n尾声"
        assert plain_text(text).text.split("\n") == [
            *("河堤上种了柳树。", "孩子们在“树下”读书。", "槐 树", "尾声")
        ]

    def test_rows_are_lines_and_cells_are_parted_by_a_blank(self) -> None:
        table = (
            "<table><caption>树</caption><thead><tr><th>名</th><th>高</th></tr></thead>"
            "<tr><td><p>柳</p></td><td>九米<br>以上</td></tr><tr><td>槐<td><td>八米</table>"
        )
        assert plain_text(table).text.split("\n") == ["树", "名 高", "柳 九米 以上", "槐 八米"]

    def test_a_table_that_lays_out_a_page_keeps_its_paragraphs(self) -> None:
        long = "柳" * MAX_ROW
        page = f"<table><tr><td><p>{long}</p><p>槐树。</p></td><td>广告</td></tr></table>"
        assert plain_text(page).text.split("\n") == [long, "槐树。", "广告"]
        assert plain_text("<table><tr><td>柳<p>槐</table>").text.split("\n") == ["柳", "槐"]

    def test_tables_in_tables(self) -> None:
        inner = "<table><tr><td>柳</td><td>槐</td></tr></table>"
        outer = f"<table><tr><td>{inner}</td></tr><tr><td>榆</td></tr></table>"
        assert plain_text(outer).text.split("\n") == ["柳 槐", "榆"]
        deep = "<table><tr><td>" * (MAX_TABLES + 1) + inner + "</table>" * (MAX_TABLES + 1) + "榆"
        assert plain_text(deep).text.split("\n") == ["柳", "槐", "榆"]

    @pytest.mark.parametrize(
        ("markup", "image"),
        [
            ("<p>柳<img src=' /liu.jpg '><img src=/huai.jpg></p>", "/liu.jpg"),
            ("<img src=/g.gif data-src=//c.cn/liu.jpg>", "//c.cn/liu.jpg"),
            ("<img src='data:image/gif;base64,R0' data-original=liu.jpg>", "liu.jpg"),
            ("<img src=/none.gif zoomfile=/forum/liu.jpg>", "/forum/liu.jpg"),
            ("<img src='data:image/png;base64,aa'><img src=liu.jpg>", "liu.jpg"),
            ("<img src=/count.gif width=1 height=1><img src=liu.jpg width=600>", "liu.jpg"),
            ("<img src=/face/3.gif style='width: 24px'><img src=liu.jpg>", "liu.jpg"),
            ("<img src=/js/blank.gif><img src=/a/loading.gif?1><img src=liu.jpg>", "liu.jpg"),
            ("<div style='display:none'><img src=x.jpg></div><img src=liu.jpg>", "liu.jpg"),
            ("<noscript><img src=x.jpg></noscript><img src=liu.jpg>", "liu.jpg"),
            ("<img src=liu.jpg width=100% height=auto>", "liu.jpg"),
            ("<img src=a&amp;b.jpg>", "a&b.jpg"),
            ("<img><img src=''><img src=about:blank>", ""),
            ("柳树", ""),
        ],
    )
    def test_the_first_real_picture(self, markup: str, image: str) -> None:
        assert plain_text(markup).image == image


WORDS = st.text(st.sampled_from("河堤上种了柳树。5<6&'\""), min_size=1, max_size=8)
INLINE = st.sampled_from(["b", "em", "span", "font", "a"])
BLOCK = st.sampled_from(["p", "div", "h2", "li", "blockquote", "section", "td"])


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Well-formed markup, and its words in order."""
    words: list[str] = []

    def line() -> str:
        word = draw(WORDS)
        words.append(word)
        name = draw(INLINE)
        return f"<{name} class='x'>{escape(word)}</{name}>" if draw(st.booleans()) else escape(word)

    parts = []
    for _ in range(draw(st.integers(1, 6))):
        name = draw(BLOCK)
        parts.append(f"<{name}>{line()}<br/>{line()}</{name}>")
    return "".join(parts), words


class TestProperties:
    @given(documents())
    def test_every_word_of_a_document_stays_in_its_line(
        self, document: tuple[str, list[str]]
    ) -> None:
        markup, words = document
        assert has_markup(markup)
        assert plain_text(markup).text.split("\n") == words
        assert not has_markup(plain_text(markup).text)

    @given(st.text(st.sampled_from("柳<>/pbr &#;=\"'!-[]atbldivmgsc\0\ud800\n")))
    def test_any_text_is_read_to_clean_lines(self, markup: str) -> None:
        has_markup(markup)
        text = plain_text(markup).text
        assert "\0" not in text
        assert all(line == " ".join(line.split()) and line for line in text.split("\n") if text)

    @settings(max_examples=25)
    @given(documents(), st.integers(0, 20))
    def test_a_long_text_is_read_as_its_parts(
        self, document: tuple[str, list[str]], shift: int
    ) -> None:
        markup, words = document
        times = 1 + 40_000 // len(markup)
        assert plain_text(" " * shift + markup * times).text.split("\n") == words * times


class TestHostileMarkup:
    @pytest.mark.parametrize(("name", "depth"), [("div", 100_000), ("b", 9_999), ("table", 9_999)])
    def test_deep_nesting_keeps_its_text(self, name: str, depth: int) -> None:
        markup = f"<{name}>" * depth + "柳树" + f"</{name}>" * depth + "<p>槐树"
        assert plain_text(markup).text.split("\n") == ["柳树", "槐树"]
        assert plain_text(f"<{name}>" * (MAX_DEPTH - 9) + "柳<i>树").text == "柳树"

    def test_end_tags_that_close_nothing_are_not_sought_in_deep_markup(self) -> None:
        assert plain_text("<div>" * 20_000 + "</p>" * 40_000 + "柳树").text == "柳树"

    @pytest.mark.parametrize(
        "piece", ["<a", "</", "<!", "&", "<p a='", "<b>", "&nbsp", "用<br>", "<p>\0"]
    )
    def test_much_broken_markup(self, piece: str) -> None:
        markup = piece * (100_000 // len(piece))
        has_markup(markup)
        assert len(plain_text(markup).text) <= len(markup)

    def test_a_megabyte_of_signs_stays_as_it_is(self) -> None:
        assert not has_markup("<" * 1_000_000)
        assert plain_text("<" * 100_000).text == "<" * 100_000

    def test_very_many_attributes(self) -> None:
        attributes = " ".join(f"a{number}=1" for number in range(100_000))
        assert plain_text(f"<p {attributes}>柳树").text == "柳树"

    def test_entities_are_not_expanded(self) -> None:
        bomb = '<!DOCTYPE p [<!ENTITY a "柳柳"><!ENTITY b "&a;&a;">]><p>&b;</p>'
        assert "柳" not in plain_text(bomb).text
        file = '<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/hostname">]><p>&a;槐</p>'
        assert plain_text(file).text.endswith("&a;槐")

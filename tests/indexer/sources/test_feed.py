"""The source feed: the contract of all sources, and what is its own."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from html import escape
from pathlib import Path

import pytest

from indexer.article import Article
from indexer.clean import clean
from indexer.errors import SourceUnreadable
from indexer.fields import Made, make_article
from indexer.reading import Reading
from indexer.records import Record, Rejection
from indexer.sources import feed_parts
from indexer.sources.base import Source
from indexer.sources.feed import Feed
from indexer.sources.registry import find_kind, open_source
from tests.contracts.source import SourceContract, Values

MAPPING = {"category": "channel"}
RSS = '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"><channel>'
RSS_END = "</channel></rss>"


def _rss_item(values: Values) -> str:
    body = "".join(f"<p>{escape(line)}</p>" for line in values["body"].split("\n"))
    return (
        f"<item><title>{escape(values['title'])}</title><link>{values['url']}</link>"
        f'<guid isPermaLink="false">{values["id"]}</guid><category>{values["channel"]}</category>'
        f"<pubDate>{values['published_at']}</pubDate><description>{escape(body)}</description></item>\n"
    )


def _atom_entry(values: Values) -> str:
    return (
        f'<entry><title>{escape(values["title"])}</title><link href="{values["url"]}"/><id>{values["id"]}</id>'
        f'<category term="{values["channel"]}"/><published>{values["published_at"]}</published>'
        f'<content type="text">{escape(values["body"])}</content></entry>\n'
    )


class TestRss(SourceContract):
    reading = Reading(timezone=UTC, mapping=MAPPING)
    sizes = (200, 400)  # from 200 entries on, Python has collected what feedparser leaves in cycles

    encoding = "utf-8"
    begin = RSS
    end = RSS_END
    unclosed = "<item><title>没有写完"

    def expected(self, values: Values) -> Article:
        return make_article({**values, "tags": [values["channel"]]}, timezone=UTC)

    def item(self, values: Values) -> str:
        return _rss_item(values)

    def write(self, folder: Path, items: Iterable[str]) -> Source:
        path = folder / "news.xml"
        with path.open("w", encoding=self.encoding) as file:
            file.write(self.begin)
            file.writelines(items)
            file.write(self.end)
        return Feed(str(path))

    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        return self.write(folder, map(self.item, records))

    def make_with_bad_record(
        self, folder: Path, before: Sequence[Values], after: Sequence[Values]
    ) -> Source:
        return self.write(folder, [*map(self.item, before), self.unclosed, *map(self.item, after)])

    def make_missing(self, folder: Path) -> Source:
        return Feed(str(folder / "nowhere.xml"))

    def make_broken_off(self, folder: Path, records: Sequence[Values]) -> Source:
        self.make(folder, records)
        path = folder / "news.xml"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        return Feed(str(path))


class TestAtomInUtf16(TestRss):
    encoding = "utf-16"
    begin = '<?xml version="1.0" encoding="utf-16"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
    end = "</feed>"
    unclosed = "<entry><title>没有写完"
    test_memory_does_not_grow_with_the_source = None  # type: ignore[assignment]  # RSS tells

    def item(self, values: Values) -> str:
        return _atom_entry(values)


def _read(path: Path, content: str | bytes) -> list[Record | Rejection]:
    file = path / "f.xml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(Feed(str(file)).records())


def _values(path: Path, content: str | bytes) -> dict[str, object]:
    (record,) = _read(path, content)
    assert isinstance(record, Record), record
    return dict(record.values)


def _item(path: Path, *elements: str) -> dict[str, object]:
    return _values(path, f"{RSS}<item>{''.join(elements)}</item>{RSS_END}")


def _entry(path: Path, *elements: str, root: str = "") -> dict[str, object]:
    return _values(
        path,
        f'<feed xmlns="http://www.w3.org/2005/Atom" {root}><entry>{"".join(elements)}</entry></feed>',
    )


# Golden pairs: feeds of every kind, in the encodings that they come in.

OLD_RSS = """<?xml version="1.0" encoding="{}"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>渡口晚报</title><link>http://dukou.example/</link>
<image><title>渡口</title><url>http://dukou.example/logo.gif</url><link>http://dukou.example/</link></image>
<item><title>河面起雾&nbsp;渡船停开</title><link>/2025/05/wu.html</link>
<description>今早的雾很大。&lt;br&gt;船夫说&ldquo;等太阳出来&rdquo;。</description></item>
</channel></rss>"""
OLD_RSS_VALUES = {
    "url": "http://dukou.example/2025/05/wu.html",
    "title": "河面起雾 渡船停开",
    "body": "今早的雾很大。\n船夫说“等太阳出来”。",
    "source": "渡口晚报",
}

RDF = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="http://shanlu.example/rss"><title>山路週刊</title><link>http://shanlu.example/</link>
<items><rdf:Seq><rdf:li rdf:resource="http://shanlu.example/7"/></rdf:Seq></items></channel>
<item rdf:about="http://shanlu.example/7"><title>舊車站變成書店</title><link>http://shanlu.example/7</link>
<description>車站關閉之後，鎮上的人把候車室改成了書店。</description>
<dc:date>2025-04-03T08:00:00+08:00</dc:date><dc:creator>許小滿</dc:creator><dc:subject>文化</dc:subject></item>
</rdf:RDF>"""
RDF_VALUES = {
    "url": "http://shanlu.example/7",
    "title": "舊車站變成書店",
    "body": "車站關閉之後，鎮上的人把候車室改成了書店。",
    "author": "許小滿",
    "published_at": "2025-04-03T08:00:00+08:00",
    "tags": ["文化"],
    "category": "文化",
    "source": "山路週刊",
}

RSS_2 = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/">
<channel><title>麦田网·农事</title><link>https://maitian.example/</link>
<item><title><![CDATA[麦子黄了 & 收割机来了]]></title><link>https://maitian.example/a/9.html?from=rss&amp;n=1</link>
<guid>9001</guid><author>bianji@maitian.example (田小禾)</author><source url="https://nongshi.example/">农事报</source>
<category>农业</category><category>夏收</category><pubDate>Fri, 30 May 2025 06:10:00 +0800</pubDate>
<description>一句话的提要。</description>
<content:encoded><![CDATA[<p>头一段&#8230;&#55357;&#56846;</p><script>alert(1)</script><p><img src="/pic/9.jpg" width="600"></p><p>第二段。</p>]]></content:encoded>
<media:content url="https://maitian.example/v.mp4" type="video/mp4"/>
</item></channel></rss>"""
RSS_2_VALUES = {
    "id": "9001",
    "url": "https://maitian.example/a/9.html?from=rss&n=1",
    "title": "麦子黄了 & 收割机来了",
    "body": "头一段…😎\n第二段。",
    "lead": "一句话的提要。",
    "author": "田小禾",
    "published_at": "Fri, 30 May 2025 06:10:00 +0800",
    "tags": ["农业", "夏收"],
    "category": "农业",
    "image_url": "https://maitian.example/pic/9.jpg",
    "source": "农事报",
}

ATOM = """<?xml version='1.0' encoding='{}'?>
<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:base="https://hai.example/blog/"><a:title type="html">海边&amp;lt;手记&amp;gt;</a:title>
<a:link href="https://hai.example/"/><a:author><a:name>周潮生</a:name></a:author>
<a:entry><a:title type="text">用 &lt;p> 写网页</a:title><a:id>urn:uuid:60a76c80-d399-11d9-b93c-0003939e0af6</a:id>
<a:link rel="alternate" href="notes/3.html"/><a:link rel="enclosure" type="image/png" href="notes/3.png"/>
<a:published>2025-02-01T09:00:00Z</a:published><a:updated>2025-02-02T09:00:00Z</a:updated>
<a:category term="web" label="网页"/>
<a:content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><h2>段落</h2><p>潮水退了，<b>贝壳</b>留下。</p></div></a:content></a:entry>
</a:feed>"""
ATOM_VALUES = {
    "id": "urn:uuid:60a76c80-d399-11d9-b93c-0003939e0af6",
    "url": "https://hai.example/blog/notes/3.html",
    "title": "用 <p> 写网页",
    "body": "段落\n潮水退了，贝壳留下。",
    "author": "周潮生",
    "published_at": "2025-02-01T09:00:00Z",
    "updated_at": "2025-02-02T09:00:00Z",
    "tags": ["网页"],
    "category": "网页",
    "image_url": "https://hai.example/blog/notes/3.png",
    "source": "海边<手记>",
}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (OLD_RSS.format("gb2312").encode("gbk"), OLD_RSS_VALUES),
        (OLD_RSS.format("utf-8").encode("gbk"), OLD_RSS_VALUES),
        (OLD_RSS.format("gb2312").encode(), OLD_RSS_VALUES),
        (OLD_RSS.format("gb18030").encode("gb18030"), OLD_RSS_VALUES),
        (OLD_RSS.format("utf-16").encode("utf-16"), OLD_RSS_VALUES),
        (RDF.encode("big5"), RDF_VALUES),
        (RDF.encode("utf-8-sig"), RDF_VALUES),
        (RDF.encode("utf-16-be"), RDF_VALUES),
        (RSS_2.encode(), RSS_2_VALUES),
        (ATOM.format("utf-8").encode(), ATOM_VALUES),
        (ATOM.format("iso-8859-1").encode(), ATOM_VALUES),
    ],
)
def test_feeds_of_every_kind_come_in(
    tmp_path: Path, content: bytes, expected: dict[str, object]
) -> None:
    assert _values(tmp_path, content) == expected


def test_dates_and_categories_become_those_of_articles(tmp_path: Path) -> None:
    (record,) = _read(tmp_path, RSS_2)
    assert isinstance(record, Record)
    made = clean(record, Reading(timezone=UTC, mapping=MAPPING))
    assert isinstance(made, Made)
    assert made.article.channel == "农业"
    assert made.article.published_at is not None
    assert made.article.published_at.isoformat() == "2025-05-29T22:10:00+00:00"
    assert json.loads(record.raw) == record.values


def test_a_declared_encoding_counts_where_the_first_bytes_do_not_tell(tmp_path: Path) -> None:
    filler = f"<!--{'x' * 100_000}-->"
    content = f'<?xml version="1.0" encoding="GBK"?>{RSS}{filler}<item><title>晒谷子</title></item>{RSS_END}'
    assert _values(tmp_path, content.encode("gbk"))["title"] == "晒谷子"


# What stands in which element.


@pytest.mark.parametrize(
    ("elements", "name"),
    [
        ("<guid>http://a.example/1</guid>", ""),
        ("<link>http://a.example/1</link><guid isPermaLink='false'>http://b.example/1</guid>", ""),
        ("<guid>n-1</guid><link>http://a.example/1</link>", "n-1"),
        (
            "<guid>tag:a.example,2025:1</guid><link>http://a.example/1</link>",
            "tag:a.example,2025:1",
        ),
        ("<link>http://a.example/1</link>", ""),
    ],
)
def test_an_id_is_what_is_no_address(tmp_path: Path, elements: str, name: str) -> None:
    values = _item(tmp_path, "<title>题</title>", elements)
    assert values.get("id", "") == name
    assert values["url"] == "http://a.example/1"


def test_an_id_alone_is_no_address(tmp_path: Path) -> None:
    assert _item(tmp_path, "<title>题</title><guid>12345</guid>") == {"title": "题", "id": "12345"}


def test_an_address_that_is_not_said_to_be_the_link_is_an_id(tmp_path: Path) -> None:
    values = _item(tmp_path, "<title>题</title><guid isPermaLink='false'>http://a.example/1</guid>")
    assert values == {"title": "题", "id": "http://a.example/1"}


def test_an_entry_without_link_and_id_is_rejected_by_itself(tmp_path: Path) -> None:
    items = "<item><title>甲</title></item><item><title>乙</title><guid>b</guid></item>"
    first, second = (
        clean(each, Reading(timezone=UTC))
        for each in _read(tmp_path, RSS + items + RSS_END)
        if isinstance(each, Record)
    )
    assert isinstance(first, Rejection)
    assert "url" in first.why
    assert isinstance(second, Made)


def test_an_entry_that_holds_nothing_is_rejected(tmp_path: Path) -> None:
    first, second = _read(tmp_path, f"{RSS}<item/><item> </item>{RSS_END}")
    assert isinstance(first, Rejection)
    assert isinstance(second, Rejection)
    assert second.why == "holds nothing"


def test_plain_texts_stay_and_html_is_read(tmp_path: Path) -> None:
    values = _entry(
        tmp_path,
        '<title type="text">5 &lt; 6 &amp;amp; 7</title>',
        '<summary type="html">&lt;p&gt;一&lt;/p&gt;&lt;p&gt;二&lt;/p&gt;</summary>',
    )
    assert values == {"title": "5 < 6 &amp; 7", "body": "一\n二"}


def test_a_summary_that_says_the_same_is_no_lead(tmp_path: Path) -> None:
    values = _entry(
        tmp_path,
        "<summary>同一段话</summary><content type='html'>&lt;p&gt;同一段话&lt;/p&gt;</content>",
    )
    assert values == {"body": "同一段话"}


def test_a_content_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    values = _entry(
        tmp_path, "<summary>图说</summary><content type='image/png'>aGVsbG8gd29ybGQ=</content>"
    )
    assert values == {"body": "图说"}


def test_an_entry_of_a_planet_names_its_source(tmp_path: Path) -> None:
    values = _entry(
        tmp_path,
        "<title>题</title><source><title>原来的站</title><id>http://o.example/</id></source>",
    )
    assert values == {"title": "题", "source": "原来的站"}


@pytest.mark.parametrize(
    ("elements", "author"),
    [
        ("<author>bianji@x.media (田小禾)</author>", "田小禾"),
        ("<author>田小禾 &lt;bianji@x.media&gt;</author>", "田小禾"),
        ("<author>bianji@x.media</author>", None),
        ("<author>田小禾(实习)</author>", "田小禾(实习)"),
        ("<dc:creator>田小禾</dc:creator><dc:creator>周潮生</dc:creator>", "田小禾、周潮生"),
    ],
)
def test_an_author_is_a_name(tmp_path: Path, elements: str, author: str | None) -> None:
    assert _item(tmp_path, "<title>题</title>", elements).get("author") == author


def test_a_date_that_is_alone_is_that_of_publication(tmp_path: Path) -> None:
    values = _entry(tmp_path, "<title>题</title><updated>2025-01-02T03:04:05Z</updated>")
    assert values == {"title": "题", "published_at": "2025-01-02T03:04:05Z"}


@pytest.mark.parametrize(
    ("elements", "picture"),
    [
        ("<enclosure url='/a.mp3' type='audio/mpeg'/>", None),
        ("<enclosure url='/a.jpg' type='image/jpeg'/><media:thumbnail url='/b.jpg'/>", "/a.jpg"),
        ("<media:content url='/c.webp'/>", "/c.webp"),
        ("<media:content url='/c' medium='image'/>", "/c"),
        ("<media:group><media:content url='/d.png' medium='image'/></media:group>", "/d.png"),
        ("<media:thumbnail url='//cdn.example/b'/>", "//cdn.example/b"),
        ("<description>&lt;img src='e.jpg'&gt;字</description>", "e.jpg"),
    ],
)
def test_the_picture_of_an_entry(tmp_path: Path, elements: str, picture: str | None) -> None:
    values = _item(tmp_path, "<title>题</title>", elements)
    assert values.get("image_url") == picture


def test_links_resolve_against_the_base_or_the_link_of_the_feed(tmp_path: Path) -> None:
    feed = f"{RSS}<link>https://p.example/news/</link><item><link>1.html</link></item>{RSS_END}"
    assert _values(tmp_path, feed)["url"] == "https://p.example/news/1.html"
    values = _entry(
        tmp_path,
        "<link href='1.html'/><content type='html'>&lt;img src='1.jpg'&gt;字</content>",
        root="xml:base='https://q.example/x/'",
    )
    assert values["url"] == "https://q.example/x/1.html"
    assert values["image_url"] == "https://q.example/x/1.jpg"


def test_an_address_that_is_none_stays_for_the_report(tmp_path: Path) -> None:
    assert _item(tmp_path, "<link>http://[x/</link>") == {"url": "http://[x/"}


# Feeds that are not well formed, and feeds that mean harm.


def test_a_fault_in_an_entry_stays_there(tmp_path: Path) -> None:
    faulty = "<item><title>风 & 雨 &nbsp; &mdash; <b>粗</title><guid>b</guid></item>"
    items = [f"<item><title>{each}</title><guid>{each}</guid></item>" for each in "ac"]
    found = _read(tmp_path, RSS + items[0] + faulty + items[1] + RSS_END)
    assert [isinstance(each, Record) and each.values["id"] for each in found] == ["a", "b", "c"]


def test_marks_in_comments_and_sections_are_none(tmp_path: Path) -> None:
    feed = (
        f"{RSS}<!-- <item> --><description><![CDATA[</rss><item>]]></description>"
        f"<item><!-- </item> --><title><![CDATA[写作 </item> <item>]]></title></item>{RSS_END}<!-- </rss> -->"
    )
    assert _values(tmp_path, feed) == {"title": "写作 </item> <item>"}


def test_half_a_character_costs_itself_only(tmp_path: Path) -> None:
    cut = "结尾被切了一半".encode()[:-1]
    record, *_ = _read(
        tmp_path,
        RSS.encode()
        + b"<item><guid>a</guid><description>"
        + cut
        + b"</description></item>"
        + RSS_END.encode(),
    )
    assert isinstance(record, Record)
    assert isinstance(json.loads(record.raw), dict)
    made = clean(record, Reading(timezone=UTC))
    assert isinstance(made, Made)
    assert made.article.body == "结尾被切了一"
    assert [str(each) for each in made.notes] == ["body cleaned of control characters"]


def test_entities_do_not_swell(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    feed = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "哈">{laughs}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    feed += f"{RSS}<item><title>&l11;&f;笑</title></item>{RSS_END}"
    assert _values(tmp_path, feed)["title"] == "&l11;&f;笑"


@pytest.mark.parametrize(
    "harm", ["&#xDEADBEEF;", "&#0;", "<" * 1_000, "<b>" * 1_000, "&#" * 1_000, "&#xD83D;"]
)
def test_what_no_parser_takes_costs_the_entry_at_most(tmp_path: Path, harm: str) -> None:
    good = "<item><title>好</title></item>"
    found = _read(tmp_path, f"{RSS}{good}<item><title>{harm}</title></item>{good}{RSS_END}")
    assert [each.where.rpartition(" ")[2] for each in found] == ["1", "2", "3"]
    assert isinstance(found[2], Record)
    assert found[2].values == {"title": "好"}


def test_an_entry_of_tags_only_is_rejected(tmp_path: Path) -> None:
    tags = "<b>" * (feed_parts.MAX_TAGS + 1)
    bad, good = _read(tmp_path, f"{RSS}<item>{tags}</item><item><title>好</title></item>{RSS_END}")
    assert isinstance(bad, Rejection)
    assert "tags" in bad.why
    assert isinstance(good, Record)


@pytest.mark.parametrize(
    "feed", [OLD_RSS, RDF, RSS_2, ATOM, f"{RSS}<item/><item >半</channel><item\t/>{RSS_END}"]
)
def test_pieces_may_end_anywhere(feed: str) -> None:
    for size in (1, 7):
        pieces = [feed[at : at + size] for at in range(0, len(feed), size)]
        found = list(feed_parts.parts(pieces, "f"))
        assert found == list(feed_parts.parts([feed], "f"))
        assert (
            feed_parts.count_entries(pieces) == feed_parts.count_entries([feed]) == len(found) - 1
        )


def test_an_endless_entry_is_rejected_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_parts, "MAX_ENTRY", 100_000)
    long = f"<item><title>{'长' * 300_000}</title></item>"
    bad, good = _read(tmp_path, f"{RSS}{long}<item><title>好</title></item>{RSS_END}")
    assert isinstance(bad, Rejection)
    assert bad.why == "longer than 100,000 characters, not copied"
    assert isinstance(good, Record)


class _Endless:
    """A stream that repeats a text for ever, and counts what was read of it."""

    def __init__(self, begin: str, text: str) -> None:
        self.begin, self.text, self.read = begin, text, 0

    def __iter__(self) -> Iterator[str]:
        yield self.begin
        while True:
            self.read += len(self.text)
            yield self.text


@pytest.mark.parametrize(
    "text", [" " * 65_536, "<!--" * 10_000, "<x>" * 10_000, "<![CDATA[ " * 10_000]
)
def test_a_feed_without_entries_ends(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_parts, "MAX_BETWEEN", 1_000_000)
    monkeypatch.setattr(feed_parts, "MAX_ENTRY", 1_000_000)
    for begin in (RSS, f"{RSS}<item>", f"{RSS}<item/>", "<!--", "<!DOCTYPE rss [", ""):
        endless = _Endless(begin, text)
        with pytest.raises(SourceUnreadable):
            list(feed_parts.parts(endless, "f"))
        assert endless.read < 3_000_000


def test_memory_does_not_grow_with_an_endless_feed() -> None:
    feed = iter(feed_parts.parts(_Endless(RSS, "<item>字</item>" * 1_000), "f"))
    next(feed)
    tracemalloc.start()
    try:
        assert sum(1 for _ in zip(range(20_000), feed, strict=False)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("<html><body><p>这里是一页。</p></body></html>", "--source html"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', "--source json"),
        ("<?xml version='1.0'?><opml><body/></opml>", "opml"),
        ("只是一段话。", "holds none of <rss>, <feed> and <rdf:RDF>"),
        ("", "holds none of"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", "PNG"),
    ],
)
def test_what_is_no_feed_is_one_sentence(tmp_path: Path, content: str | bytes, why: str) -> None:
    with pytest.raises(SourceUnreadable) as error:
        _read(tmp_path, content)
    assert why in error.value.why


def test_a_second_feed_behind_the_first_is_said(tmp_path: Path) -> None:
    one = f"{RSS}<item><title>一</title></item>{RSS_END}"
    file = tmp_path / "two.xml"
    file.write_text(one + one, encoding="utf-8")
    found = Feed(str(file)).records()
    assert isinstance(next(found), Record)
    with pytest.raises(SourceUnreadable, match="another one follows"):
        next(found)


def test_a_feed_is_recognised(tmp_path: Path) -> None:
    file = tmp_path / "news"
    file.write_bytes(RDF.encode("big5"))
    assert find_kind(str(file)) == "feed"
    assert isinstance(open_source(None, str(file)), Feed)
    assert isinstance(open_source(None, "https://portal.example/rss.xml"), Feed)

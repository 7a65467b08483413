from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.understanding.parse import (
    MAX_LENGTH,
    MAX_SLOP,
    MAX_WORDS,
    Parsed,
    Syntax,
    parse,
)
from search_service.understanding.tree import (
    All,
    Dates,
    Either,
    Exclude,
    Keyword,
    Node,
    Phrase,
    Words,
    spell,
    wanted,
)
from tests.search_service.indexes import SHANGHAI
from tests.typed_queries import analyzer


def read(text: str, syntax: Syntax = "default") -> Parsed:
    return parse(text, analyzer=analyzer(), timezone=SHANGHAI, syntax=syntax)


def outline(node: Node | None) -> str:
    """A tree written out with every level in view."""
    match node:
        case None:
            return "nothing"
        case Words(text, _, title_only):
            return f"{'title ' if title_only else ''}words<{text}>"
        case Phrase(text, title_only, slop):
            return f"{'title ' if title_only else ''}{f'near {slop}' if slop else 'exact'}<{text}>"
        case Keyword(field, value):
            return f"{field}<{value}>"
        case Dates(text=text):
            return f"date<{text}>"
        case Exclude(part):
            return f"not({outline(part)})"
        case All(parts):
            return f"all({', '.join(map(outline, parts))})"
        case Either(parts):
            return f"either({', '.join(map(outline, parts))})"


@pytest.mark.parametrize(
    ("typed", "tree"),
    [
        # Loose words and quotes
        ("农业 银行", "words<农业 银行>"),
        ("  农业\u3000银行\n", "words<农业 银行>"),
        ('"上海科技大学"', "exact<上海科技大学>"),
        ('云溪 "茶 会" 开幕', "all(words<云溪 开幕>, exact<茶 会>)"),
        (
            "“云溪” 「茶会」 『开幕』 ‘古塔’",
            "all(exact<云溪>, exact<茶会>, exact<开幕>, exact<古塔>)",
        ),
        ("＂云溪＂ ”茶会“", "all(exact<云溪>, exact<茶会>)"),
        ("去“云溪”吧", "all(words<去 吧>, exact<云溪>)"),
        ('"-不 是 (操作符) OR"', "exact<-不 是 (操作符) OR>"),
        # Exclusion
        ("农业 -银行", "all(words<农业>, not(words<银行>))"),
        ("农业 －银行", "all(words<农业>, not(words<银行>))"),
        ("农业\u3000-银行", "all(words<农业>, not(words<银行>))"),
        ("农业 NOT 银行", "all(words<农业>, not(words<银行>))"),
        ("农业 AND NOT 银行", "all(words<农业>, not(words<银行>))"),
        ('-"农业 银行"', "not(exact<农业 银行>)"),
        ("-(a b)", "not(words<a b>)"),
        ("(-a)", "not(words<a>)"),
        ("-(-a)", "words<a>"),
        ("-channel:体育", "not(channel<体育>)"),
        ("-title:茶", "not(title words<茶>)"),
        ("农业-银行", "words<农业-银行>"),
        ("apt-get", "words<apt-get>"),
        ("农业 - 银行", "words<农业 - 银行>"),
        ("--a", "words<--a>"),
        # Numbers below zero
        ("-20℃", "words<-20℃>"),
        ("气温 －20℃", "words<气温 －20℃>"),
        ("气温 -20°C 雪", "words<气温 -20°C 雪>"),
        ("-5至-12度 雪", "words<-5至-12度 雪>"),
        ("涨幅 -3.5%", "words<涨幅 -3.5%>"),
        ("-20", "words<-20>"),
        ("-1.5", "words<-1.5>"),
        ("-3:2", "words<-3:2>"),
        ("-5G", "not(words<5G>)"),
        ("手机 -5G", "all(words<手机>, not(words<5G>))"),
        ("手机 -15", "all(words<手机>, not(words<15>))"),
        ("比赛 -3:2", "all(words<比赛>, not(words<3:2>))"),
        ("-2023年 年报", "all(not(words<2023年>), words<年报>)"),
        # Characters that do not show
        ("云\u200d溪\xad茶\u200c会", "words<云溪茶会>"),
        ("👨\u200d👩\u200d👧", "words<👨\u200d👩\u200d👧>"),
        # AND, OR, parentheses
        ("a OR b", "either(words<a>, words<b>)"),
        ("a | b", "either(words<a>, words<b>)"),
        ("a|b｜c", "either(words<a>, words<b>, words<c>)"),
        ("a || b", "either(words<a>, words<b>)"),
        ("a AND b", "all(words<a>, words<b>)"),
        ("a AND b OR c", "either(all(words<a>, words<b>), words<c>)"),
        ("a OR b AND c", "either(words<a>, all(words<b>, words<c>))"),
        ("云溪 茶会 OR 古塔", "all(words<云溪>, either(words<茶会>, words<古塔>))"),
        ("(云溪 茶会) OR 古塔", "either(words<云溪 茶会>, words<古塔>)"),
        ("（云溪 ｜ 古塔） 茶会", "all(either(words<云溪>, words<古塔>), words<茶会>)"),
        ("((a))", "words<a>"),
        ("(a)(b)", "all(words<a>, words<b>)"),
        ("a or b", "words<a or b>"),
        # Fields
        ("title:茶会", "title words<茶会>"),
        ("title：茶会 云溪", "all(title words<茶会>, words<云溪>)"),
        ('TITLE:"云溪 茶会"', "title exact<云溪 茶会>"),
        ("channel:情感/故事", "channel<情感/故事>"),
        (
            "source:云溪晚报 author:“罗 秋满” tag:茶",
            "all(source<云溪晚报>, author<罗 秋满>, tag<茶>)",
        ),
        ("(channel:情感)", "channel<情感>"),
        ("比分 3:2", "words<比分 3:2>"),
        ("subtitle:茶", "words<subtitle:茶>"),
        ("title:", "words<title:>"),
        ("title: (a b)", "all(words<title:>, words<a b>)"),
        ("title: -a", "all(words<title:>, not(words<a>))"),
        ("title: OR a", "either(words<title:>, words<a>)"),
        ("title: tag:茶", "all(words<title:>, tag<茶>)"),
        ("title:\u3000", "words<title:>"),
        ('title:""', 'words<title:"">'),
        ('channel:"" 茶', "words<茶>"),
        # Fields with a blank before the value
        ("title: 茶会", "title words<茶会>"),
        ("title:\u3000茶会 云溪", "all(title words<茶会>, words<云溪>)"),
        ('title: "云溪 茶会"', "title exact<云溪 茶会>"),
        ("tag:  茶 source:\n云溪晚报", "all(tag<茶>, source<云溪晚报>)"),
        ("-channel: 体育", "not(channel<体育>)"),
        ("date: 2023-11", "date<2023-11>"),
        ("date: 见面", "words<date: 见面>"),
        # Chinese names of fields
        ("标题:茶会", "title words<茶会>"),
        ("标题： 茶会", "title words<茶会>"),
        ("標題:“云溪 茶会”", "title exact<云溪 茶会>"),
        ("来源：云溪晚报 作者:罗秋满", "all(source<云溪晚报>, author<罗秋满>)"),
        ("频道:情感/故事 标签:茶", "all(channel<情感/故事>, tag<茶>)"),
        ("-來源:云溪晚报", "not(source<云溪晚报>)"),
        ("日期：2023..2024", "date<2023..2024>"),
        ("intitle:茶会", "title words<茶会>"),
        ("本文来源：云溪晚报", "words<本文来源：云溪晚报>"),
        ("时间：晚上", "words<时间：晚上>"),
        ("标题", "words<标题>"),
        # Words of a quote near one another
        ('"古塔 茶会"~5', "near 5<古塔 茶会>"),
        ("“古塔 茶会”～5", "near 5<古塔 茶会>"),
        ("「古塔茶会」~12 云溪", "all(near 12<古塔茶会>, words<云溪>)"),
        ('-"古塔 茶会"~5', "not(near 5<古塔 茶会>)"),
        ('title:"古塔 茶会"~3', "title near 3<古塔 茶会>"),
        ("标题： “古塔 茶会”~3", "title near 3<古塔 茶会>"),
        ('("古塔 茶会"~5|云溪)', "either(near 5<古塔 茶会>, words<云溪>)"),
        ('"古塔 茶会"~5，云溪', "all(near 5<古塔 茶会>, words<，云溪>)"),
        ('"古塔"~5', "exact<古塔>"),
        ('"古塔 茶会"~0', "exact<古塔 茶会>"),
        ('"古塔 茶会"~5天', "all(exact<古塔 茶会>, words<~5天>)"),
        ('"古塔 茶会"~5.5', "all(exact<古塔 茶会>, words<~5.5>)"),
        ('"古塔 茶会"~', "exact<古塔 茶会>"),
        ('tag:"古塔 茶会"~5', "all(tag<古塔 茶会>, words<~5>)"),
        ('""~5', "words<~5>"),
        ("茶会~5", "words<茶会~5>"),
        # Dates
        ("date:2023-11", "date<2023-11>"),
        ("date:2023/1/5", "date<2023-01-05>"),
        ("date：２０２３..２０２４", "date<2023..2024>"),
        ("date:2023-11..", "date<2023-11..>"),
        ("date:..2023-11-05", "date<..2023-11-05>"),
        ("date:2024..2023", "date<2023..2024>"),
        # Unbalanced and lone operators are text
        ('"', 'words<">'),
        ("(((", "words<(((>"),
        ("*", "words<*>"),
        ("，", "words<，>"),
        ("-", "words<->"),
        ("()", "words<()>"),
        ('""', 'words<"">'),
        ('15" 屏幕', 'words<15" 屏幕>'),
        ("a)", "words<a)>"),
        ("(a", "words<(a>"),
        (")a(", "words<)a(>"),
        ("「a", "words<「a>"),
        ("OR", "words<OR>"),
        ("a OR", "words<a OR>"),
        ("OR a", "words<OR a>"),
        ("NOT", "words<NOT>"),
        ("a AND", "words<a AND>"),
        ("(OR)", "words<OR>"),
        ("|", "words<|>"),
        # What holds no word is dropped beside what does
        ("，“云溪”，“茶会”。", "all(exact<云溪>, exact<茶会>)"),
        ("a OR ，", "words<a>"),
        ("-， a", "words<a>"),
        ('"" a', "words<a>"),
        ("", "nothing"),
        (" \n\u3000", "nothing"),
        ("\x00\u200b", "nothing"),
    ],
)
def test_what_is_typed_is_read_as(typed: str, tree: str) -> None:
    assert outline(read(typed).tree) == tree


def test_more_words_between_the_words_than_useful_are_cut_down_and_a_note_says_so() -> None:
    parsed = read('"古塔 茶会"~1000')
    assert outline(parsed.tree) == f"near {MAX_SLOP}<古塔 茶会>"
    assert parsed.notes == ("引号里的词之间最多隔 50 个词，已按 50 个搜索。",)
    assert read(f'"古塔 茶会"~{MAX_SLOP}').notes == ()


def test_plain_syntax_switches_every_operator_off() -> None:
    typed = '"云溪 茶会"~5 -茶 OR title:塔 标题: 塔 (a | b) 茶^3 NEAR body:茶'
    assert outline(read(typed, "plain").tree) == f"words<{typed}>"


def test_stopwords_are_told_and_never_empty_a_query() -> None:
    assert read("农业银行吗？").ignored == ("吗",)
    alone = read("的")
    assert alone.ignored == ()
    assert alone.tree == Words("的", ("的",), common=True)


@pytest.mark.parametrize(
    ("typed", "start", "end"),
    [
        ("date:2023", datetime(2022, 12, 31, 16, tzinfo=UTC), datetime(2023, 12, 31, 16, tzinfo=UTC)),
        ("date:2023-12", datetime(2023, 11, 30, 16, tzinfo=UTC), datetime(2023, 12, 31, 16, tzinfo=UTC)),
        ("date:2024-02-29", datetime(2024, 2, 28, 16, tzinfo=UTC), datetime(2024, 2, 29, 16, tzinfo=UTC)),
        ("date:2023-11..2023-12", datetime(2023, 10, 31, 16, tzinfo=UTC), datetime(2023, 12, 31, 16, tzinfo=UTC)),
        ("date:2023..", datetime(2022, 12, 31, 16, tzinfo=UTC), None),
        ("date:..2023", None, datetime(2023, 12, 31, 16, tzinfo=UTC)),
        ("date:2199", datetime(2198, 12, 31, 16, tzinfo=UTC), datetime(2199, 12, 31, 16, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_a_date_is_a_whole_period_of_the_services_zone(
    typed: str, start: datetime | None, end: datetime | None
) -> None:
    tree = read(typed).tree
    assert isinstance(tree, Dates)
    assert (tree.start, tree.end) == (start, end)


@pytest.mark.parametrize(
    "typed",
    ["2023-13", "2023-02-30", "2023-00", "0000", "1899", "2200", "9999-12-31", "..", "昨天", "20231105",
     "2023-11-05-06", "2023..2024..2025", "2023.2024", "..2023-13", "-2023"],
)  # fmt: skip
def test_a_date_of_nonsense_is_text_and_a_note_says_so(typed: str) -> None:
    parsed = read(f"date:{typed}")
    assert outline(parsed.tree) == f"words<date:{typed}>"
    assert parsed.notes == (f"“{typed}”不是日期，已当作文字搜索。",)


def test_of_a_long_paste_the_beginning_is_used_and_a_note_says_so() -> None:
    parsed = read("云溪茶会" * 1250)
    assert isinstance(parsed.tree, Words)
    assert parsed.tree.text == ("云溪茶会" * 1250)[:MAX_LENGTH]
    assert parsed.notes == ("查询太长，只用了前 500 个字符。",)


def test_a_query_of_sixty_words_is_used_whole() -> None:
    parsed = read(" ".join(f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(60)))
    assert isinstance(parsed.tree, Words)
    assert len(parsed.tree.tokens) == 60
    assert parsed.notes == ()


@pytest.mark.parametrize(
    "typed",
    [
        " ".join(f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(100)),
        "|".join(f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(100)),
        " ".join(f'"w{n}"' for n in range(80)),
        " ".join(f"-tag:{n}" for n in range(60)) + ' "a" "b" "c" "d" "e" "f"',
    ],
)
def test_of_too_many_words_the_first_are_used_and_a_note_says_so(typed: str) -> None:
    parsed = read(typed)
    assert parsed.tree is not None
    assert spent(parsed.tree) == MAX_WORDS
    assert "查询的词太多，只用了前 64 个。" in parsed.notes


def spent(node: Node) -> int:
    match node:
        case All(parts) | Either(parts):
            return sum(map(spent, parts))
        case Exclude(part):
            return spent(part)
        case Words(tokens=tokens):
            return len(tokens)
        case _:
            return 1


@pytest.mark.parametrize("depth", [1, 15, 16, 17, 100, 240])
def test_parentheses_may_be_as_deep_as_one_likes(depth: int) -> None:
    tree = read("(" * depth + "茶会" + ")" * depth).tree
    assert isinstance(tree, Words)
    assert tree.tokens == ("茶会",)


def test_wanted_leaves_out_what_is_excluded() -> None:
    tree = read("茶会 -古塔 (云溪 OR -石渠) title:塔").tree
    assert tree is not None
    assert [outline(leaf) for leaf in wanted(tree)] == [
        "words<茶会>", "words<云溪>", "title words<塔>"
    ]  # fmt: skip


# The echo


@pytest.mark.parametrize(
    ("typed", "echo"),
    [
        ("  农业\u3000－银行 ", "农业 -银行"),
        ("「云溪」｜“茶会”", '"云溪" OR "茶会"'),
        ("a AND b c", "a AND b AND c"),
        ("(a b) AND c", "(a b) AND c"),
        ("a -(b | c)", "a -(b OR c)"),
        ("a -b c", "a c -b"),
        ("title:“a b” Channel:情感", 'title:"a b" channel:情感'),
        ('tag:"a b"', 'tag:"a b"'),
        ("date:2023/11..", "date:2023-11.."),
        ('「a"b」', '「a"b」'),
        ("标题： 茶会 Title: 云溪", "标题:茶会 title:云溪"),
        ("来源:“a b” 日期:2023/11..", '来源:"a b" 日期:2023-11..'),
        ("「云溪 茶会」～7", '"云溪 茶会"~7'),
        ('"云溪 茶会"~99', '"云溪 茶会"~50'),
        ('云溪 "茶会" 标题:', '(云溪 标题:) "茶会"'),
        ('云溪 "茶会" OR', '(云溪 OR) "茶会"'),
        ("body:云溪 茶会^3", "云溪 茶会"),
        ("(((", "((("),
        ("", ""),
    ],
)
def test_the_echo_is_the_canonical_spelling(typed: str, echo: str) -> None:
    assert read(typed).echo == echo


TYPED = st.lists(
    st.sampled_from(
        ["茶会", "云溪", "a", "OR", "AND", "NOT", "-", "|", "(", ")", "（", "）", '"', "“", "”", "「", "」",
         " ", " ", "\u3000", "title:", "tag:", "date:", "2023-11", "..", "，", "－", "标题:", "来源：", "~5", "~1", "^2", "NEAR", "body:", "site:", "?", "/", ".", "｜", "*", "😀", "𠮷", "\n", "\ud800"]
    ),
    max_size=30,
).map("".join)  # fmt: skip
ANYTHING = st.one_of(TYPED, st.text(max_size=700), st.text('()-|"“”「」 aOR:', max_size=600))


@given(ANYTHING, st.sampled_from(["default", "plain"]))
def test_nothing_that_is_typed_is_an_error(typed: str, syntax: Syntax) -> None:
    parsed = read(typed, syntax)
    assert (parsed.tree is None) == (parsed.echo == "")
    if parsed.tree:
        assert well_formed(parsed.tree)
        assert spent(parsed.tree) <= MAX_WORDS


def well_formed(node: Node) -> bool:
    match node:
        case All(parts) | Either(parts):
            flat = not any(type(part) is type(node) for part in parts)
            return flat and len(parts) > 1 and all(map(well_formed, parts))
        case Exclude(part):
            return not isinstance(part, Exclude) and well_formed(part)
        case _:
            return True


NAMES = st.sampled_from(["茶会", "云溪", "art", "古塔 石渠", "a b"])
LEAVES = st.one_of(
    NAMES.map(lambda text: Words(text, tuple(token.text for token in analyzer().query(text)))),
    st.builds(Phrase, st.sampled_from(["茶 会", 'a"b', "x」y", "-a", "(b OR c)"]), st.booleans()),
    st.builds(
        Phrase,
        st.sampled_from(["茶会 古塔", 'a"b c', "（云溪） 茶会", "NEAR a", "a^2 b*"]),
        st.booleans(),
        st.sampled_from([0, 1, 5, MAX_SLOP]),
        name=st.sampled_from(["", "标题", "title"]),
    ),
    st.builds(
        Keyword,
        st.sampled_from(["channel", "tag"]),
        st.sampled_from(["情感/故事", "a b", "(c)"]),
    ),
    st.builds(Keyword, st.just("source"), st.sampled_from(["云溪晚报", "a b"]), st.just("来源")),
)  # fmt: skip


def grown(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(children, min_size=2, max_size=3).map(tuple)
    return st.one_of(several.map(All), several.map(Either), children.map(Exclude))


@given(st.recursive(LEAVES, grown, max_leaves=6).filter(well_formed))
def test_the_echo_of_any_tree_is_read_as_the_same_tree(tree: Node) -> None:
    assert read(spell(tree)).tree == tree

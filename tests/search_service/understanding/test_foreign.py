"""Operators of other search engines: they are left out and told, and ordinary text has none."""

from __future__ import annotations

import pytest

from tests.search_service.understanding.test_parse import outline, read


@pytest.mark.parametrize(
    ("typed", "tree", "told"),
    [
        ("茶会 NEAR 云溪", "words<茶会 云溪>", ["NEAR"]),
        ("茶会 NEAR/5 “云溪”", "all(words<茶会>, exact<云溪>)", ["NEAR/5"]),
        ("茶会^3 云溪", "words<茶会 云溪>", ["^3"]),
        ("tea^2.5", "words<tea>", ["^2.5"]),
        ('"茶 3"^2', "exact<茶 3>", ["^2"]),
        ("（茶会 OR 云溪）＾2", "either(words<茶会>, words<云溪>)", ["＾2"]),
        ("title:茶会^2", "title words<茶会>", ["^2"]),
        ('title:"茶 会"~3^2', "title near 3<茶 会>", ["^2"]),
        ("body:茶会", "words<茶会>", ["body:"]),
        ("-正文： 茶会", "not(words<茶会>)", ["正文："]),
        ("云溪 AND text:(茶会|古塔)", "all(words<云溪>, either(words<茶会>, words<古塔>))", ["text:"]),
        ('content:"茶 会"', "exact<茶 会>", ["content:"]),
        ("body:title:茶会", "title words<茶会>", ["body:"]),
        ("url:http://a.b/c", "words<http://a.b/c>", ["url:"]),
        ("site:example.com 茶会", "words<茶会>", ["site:example.com"]),
        ("site:example.com+茶会", "words<+茶会>", ["site:example.com"]),
        ('茶会 filetype:"pdf"', "words<茶会>", ['filetype:"pdf"']),
        ("茶* 云溪", "words<茶 云溪>", ["*"]),
        ("*大学", "words<大学>", ["*"]),
        ("te?t col*r", "words<te t col r>", ["?", "*"]),
        ("标签:茶会*", "tag<茶会>", ["*"]),
        ("茶会~1", "words<茶会>", ["~1"]),
        ("roam~0.8", "words<roam>", ["~0.8"]),
        ("/茶.*会/ 云溪", "words<茶 会 云溪>", ["/茶.*会/"]),
        ("/jo(h|n)+/", "words<jo h n>", ["/jo(h|n)+/"]),
    ],
)  # fmt: skip
def test_an_operator_of_other_engines_is_left_out_and_a_note_says_so(
    typed: str, tree: str, told: list[str]
) -> None:
    parsed = read(typed)
    assert outline(parsed.tree) == tree
    assert [note.split("”")[0] for note in parsed.notes] == [f"不支持“{each}" for each in told]
    assert read(parsed.echo).notes == read(typed, "plain").notes == ()


@pytest.mark.parametrize(
    "typed",
    ["C++", "C#", "3:2", "12:30", "https://a.com/b?c=1&d=2*3", "为什么?", "是不是?对", "what？why", "《茶会》",
     "3~5岁", "5~10%", "周一~2", "第一~2章", "好吃~", "roam~", "A/B", "/path/to/", "a/b/", "re:zero", "NBA:茶会",
     "*ST云溪", "5*3", "M*A*S*H", "IZ*ONE", "f***", "**茶会**", "C*", "2^10", "cm^2", "E=mc^2", "^_^", "(a+b)^2",
     "NEAR 协议", "茶会 NEAR", "near", "茶会 near 云溪", "ID: 5", "Text: 茶", "body:", "body", "正文", "m^2/s", "~",
     "*", "?", "/", "^3", "~1", "//", "/./."],
)  # fmt: skip
def test_ordinary_text_has_no_operator_of_other_engines(typed: str) -> None:
    parsed = read(typed)
    assert parsed.notes == ()
    assert parsed.tree == read(typed, "plain").tree or typed == "(a+b)^2"

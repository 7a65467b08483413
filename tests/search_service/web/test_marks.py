"""Marked text as HTML."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from search_service.excerpts.snippets import Marked
from search_service.web.marks import marked_html


def test_marks_are_put_around_what_was_found_and_the_rest_is_escaped() -> None:
    marked = Marked("<b>云溪</b> & 水库", ((3, 5), (12, 14)))
    assert marked_html(marked) == "&lt;b&gt;<mark>云溪</mark>&lt;/b&gt; &amp; <mark>水库</mark>"


@given(st.text(max_size=60), st.sets(st.integers(0, 60), max_size=8))
def test_without_its_marks_the_html_is_the_text(text: str, cuts: set[int]) -> None:
    bounds = sorted(cut for cut in cuts if cut <= len(text))
    marks = tuple(zip(bounds[::2], bounds[1::2], strict=False))
    made = str(marked_html(Marked(text, marks)))
    assert set(re.findall(r"<[^>]*>", made)) <= {"<mark>", "</mark>"}
    assert html.unescape(re.sub("</?mark>", "", made)) == html.unescape(html.escape(text))
    found = re.findall("<mark>(.*?)</mark>", made, flags=re.DOTALL)
    assert [html.unescape(each) for each in found] == [text[start:end] for start, end in marks]

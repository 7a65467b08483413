"""The source json where records are no lines: lists, objects that hold lists, and objects on several lines."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import SourceUnreadable
from indexer.lines import MAX_LINE_BYTES
from indexer.records import Record, Rejection
from indexer.sources.base import Source
from indexer.sources.json_files import JsonFile
from tests.contracts.source import SourceContract, Values

BAD = '{"id": "s-0", "title": "他说"好"就走了", "body": "x"}'


def _write(path: Path, pieces: Iterable[str], *, cut: int = 0) -> JsonFile:
    with gzip.open(path, "wt", encoding="utf-8", newline="", compresslevel=1) as file:
        file.writelines(pieces)
    if cut:
        path.write_bytes(path.read_bytes()[:-cut])
    return JsonFile(str(path))


class TestList(SourceContract):
    before, between, after = "[", ",", "]"

    def dump(self, record: Values) -> str:
        return json.dumps(record, ensure_ascii=False)

    def pieces(self, records: Iterable[str]) -> Iterator[str]:
        yield self.before
        for number, each in enumerate(records):
            yield (self.between if number else "") + each
        yield self.after

    def make(self, folder: Path, records: Iterable[Values]) -> Source:
        return _write(folder / "news", self.pieces(map(self.dump, records)))

    def make_with_bad_record(
        self, folder: Path, before: Sequence[Values], after: Sequence[Values]
    ) -> Source:
        texts = [*map(self.dump, before), BAD, *map(self.dump, after)]
        return _write(folder / "news", self.pieces(texts))

    def make_missing(self, folder: Path) -> Source:
        return JsonFile(str(folder / "nowhere.json"))

    def make_broken_off(self, folder: Path, records: Sequence[Values]) -> Source:
        return _write(folder / "news", self.pieces(map(self.dump, records)), cut=300)


class TestListInAnObject(TestList):
    before = '{"code": 0, "tags": [{"id": 7}], "data": {"total": 3, "ids": [1, 2], "list": ['
    after = ']}, "took": 1.5}'

    def test_a_source_may_hold_nothing(self, tmp_path: Path) -> None:
        """The list has to be named: of the others one holds an object."""
        self.make(tmp_path, [])
        assert list(JsonFile(f"{tmp_path / 'news'}#data.list").records()) == []


def _read(tmp_path: Path, content: str, part: str = "") -> list[Record | Rejection]:
    file = tmp_path / "n.json"
    file.write_bytes(content.encode(errors="surrogateescape"))
    return list(JsonFile(f"{file}{part}").records())


@pytest.mark.parametrize(
    ("name", "records"), [("n.jsonl", 1), ("n.ndjson", 1), ("n.JSONL", 1), ("n.json", 2), ("n", 2)]
)
def test_the_name_says_whether_a_single_line_is_a_record_or_holds_a_list(
    tmp_path: Path, name: str, records: int
) -> None:
    line = json.dumps({"id": "a-1", "pictures": [{"url": "/a.jpg"}, {"url": "/b.jpg"}]})
    (tmp_path / name).write_text(line, encoding="utf-8")
    assert len(list(JsonFile(str(tmp_path / name)).records())) == records


def _values(found: Iterable[Record | Rejection]) -> list[object]:
    return [each.values for each in found if isinstance(each, Record)]


A, B = {"id": "a", "title": "谷雨"}, {"id": "b", "title": "芒种"}
BOTH = json.dumps([A, B], ensure_ascii=False)


@pytest.mark.parametrize(
    ("content", "places"),
    [
        (BOTH, ["[0]", "[1]"]),
        (f"\ufeff\n\n {BOTH} \n", ["[0]", "[1]"]),
        (json.dumps([A, B], indent=4), ["[0]", "[1]"]),
        (f'{{"items":{BOTH}}}', [":items[0]", ":items[1]"]),
        (f'{{\n  "result": {{"rows": {BOTH}}},\n "next": null}}', [":result.rows[0]", ":result.rows[1]"]),
        (f'{{"ads": [{{"id": "x"}}], "news": {BOTH}, "tags": []}}', [":news[0]", ":news[1]"]),
        (json.dumps(A, indent=1) + json.dumps(B, indent=1), ["[0]", "[1]"]),
        (f"{json.dumps(A)}\n{json.dumps(B)}", [":1", ":2"]),
        (f"{BOTH[:-1]},\n]", ["[0]", "[1]"]),
        (f'{{"list": [{json.dumps(A)},\n{json.dumps(B)}]}}', [":list[0]", ":list[1]"]),
    ],
)  # fmt: skip
def test_every_form_gives_the_same_records_and_says_where_they_stand(
    tmp_path: Path, content: str, places: list[str]
) -> None:
    found = _read(tmp_path, content)
    assert _values(found) == [A, B]
    assert [each.where for each in found] == [f"{tmp_path / 'n.json'}{each}" for each in places]
    assert [json.loads(each.raw) for each in found] == [A, B]


def test_an_article_alone_is_no_container_of_its_pictures(tmp_path: Path) -> None:
    article = {"id": "p-1", "body": "雨后的山路很滑。" * 20, "images": [{"src": "/1.jpg"}]}
    for indent in (None, 2):
        (record,) = _read(tmp_path, json.dumps(article, ensure_ascii=False, indent=indent))
        assert isinstance(record, Record)
        assert record.values == article


_POST = {"id": 7, "title": "渡口复航"}
_ANSWERS = {
    "code, msg, data": ({"code": 0, "msg": "ok", "data": {"list": [_POST]}}, "data.list"),
    "code, message, total": ({"code": 200, "message": "操作成功", "success": True, "data": [_POST], "total": 1}, "data"),
    "error number, rows": ({"errno": 0, "errmsg": "", "result": {"total": 1, "rows": [_POST]}, "traceId": "a1" * 100}, "result.rows"),
    "head and body": ({"head": {"status": "0000"}, "body": {"list": [_POST]}}, "body.list"),
    "Laravel": ({"data": {"current_page": 1, "data": [_POST], "next_page_url": "https://api.example/?page=2" + "&x" * 99}}, "data.data"),
    "Spring": ({"content": [_POST], "pageable": {"sort": {"sorted": False}, "pageNumber": 0}, "totalElements": 1}, "content"),
    "Strapi": ({"data": [{"id": 7, "attributes": {"title": "渡口复航"}}], "meta": {"pagination": {"page": 1, "total": 1}}}, "data"),
    "Directus": ({"data": [_POST]}, "data"),
    "Elasticsearch": ({"took": 3, "timed_out": False, "_shards": {"total": 5}, "hits": {"total": {"value": 1}, "hits": [{"_id": "7", "_source": _POST}]}}, "hits.hits"),
    "Solr": ({"responseHeader": {"status": 0, "params": {"q": "渡口"}}, "response": {"numFound": 1, "docs": [_POST]}, "facet_counts": {"facet_fields": {"channel": ["地方", 3]}}}, "response.docs"),
    "JSON Feed": ({"version": "https://jsonfeed.org/version/1.1", "title": "云溪日报", "home_page_url": "https://portal.example/", "items": [_POST]}, "items"),
    "Ghost": ({"posts": [_POST], "meta": {"pagination": {"page": 1, "limit": 15}}}, "posts"),
    "GraphQL": ({"data": {"posts": {"edges": [{"node": _POST, "cursor": "YXJyYXk="}], "pageInfo": {"hasNextPage": False}}}}, "data.posts.edges"),
    "Django REST framework": ({"count": 1, "next": None, "previous": None, "results": [_POST]}, "results"),
    "OData": ({"@odata.context": "https://api.example/$metadata#Posts", "value": [_POST]}, "value"),
    "Reddit": ({"kind": "Listing", "data": {"after": "t3", "children": [{"kind": "t3", "data": _POST}]}}, "data.children"),
    "a notice of copyright": ({"copyright": "Copyright 2026 云溪日报 All rights reserved.", "status": "OK", "results": [_POST]}, "results"),
}  # fmt: skip


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", _ANSWERS)
def test_the_answer_of_an_api_is_its_list_however_little_that_holds(
    tmp_path: Path, name: str, indent: int | None
) -> None:
    answer, path = _ANSWERS[name]
    (record,) = _read(tmp_path, json.dumps(answer, ensure_ascii=False, indent=indent))
    assert isinstance(record, Record)
    assert record.where == f"{tmp_path / 'n.json'}:{path}[0]"


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "answer",
    [
        {"code": 0, "msg": "没有更多的数据了", "data": {"list": [], "total": 0}},
        {"count": 0, "next": None, "previous": None, "results": []},
        {"hits": {"total": {"value": 0}, "hits": []}, "aggregations": {"by": {"buckets": []}}},
        {"title": "云溪日报", "items": []},
        {"ids": [1, 2], "posts": []},
        [],
    ],
)
def test_an_empty_answer_holds_nothing(tmp_path: Path, answer: object, indent: int | None) -> None:
    assert _read(tmp_path, json.dumps(answer, ensure_ascii=False, indent=indent)) == []


_COMMENTS = [{"id": 9, "body": "等了一上午。", "user": "渡客"}] * 40


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "article",
    [
        {**_POST, "comments": _COMMENTS},
        {**_POST, "tags": []},
        {"url": "/7.html", "title": "渡口复航", "images": [{"src": "/1.jpg"}]},
        {"nid": 7, "body": "雾散了。", "comments": _COMMENTS},
        {"comments": _COMMENTS, "nid": 7, "headline": "渡口复航", "text": "雾散以后船开了。" * 20},
        {"编号": 7, "题": "渡口复航", "正文": "雾散以后船开了。" * 20, "标签": []},
        {"id": 7, "title": {"rendered": "渡口复航"}, "_links": {"self": [{"href": "/7"}]}},
        {"code": 0, "data": {**_POST, "comments": _COMMENTS}},
        {"code": 0, "message": "no such page", "errors": [17]},
        {"code": 0, "message": "no such page"},
    ],
)
def test_an_object_alone_that_is_no_answer_stays_whole(
    tmp_path: Path, article: dict[str, object], indent: int | None
) -> None:
    (record,) = _read(tmp_path, json.dumps(article, ensure_ascii=False, indent=indent))
    assert isinstance(record, Record)
    assert record.values == article


@pytest.mark.parametrize("depth", [7, 300, 600, 900, 5_000])
@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ('{"a":[', "]}")])
def test_an_object_alone_may_be_of_any_depth(
    tmp_path: Path, depth: int, opening: str, closing: str
) -> None:
    depth //= len(closing)
    (found,) = _read(tmp_path, f"{opening * depth}1{closing * depth}")
    if depth * len(closing) <= 600:
        assert isinstance(found, Record)
    elif isinstance(found, Rejection):  # how deep is too deep depends on the program around
        assert "lie in one another too deep" in found.why


def test_the_list_of_an_article_can_be_named(tmp_path: Path) -> None:
    found = _read(tmp_path, json.dumps({**_POST, "comments": _COMMENTS}), "#comments")
    assert _values(found) == _COMMENTS


def test_lines_that_hold_lists_stay_lines(tmp_path: Path) -> None:
    lines = [{"id": n, "images": [{"src": "/一张很长很长的地址.jpg"}]} for n in (1, 2)]
    found = _read(tmp_path, "\n".join(map(json.dumps, lines)))
    assert _values(found) == lines


def test_a_long_first_line_makes_no_other_form_of_the_file(tmp_path: Path) -> None:
    long = {"id": 1, "body": "潮" * 50_000, "images": [{"src": "/1.jpg"}]}
    text = f"{json.dumps(long)}\nnonsense\n{json.dumps(B)}\n"
    first, bad, last = _read(tmp_path, text)
    assert [each.where[-2:] for each in (first, bad, last)] == [":1", ":2", ":3"]
    assert _values([first, last]) == [long, B]
    (alone,) = _read(tmp_path, json.dumps(long))
    assert isinstance(alone, Record)


def test_the_list_can_be_named(tmp_path: Path) -> None:
    content = f'{{"big": [{{"id": "{"x" * 500}"}}], "data": {{"list": {BOTH}, "none": []}}}}'
    assert _values(_read(tmp_path, content, "#data.list")) == [A, B]
    assert _read(tmp_path, content, "#data.none") == []
    with pytest.raises(
        SourceUnreadable, match=r"no list at 'data'; its lists are: big, data\.list"
    ):
        _read(tmp_path, content, "#data")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ('{"id": 1, "a": NaN}', "NaN is no JSON value"),
        ('{"id": 1, "id": 2}', "key 'id' stands twice"),
        ('{"id": 1 "a": 2}', "not JSON (Expecting ',' delimiter, character 10)"),
        ('{"id": "一个"引号", "a": 1}', "not JSON (Expecting ',' delimiter"),
        ('{"id": "半个引号"", "a": 1}', "not JSON (Expecting ',' delimiter"),
        ('{"id": "没有关上, "a": {}}', "not JSON"),
        ('{"id": "制\t表"}', "not JSON (Invalid control character"),
        ('"不是对象"', "not a JSON object"),
        ('[{"id": 1}]', "not a JSON object"),
        ("17", "not a JSON object"),
        ('{"id": "坏\udcff字节"}', "not UTF-8 (byte 0xFF)"),
        ('{"id": ' + "[" * 5_000 + "]" * 5_000 + "}", "not JSON that can be used"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("glue", [",", ",\n"])
def test_a_broken_element_is_rejected_alone(tmp_path: Path, bad: str, why: str, glue: str) -> None:
    good = [{"id": n, "title": f"第{n}则"} for n in range(4)]
    texts = [json.dumps(each, ensure_ascii=False) for each in good]
    found = _read(tmp_path, f"[{glue.join([*texts[:2], bad, *texts[2:]])}]")
    assert _values(found) == good
    (rejection,) = [each for each in found if isinstance(each, Rejection)]
    assert why in rejection.why
    assert rejection.where.endswith("[2]")


@pytest.mark.parametrize(
    ("content", "given", "why"),
    [
        ('[{"id": 1}, {"id": 2}', 2, "n.json:1: broken JSON at character 22 of the file: the text ends in the list"),
        ('[\n{"id": 1},\n{"id": 2, "a": "', 1, "n.json:3: broken JSON at character 14 of the file: the text ends in element 1"),
        ('[{"id": 1} {"id": 2}]', 1, "',' is missing before element 1"),
        ('[{"id": 1}]\n[{"id": 2}]', 1, "n.json:2: broken JSON at character 13 of the file: something follows the end"),
        ('{"data": [{"id": 1, "title": "x"}], oops}', 1, "a key in double quotes is missing"),
        ('{"data": [{"id": 1, "title": "x"}]', 1, "',' or '}' is missing"),
        ('{\n"a": 1,\n"b": 2\n} 17', 1, "'{' is missing before object 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_mended_is_one_error_with_its_place_after_all_before_it(
    tmp_path: Path, content: str, given: int, why: str
) -> None:
    file = tmp_path / "n.json"
    file.write_text(content, encoding="utf-8")
    found: list[Record | Rejection] = []
    with pytest.raises(SourceUnreadable) as caught:
        found.extend(JsonFile(str(file)).records())
    assert len(found) == given
    assert why in str(caught.value)


def test_a_line_that_is_just_broken_makes_no_other_form_of_the_file(tmp_path: Path) -> None:
    for broken in ('{"id": 1,', '{"id": 1, "body": "折行,', '{"id": 1, "title":'):
        bad, good = _read(tmp_path, f'{broken}\n{{"id": 2}}\n')
        assert isinstance(bad, Rejection)
        assert good.where.endswith(":2")


@pytest.mark.parametrize("before", ["[", '{"data": [', ""])
def test_an_element_that_is_far_too_long_is_passed_and_never_held(
    tmp_path: Path, before: str
) -> None:
    def pieces() -> Iterator[str]:
        yield before + '{"id": 1}' + ("," if before else "\n")
        yield '{"id": 2, "body": "'
        for _ in range(10):
            yield '\\"}]{[' * 150_000
        yield '"}' + ("," if before else "\n") + '{"id": 3}' + {"[": "]", "": ""}.get(before, "]}")

    source = _write(tmp_path / "n", pieces())
    tracemalloc.start()
    try:
        first, long, last = source.records()
        assert tracemalloc.get_traced_memory()[1] < 6 * MAX_LINE_BYTES
    finally:
        tracemalloc.stop()
    assert _values([first, last]) == [{"id": 1}, {"id": 3}]
    assert isinstance(long, Rejection)
    assert long.why == f"longer than {MAX_LINE_BYTES} bytes, not copied"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "gb18030", "big5hkscs"])
@pytest.mark.parametrize("lines", [False, True])
def test_encodings_are_found(tmp_path: Path, encoding: str, lines: bool) -> None:
    records = [{"標題": "江上大雪", "id": n} for n in range(3)]
    texts = [json.dumps(each, ensure_ascii=False) for each in records]
    text = "\n".join(texts) if lines else f"[{','.join(texts)}]"
    (tmp_path / "n.json").write_bytes(text.encode(encoding))
    assert _values(JsonFile(str(tmp_path / "n.json")).records()) == records


def test_a_byte_that_the_encoding_does_not_have_costs_its_line(tmp_path: Path) -> None:
    text = "".join(f'{{"id": {n}, "title": "第{n}条水路"}}\n' for n in range(3)).encode("gb18030")
    (tmp_path / "n.json").write_bytes(text.replace("1条".encode("gb18030"), b"1\xcc\xff"))
    found = list(JsonFile(str(tmp_path / "n.json")).records())
    bad = found[1]
    assert isinstance(bad, Rejection)
    assert "not GB18030 (byte 0xCC at 25 of the line)" in bad.why
    assert len(_values(found)) == 2


@pytest.mark.parametrize("content", [f'{{"items": {BOTH}}}', BOTH, json.dumps(A, indent=1)])
def test_standard_input_may_have_any_form(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    standard_input = io.TextIOWrapper(io.BytesIO(content.encode()))
    monkeypatch.setattr(sys, "stdin", standard_input)
    assert _values(JsonFile("-").records()) in ([A, B], [A])
    assert not standard_input.buffer.closed


_texts = st.text(st.sampled_from('{}[]",:\\ \n零a'), max_size=12)


@given(
    records=st.lists(st.dictionaries(_texts, _texts | st.lists(_texts, max_size=2)), max_size=5),
    indent=st.sampled_from([None, 1]),
    path=st.lists(st.sampled_from(["data", "list"]), max_size=2),
)
def test_any_objects_come_out_of_a_list_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[dict[str, object]],
    indent: int | None,
    path: list[str],
) -> None:
    value: object = records
    for each in path:
        value = {each: value}
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_text(json.dumps(value, indent=indent), encoding="utf-8")
    part = f"#{'.'.join(reversed(path))}" if path else ""
    found = list(JsonFile(f"{file}{part}").records())
    assert [each.values for each in found if isinstance(each, Record)] == records
    assert len(found) == len(records)

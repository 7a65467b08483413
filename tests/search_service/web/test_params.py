"""Parameters: every limit, every kind of nonsense, and a clear answer to each."""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_service.web.search_params import SearchParameters
from tests.search_service.web.portal import Portal, as_problem

SEARCH = "/api/v1/search"


def wrong(portal: Portal, path: str, **query: str) -> dict[str, dict[str, str]]:
    """What an answer says about each wrong parameter, by name."""
    body = portal.problem(path, **query)
    assert (body["status"], body["code"]) == (400, "invalid_parameter")
    for error in body["errors"]:
        assert error["parameter"] in body["detail"]
        assert error["message"]
        assert error["allowed"]
    return {error["parameter"]: error for error in body["errors"]}


@pytest.mark.parametrize(
    ("path", "name", "value", "allowed"),
    [
        (SEARCH, "page", "0", "a whole number from 1 to 10000"),
        (SEARCH, "page", "-1", "a whole number from 1 to 10000"),
        (SEARCH, "page", "1.0", "a whole number from 1 to 10000"),
        (SEARCH, "page", "1_0", "a whole number from 1 to 10000"),
        (SEARCH, "page", "１", "a whole number from 1 to 10000"),
        (SEARCH, "page", "二", "a whole number from 1 to 10000"),
        (SEARCH, "page", str(10**9), "a whole number from 1 to 10000"),
        (SEARCH, "page", "9" * 5000, "a whole number from 1 to 10000"),
        (SEARCH, "page", "1001", "page x size up to 10000: narrow the search"),
        (SEARCH, "size", "0", "a whole number from 1 to 100"),
        (SEARCH, "size", "101", "a whole number from 1 to 100"),
        (SEARCH, "size", str(10**6), "a whole number from 1 to 100"),
        (SEARCH, "sort", "best", "one of relevance, newest, oldest, hot"),
        (SEARCH, "syntax", "raw", "one of default, plain"),
        (SEARCH, "from", "yesterday", "a day such as 2023-11-05, from 1900-01-01 to 2199-12-31"),
        (SEARCH, "from", "2023-02-30", "a day such as 2023-11-05, from 1900-01-01 to 2199-12-31"),
        (SEARCH, "from", "20230230", "a day such as 2023-11-05, from 1900-01-01 to 2199-12-31"),
        (SEARCH, "to", "1700000000", "a day such as 2023-11-05, from 1900-01-01 to 2199-12-31"),
        (SEARCH, "to", "9999-12-31", "a day such as 2023-11-05, from 1900-01-01 to 2199-12-31"),
        (SEARCH, "from", "0001-01-01", "a day such as 2023-11-05, from 1900-01-01 to 2199-12-31"),
        (
            SEARCH,
            "facets",
            "channel,site",
            "some of channel, source, author, tag, month, parted by",
        ),
        (SEARCH, "facets", ",", "some of channel, source, author, tag, month, parted by commas"),
        (SEARCH, "channel", "道" * 1001, "a text of at most 1000 characters"),
        (SEARCH, "source", "青川\x00日报", "a text of at most 1000 characters"),
        (SEARCH, "site", "道" * 1001, "a text of at most 1000 characters"),
        (SEARCH, "attributes", "华东", "attributes.NAME, attributes.NAME.min, attributes.NAME.max"),
        (SEARCH, "attributes.", "华东", "a name of 1 to 128 of A-Z a-z 0-9 . _ ~ -"),
        (SEARCH, "attributes.地区", "华东", "a name of 1 to 128 of A-Z a-z 0-9 . _ ~ -"),
        (SEARCH, "attributes.a b.min", "3", "a name of 1 to 128 of A-Z a-z 0-9 . _ ~ -"),
        (SEARCH, "attributes.region", "道" * 1001, "a text of at most 1000 characters"),
        (SEARCH, "attributes.region", "华\x00东", "a text of at most 1000 characters"),
        (SEARCH, "attributes.price.min", "cheap", "a number such as 3 or -1.5"),
        (SEARCH, "attributes.price.min", "1e999", "a number such as 3 or -1.5"),
        (SEARCH, "attributes.price.max", "nan", "a number such as 3 or -1.5"),
        (SEARCH, "attributes.price.max", "３", "a number such as 3 or -1.5"),
        (SEARCH, "attributes.price.max", "1_000", "a number such as 3 or -1.5"),
        ("/api/v1/suggest", "size", "21", "a whole number from 1 to 20"),
        ("/api/v1/latest", "size", "101", "a whole number from 1 to 100"),
        ("/api/v1/latest", "exclude", "a\u200bb", "up to 100 article ids, parted by commas"),
        ("/api/v1/latest", "exclude", "a,,b", "up to 100 article ids, parted by commas"),
        ("/api/v1/latest", "exclude", "a,..", "up to 100 article ids, parted by commas"),
        ("/api/v1/latest", "exclude", "a,%ff", "up to 100 article ids, parted by commas"),
        ("/api/v1/latest", "exclude", ",".join(["a"] * 101), "up to 100 article ids"),
        ("/api/v1/articles/story-1/related", "size", "0", "a whole number from 1 to 20"),
    ],
)
def test_a_value_that_is_not_allowed_names_itself_and_what_would_be(
    portal: Portal, path: str, name: str, value: str, allowed: str
) -> None:
    errors = wrong(portal, path, **{name: value})
    assert list(errors) == [name]
    assert errors[name]["allowed"].startswith(allowed)
    assert errors[name]["value"] == value[:100]


def test_every_wrong_parameter_is_named_at_once(portal: Portal) -> None:
    errors = wrong(portal, SEARCH, page="0", size="x", chanel="情感", from_="nonsense")
    assert sorted(errors) == ["chanel", "from", "page", "size"]


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"a{number}=1" for number in range(7000)),
        "&".join(f"a{number}&a{number}" for number in range(7000)),
        "&".join("x" * 9000 + f"{number}=1" for number in range(30)),
        "&".join(("x" * 9000 + str(number) + "=1") * 2 for number in range(30)),
    ],
    ids=["unknown", "twice", "long", "long values"],
)
@pytest.mark.parametrize("path", [SEARCH, "/api/v1/articles/story-1"])
def test_of_many_wrong_parameters_the_first_are_named(
    portal: Portal, path: str, query: str
) -> None:
    response = portal.client.get(f"{path}?{query}")
    problem = as_problem(response)
    assert len(problem["errors"]) == 20
    assert re.search(r"; and (6980|10) more$", problem["detail"])
    assert len(response.data) < 20_000


def test_of_many_wrong_members_of_a_body_the_first_are_named(portal: Portal) -> None:
    body = {f"m{number}": number for number in range(500)}
    problem = as_problem(portal.client.post("/api/v1/clicks", json=body))
    assert len(problem["errors"]) == 20
    assert problem["detail"].endswith("; and 482 more")


def test_several_values_of_a_parameter_are_allowed_where_a_field_has_several(
    portal: Portal,
) -> None:
    names = ("channel", "source", "author", "tag", "site", "attributes.region")
    for name in names:
        address = f"{SEARCH}?q=水库&" + urlencode([(name, "甲"), (name, ""), (name, "乙")])
        assert portal.client.get(address).status_code == 200, name
        many = f"{SEARCH}?" + urlencode([(name, f"值{number}") for number in range(33)])
        (error,) = as_problem(portal.client.get(many))["errors"]
        assert error["parameter"] == name
        assert error["message"] == "has too many values"
        assert error["allowed"].startswith("up to 32 values")
        wrong_one = f"{SEARCH}?" + urlencode([(name, "甲"), (name, "乙\x00")])
        (error,) = as_problem(portal.client.get(wrong_one))["errors"]
        assert (error["parameter"], error["value"]) == (name, "乙\x00")
        assert error["allowed"].startswith("a text of at most 1000 characters")
    for name in ("from", "size", "group", "attributes.price.min", "attributes.price.max"):
        twice = f"{SEARCH}?" + urlencode([(name, "1"), (name, "2")])
        (error,) = as_problem(portal.client.get(twice))["errors"]
        assert (error["parameter"], error["message"]) == (name, "is given more than once")
    for path in ("/api/v1/latest", "/api/v1/articles/story-1"):
        twice = f"{path}?channel=a&channel=b"
        (error,) = as_problem(portal.client.get(twice))["errors"]
        assert (error["parameter"], error["message"]) == ("channel", "is given more than once")


def test_a_range_of_numbers_that_runs_backwards_is_an_error(portal: Portal) -> None:
    asked = urlencode([("attributes.price.min", "3"), ("attributes.price.max", "2.5")])
    (error,) = as_problem(portal.client.get(f"{SEARCH}?{asked}"))["errors"]
    assert (error["parameter"], error["value"]) == ("attributes.price.min", "3")
    assert error["message"] == "lies above `attributes.price.max`"


def test_attributes_of_too_many_names_are_an_error(portal: Portal) -> None:
    asked = urlencode([(f"attributes.a{number}", "x") for number in range(33)])
    (error,) = as_problem(portal.client.get(f"{SEARCH}?{asked}"))["errors"]
    assert (error["parameter"], error["allowed"]) == ("attributes", "up to 32 names")


def test_a_range_that_runs_backwards_is_an_error(portal: Portal) -> None:
    errors = wrong(portal, SEARCH, from_="2024-02-02", to="2024-02-01")
    assert errors["from"]["value"] == "2024-02-02"
    assert errors["from"]["message"] == "lies after `to`"


@pytest.mark.parametrize("size", ["11", "100"])
def test_scores_of_ten_hits_at_most_are_explained(portal: Portal, size: str) -> None:
    errors = wrong(portal, SEARCH, q="水库", explain="1", size=size)
    assert list(errors) == ["explain"]
    assert errors["explain"]["allowed"] == "1 with a size of up to 10"
    assert len(portal.json(SEARCH, q="水库", explain="1", size="10")["hits"]) == 10
    assert len(portal.json(SEARCH, q="水库", explain="0", size=size)["hits"]) == min(int(size), 24)


def test_a_page_explains_ten_hits_whatever_size_it_is_asked_for(portal: Portal) -> None:
    page = portal.client.get("/search?q=水库&f.explain=1&f.size=100&size=100")
    assert (page.status_code, page.text.count("合计：")) == (200, 10)


@pytest.mark.parametrize(
    "path",
    [
        SEARCH,
        "/api/v1/suggest",
        "/api/v1/latest",
        "/api/v1/articles/story-1",
        "/api/v1/articles/story-1/related",
    ],
)
def test_an_unknown_parameter_is_an_error(portal: Portal, path: str) -> None:
    assert list(wrong(portal, path, utm_source="x")) == ["utm_source"]


def test_a_typo_is_told_what_was_meant(portal: Portal) -> None:
    errors = wrong(portal, SEARCH, chanel="情感")
    assert errors["chanel"]["message"] == "is not a parameter; did you mean channel?"


def test_a_parameter_given_twice_is_an_error(portal: Portal) -> None:
    response = portal.client.get(f"{SEARCH}?q=a&page=1&q=b")
    (error,) = as_problem(response)["errors"]
    assert (error["parameter"], error["value"]) == ("q", "b")
    assert error["message"] == "is given more than once"


def test_an_empty_value_counts_as_not_given(portal: Portal) -> None:
    answer = portal.json(SEARCH, q="板凳会", page="", size="", channel="", from_="", facets="")
    assert answer["total"] == 1


@pytest.mark.parametrize("text", ["云溪".encode("gbk"), b"\xed\xa0\x80", b"\xff", b"\xe4\xba"])
@pytest.mark.parametrize("name", ["q", "channel"])
def test_text_that_is_not_utf_8_is_an_error_that_says_so(
    portal: Portal, name: str, text: bytes
) -> None:
    response = portal.client.get(f"{SEARCH}?{name}={quote_from_bytes(text)}")
    (error,) = as_problem(response)["errors"]
    assert (error["parameter"], error["message"]) == (name, "is not valid UTF-8")


def test_a_name_that_is_not_utf_8_is_an_error_too(portal: Portal) -> None:
    assert as_problem(portal.client.get(f"{SEARCH}?%ff=1"))["code"] == "invalid_parameter"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "*",
        '"',
        "(((",
        "，",
        "的",
        "😀",
        "𠮷野家",
        "作者:无名",
        "\x00",
        "a\x00b",
        "AND",
        "-",
        "title:",
    ],
)
def test_nothing_typed_is_an_error(portal: Portal, text: str) -> None:
    assert portal.get(SEARCH, q=text).status_code == 200
    assert portal.get("/api/v1/suggest", q=text).status_code == 200
    assert portal.get("/search", q=text).status_code == 200


def test_a_paste_of_5000_characters_is_cut_with_a_note(portal: Portal) -> None:
    paste = "云溪水库观察" * 834
    assert len(paste) > 5000
    query = portal.json(SEARCH, q=paste)["query"]
    assert any("500" in note for note in query["notes"])
    page = portal.get("/search", q=paste)
    assert query["notes"][0] in page.text
    assert len(page.data) < 300_000


def test_a_control_character_counts_as_a_space(portal: Portal) -> None:
    assert portal.json(SEARCH, q="板凳会\x00小学")["query"]["text"] == "板凳会 小学"


def test_pages_ignore_what_they_do_not_know(portal: Portal) -> None:
    page = portal.client.get("/search?q=板凳会&utm_source=x&size=1000&facets=nonsense&q=水库")
    assert page.status_code == 200
    assert "板凳会" in page.text
    assert portal.get("/", fbclid="x").status_code == 200
    assert portal.get("/articles/story-1", spm="x").status_code == 200


ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.sampled_from(
    [
        *SearchParameters.model_json_schema()["properties"],
        *("f.from", "f.to", "f.channel", "f.group", "f.attributes.price.max", "f.attributes", "ie"),
        *("attributes.region", "attributes.price.min", "attributes..max", "exclude", "utm_source"),
    ]
)
VALUES = (
    ANYTHING
    | st.integers().map(str)
    | st.dates().map(str)
    | st.sampled_from(
        ["plain", "newest", "channel", "情感/故事", "1", "100", "2026-01-01", '"', "-"]
    )
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.sampled_from(
        [
            SEARCH,
            "/api/v1/suggest",
            "/api/v1/latest",
            "/api/v1/articles/story-1",
            "/api/v1/articles/n-01/related",
            "/search",
            "/",
            "/articles/story-1",
        ]
    ),
    query=st.lists(st.tuples(NAMES, VALUES), max_size=5),
)
def test_no_parameters_make_the_server_fail(
    portal: Portal, path: str, query: list[tuple[str, str]]
) -> None:
    response = portal.client.get(path, query_string=urlencode(query))
    assert response.status_code in (200, 400)
    if path.startswith("/api/") and response.status_code == 400:
        as_problem(response)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(raw=st.binary(max_size=60))
def test_no_bytes_in_a_query_string_make_the_server_fail(portal: Portal, raw: bytes) -> None:
    text = raw.decode("latin-1").replace("#", "")
    for path in (SEARCH, "/search"):
        for query in (text, f"q={quote_from_bytes(raw)}"):
            response = portal.client.get(path, query_string=query)
            assert response.status_code in (200, 400)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=ANYTHING.filter(bool))
def test_no_name_of_an_article_makes_the_server_fail(portal: Portal, name: str) -> None:
    quoted = quote_from_bytes(name.encode(), safe="")
    for prefix in ("/api/v1/articles/", "/articles/"):
        status = portal.client.get(prefix + quoted).status_code
        assert status == 404 or (status == 400 and not {"\ufffd", "\n"}.isdisjoint(name))
    for prefix in ("/api/v1/articles?id=", "/api/v1/articles:related?id=", "/articles?id="):
        assert portal.client.get(prefix + quoted).status_code == 404

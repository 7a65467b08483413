"""Ids as portals have them: each article is found under both forms of its address, and links lead to it."""

from __future__ import annotations

import html
import re
from urllib.parse import quote, urlencode

import pytest

from tests.factories import article
from tests.search_service.web.portal import Portal, as_problem, open_portal

IDS = (
    *("a", "a/related", "a b", "a  b", "新闻/2024/01", "a%2Fb", "a/b", "a//b", "100%", "a?b#c", "../x", "a;b", "+", "a+b"),
    *("a&id=b", "a,b", ",", '"a"', "'", "<b>", "[red]", "x/withdraw", "articles", "x.", "~", "a/", "{{ x }}"),
    *("é", "e\u0301", "ＡＢ", "A", "𠮷😀", "山" * 85, "0" * 128, "1" * 129, "2" * 256),
)  # fmt: skip
NO_PATH = ("/", "//a", "/a/b", "\ufffd", "a\ufffd")
"""Ids that have the query form only: the path of the first ones would begin with two slashes."""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    folder = tmp_path_factory.mktemp("odd")
    every = [article(each, title=f"渡口第{n}号") for n, each in enumerate((*IDS, *NO_PATH))]
    return open_portal(folder, every)


def named(page: str) -> str:
    """The heading of an article's page."""
    found = re.search("<h1>(.*?)</h1>", page)
    assert found
    return found[1].replace("<wbr>", "")


@pytest.mark.parametrize("each", [*IDS, *NO_PATH])
def test_every_id_is_found_by_its_query_form(odd: Portal, each: str) -> None:
    assert odd.json("/api/v1/articles", id=each)["id"] == each
    assert odd.json("/api/v1/articles:related", id=each, size="3")["id"] == each
    title = odd.json("/api/v1/articles", id=each)["title"]
    page = odd.get("/articles", id=each, utm_source="mail")
    assert (page.status_code, named(page.text)) == (200, title)


@pytest.mark.parametrize("each", [each for each in IDS if each != "a/related"])
def test_an_id_is_found_by_its_path_too(odd: Portal, each: str) -> None:
    quoted = quote(each, safe="")
    assert odd.json(f"/api/v1/articles/{quoted}")["id"] == each
    assert odd.json(f"/api/v1/articles/{quoted}/related")["id"] == each
    assert odd.get(f"/articles/{quoted}").status_code == 200


def test_related_behind_an_id_always_means_the_related_articles(odd: Portal) -> None:
    for path in ("/api/v1/articles/a/related", "/api/v1/articles/a%2Frelated"):
        answer = odd.json(path)
        assert answer["id"] == "a"
        assert "hits" in answer
    assert odd.json("/api/v1/articles", id="a/related")["id"] == "a/related"
    assert odd.json("/api/v1/articles/a/related/related")["id"] == "a/related"
    assert named(odd.get("/articles/a/related").text) == "渡口第1号"


@pytest.mark.parametrize("each", NO_PATH)
def test_an_id_without_a_path_form_is_an_error_there_and_no_other_article(
    odd: Portal, each: str
) -> None:
    for prefix in ("/api/v1/articles/", "/articles/"):
        assert odd.client.get(prefix + quote(each, safe="")).status_code in (400, 404)


@pytest.mark.parametrize("raw", ["%ff", "a%FF", "%D0%C2%CE%C5", "a%ff/related", "%ed%a0%80"])
def test_bytes_that_are_no_utf_8_are_an_error_that_says_so(odd: Portal, raw: str) -> None:
    problem = as_problem(odd.client.get(f"/api/v1/articles/{raw}"))
    assert problem["code"] == "bad_request"
    assert "UTF-8" in problem["detail"]
    assert odd.client.get(f"/articles/{raw}").status_code == 400
    for path in ("/api/v1/articles", "/api/v1/articles:related"):
        problem = as_problem(odd.client.get(f"{path}?id={raw.removesuffix('/related')}"))
        assert problem["errors"][0]["message"] == "is not valid UTF-8"
    in_gbk = raw == "%D0%C2%CE%C5"  # which pages read
    assert odd.client.get(f"/articles?id={raw}").status_code == (404 if in_gbk else 400)


@pytest.mark.parametrize("path", ["/api/v1/articles", "/api/v1/articles:related"])
def test_the_query_form_takes_one_id_and_what_its_route_takes(odd: Portal, path: str) -> None:
    missing = odd.problem(path)["errors"][0]
    assert (missing["parameter"], missing["message"]) == ("id", "is missing")
    assert odd.problem(path, id="")["errors"][0]["message"] == "is missing"
    assert odd.problem(path, id="a", sise="3")["errors"][0]["parameter"] == "sise"
    twice = as_problem(odd.client.get(f"{path}?id=a&id=b"))
    assert twice["errors"][0]["message"] == "is given more than once"
    assert odd.problem(path, id="nobody")["code"] == "article_not_found"
    assert odd.problem(path, id=" a")["code"] == "article_not_found"


def test_the_path_form_takes_no_second_id(odd: Portal) -> None:
    assert odd.problem("/api/v1/articles/a", id="b")["errors"][0]["parameter"] == "id"


def test_a_page_without_an_id_says_what_is_missing(odd: Portal) -> None:
    page = odd.get("/articles")
    assert page.status_code == 400
    assert "<code>id</code>" in page.text


def links_of_hits(odd: Portal) -> dict[str, str]:
    """The link to each article on the pages of a search, by the article's title."""
    found: dict[str, str] = {}
    for page in ("1", "2", "3", "4", "5"):
        text = odd.get("/search", q="渡口", page=page).text
        for link, title in re.findall(r'<h2><a href="([^"]*)">(.*?)</a>', text):
            found[re.sub("</?mark>|<wbr>", "", title)] = html.unescape(link)
    assert len(found) == len(IDS) + len(NO_PATH)
    return found


def test_every_link_to_an_article_leads_to_it(odd: Portal) -> None:
    for title, link in links_of_hits(odd).items():
        page = odd.client.get(link).text
        assert named(page) == title
        canonical = re.search('<link rel="canonical" href="(.*?)">', page)
        assert canonical
        assert html.unescape(canonical[1]) == f"http://localhost{link}"


def test_a_link_has_the_path_form_for_plain_ids_only(odd: Portal) -> None:
    plain = {each for each in IDS if re.fullmatch(r"[A-Za-z0-9._~-]{1,128}", each)}
    links = links_of_hits(odd).values()
    assert {link for link in links if "?" not in link} == {f"/articles/{each}" for each in plain}
    for link in links:
        assert "?" not in link or re.fullmatch(r"/articles\?id=[^&# ]+", link)


@pytest.mark.parametrize("given", [("a,b",), ("100%", "a%2Fb"), (",", "a", "a/b"), IDS])
def test_ids_are_left_out_of_a_list_whatever_they_hold(odd: Portal, given: tuple[str, ...]) -> None:
    joined = ",".join(quote(each, safe="") for each in given)
    repeated = urlencode([("exclude", quote(each)) for each in given])
    wanted = {*IDS, *NO_PATH} - {*given}
    for query in (urlencode({"exclude": joined}), repeated):
        hits = odd.json(f"/api/v1/latest?size=100&{query}")["hits"]
        assert {hit["id"] for hit in hits} == wanted


def test_only_commas_and_percent_signs_must_be_encoded_in_a_list(odd: Portal) -> None:
    hits = odd.json("/api/v1/latest", size="100", exclude="新闻/2024/01,a+b,a b,a%2Cb")["hits"]
    left_out = {*IDS, *NO_PATH} - {hit["id"] for hit in hits}
    assert left_out == {"新闻/2024/01", "a+b", "a b", "a,b"}


@pytest.mark.parametrize(
    "path", ["/api/v1/articles/a%0Ab", "/api/v1/articles/a%0A/related", "/nothing%0A"]
)
def test_a_path_with_a_line_end_is_refused(odd: Portal, path: str) -> None:
    assert odd.get(path).status_code == 400

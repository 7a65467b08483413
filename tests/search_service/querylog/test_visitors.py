"""Visitors are told apart for a day, and programs from people."""

from __future__ import annotations

import pytest

from search_service.querylog.visitors import Visitor, new_salt
from tests.search_service.querylog.factory import BROWSER

PEOPLE = (
    BROWSER,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 13; wv) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0.42",
    "Mozilla/5.0 (Linux; U; Android 12; zh-CN) AppleWebKit/537.36 UCBrowser/15.5.2 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; CUBOT_X30) AppleWebKit/537.36 Chrome/103.0.0.0 Mobile Safari/537.36",
    "YunxiNews/3.2 (iPhone; iOS 17.5)",
)
PROGRAMS = (
    "",
    " ",
    "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
    "Mozilla/5.0 (compatible; YisouSpider/5.0)",
    "Mozilla/5.0 (Linux; Android 5.0) Mobile Safari/537.36 (compatible; Bytespider)",
    "curl/8.1.2",
    "python-requests/2.31.0",
    "Java/17.0.1",
    "PHP/8.1",
    "GuzzleHttp/7",
    "Werkzeug/3.1.9",
)


@pytest.mark.parametrize("agent", PEOPLE)
def test_a_browser_or_an_app_is_a_person(agent: str) -> None:
    assert not Visitor("192.0.2.1", agent).is_program


@pytest.mark.parametrize("agent", PROGRAMS)
def test_a_crawler_or_a_library_is_a_program(agent: str) -> None:
    assert Visitor("192.0.2.1", agent).is_program


def test_a_hash_is_the_same_for_the_same_visitor_and_salt_only() -> None:
    salt, another = new_salt(), new_salt()
    one = Visitor("192.0.2.1", BROWSER).hashed(salt)
    assert one == Visitor("192.0.2.1", BROWSER).hashed(salt)
    others = {
        Visitor("192.0.2.1", BROWSER).hashed(another),
        Visitor("192.0.2.2", BROWSER).hashed(salt),
        Visitor("192.0.2.1", BROWSER + " Edg/126.0").hashed(salt),
        Visitor("192.0.2.", "1" + BROWSER).hashed(salt),
    }
    assert len(others | {one}) == 5
    assert len(one) == 24

"""Articles that strain pages: long words, titles, channels and names, pictures, many values of every facet, and what may be missing.

Beside them a portal: static pages of another origin, which embed the service's elements and frames.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

from indexer.article import Article
from tests.factories import article

LONG_WORD: Final = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
LONG_CHANNEL: Final = (
    "县域经济社会发展与基层治理现代化观察专栏/山区特色农产品流通与冷链物流建设动态"
)
PICTURES: Final = "https://pictures.example"
"""The origin of all pictures. A test answers for it."""
PICTURE: Final = '<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800"><rect width="1200" height="800" fill="#777"/></svg>'

PORTAL_PAGE: Final = (
    '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>门户</title><link rel="icon" href="data:,">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
    '<link rel="stylesheet" href="/style.css"><script src="{service}/embed.js" defer></script></head><body>{body}</body></html>'
)

EMBEDDING: Final = {
    "/elements": '<header><a href="/">门户</a><portal-search></portal-search></header><main><h1>山谷新闻</h1><p>小学校的一天。</p>'
    '<portal-blocks article="a-00"><portal-related show="lead"></portal-related><portal-hot></portal-hot>'
    '<portal-latest show="lead"></portal-latest></portal-blocks></main>',
    "/results": "<main><h1>搜索</h1><portal-search></portal-search><portal-results></portal-results></main>",
    "/frames": "<main><h1>山谷新闻</h1>"
    + "".join(
        f'<iframe src="{{service}}/embed/{each}frame=1" title="{each}" width="300" height="640"></iframe>'
        for each in ("related/a-00?", "latest?", "hot?")
    )
    + "</main>",
    "/room": '<main><h1>山谷新闻</h1><portal-hot size="5"></portal-hot><portal-latest size="5"></portal-latest><p>页脚</p></main>',
    "/style.css": "[size] { display: block; min-height: 40rem }",
}
"""The portal's pages: all elements, results, frames, and a page that keeps room for its lists."""

_THINGS = ("水库", "果园", "车站", "博物馆", "油菜花田", "老磨坊", "渡口", "戏台")
_CHANNELS = (
    "社会",
    "教育",
    "情感/故事",
    "体育/NBA",
    "财经",
    "文化",
    "健康",
    "科技",
    "旅游",
    "三农",
)


def articles() -> list[Article]:
    """Forty articles. All but the last mention the 小学校; ``a-00`` is the most trying one, and the last is about nothing else."""
    made = [_ordinary(number) for number in range(1, 38)]
    trying = article(
        "a-00",
        title=f"山谷里的小学校迎来{LONG_WORD}的客人，孩子们把名字抄了三遍，又用半个下午教会了校门口卖豆腐的老人怎样一口气念完它",
        body=f"小学校的黑板上写着{LONG_WORD}。\n网址是https://portal.example/{'very-long-path-' * 12}end，没有一个孩子点得开。\n"
        + "小学校的孩子们沿着石板路走过渡口。" * 20,
        channel=LONG_CHANNEL,
        channels=["社会", "教育"],
        source="山谷县融媒体中心基层通讯员联络站综合报道组",
        author="石头河、柳树湾、Maximiliana-Wilhelmina Hohenzollern-Sigmaringen",
        editor="渡口",
        tags=["小学校", LONG_WORD, "石板路", "山谷里的孩子们怎样学习外语"],
        image_url=f"{PICTURES}/trying.svg",
        url="https://portal.example/story/trying",
        published_at="2026-02-20T14:05:00+08:00",
    )
    bare = article("a-38", title="", body="小学校没有标题的一页。", published_at=None)
    other = article("a-39", title="磨坊", body="水轮一直在转。", published_at="2020-05-05")
    return [trying, *made, bare, other]


def _ordinary(number: int) -> Article:
    thing = _THINGS[number % 8]
    return article(
        f"a-{number:02}",
        title=f"山谷里的小学校和{thing}的第{number}个故事",
        body=f"小学校的孩子们沿着石板路走到{thing}，看见了{_THINGS[number // 8]}和第{number}只山羊。\n"
        * (number % 3 + 1),
        channel=_CHANNELS[number % 10],
        source=f"{_THINGS[number % 8]}晚报" if number % 5 else "",
        author=f"{_THINGS[number // 8]}来的人" if number % 4 else "",
        tags=[thing, _THINGS[(number + 3) % 8], f"第{number % 11}册"],
        image_url=f"{PICTURES}/{number}.svg" if number % 2 else "",
        url=f"https://portal.example/story/{number}" if number % 3 else "",
        published_at=f"2026-{number % 2 + 1:02}-{number % 27 + 1:02}T0{number % 8}:30:00+08:00",
    )


class Newsroom(NamedTuple):
    """The addresses of the service with these articles, and of a portal that embeds its elements and frames."""

    service: str
    portal: str


class Portal(ThreadingHTTPServer):
    """A site of another origin. ``pages`` holds what stands in ``<body>`` on each path, and a style at ``/style.css``."""

    daemon_threads = True

    def __init__(self, port: int, service: str) -> None:
        super().__init__(("127.0.0.1", port), _Page)
        self.service = service
        self.pages: dict[str, str] = {}
        self.url = f"http://127.0.0.1:{port}"


class _Page(BaseHTTPRequestHandler):
    server: Portal

    def do_GET(self) -> None:
        service, path = self.server.service, self.path.split("?")[0]
        body = self.server.pages.get(path, "")
        page = body if path == "/style.css" else PORTAL_PAGE.format(service=service, body=body)
        self.send_response(200)
        kind = "text/css" if path == "/style.css" else "text/html"
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; script-src {service}; connect-src {service}; frame-src {service}; img-src data: https:; "
            "style-src 'self'; base-uri 'none'; require-trusted-types-for 'script'",
        )
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@contextmanager
def portal(port: int, service: str, pages: Mapping[str, str]) -> Iterator[Portal]:
    """A portal on ``port`` beside the service at this address, for the length of the ``with`` block.

    ``{service}`` in a page is that address.
    """
    site = Portal(port, service)
    site.pages.update({path: body.replace("{service}", service) for path, body in pages.items()})
    threading.Thread(target=site.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()

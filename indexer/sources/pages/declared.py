"""What a page declares of its article: ``meta`` elements, JSON-LD, links, headings, the breadcrumb."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import islice
from typing import Final
from urllib.parse import urljoin, urlsplit

import orjson

from indexer.sources.pages.body import squeezed
from indexer.sources.pages.markup import Element, Outline, called

_SITE_END: Final = re.compile(
    r"(?:网|網|新闻|新聞|频道|頻道|门户|客户端|报|報|在线|頭條|头条|号|平台|网站|中心|首页|资讯|热线|传媒|\.com|\.cn|\.net|\.org|News|Paper)\s*$",
    re.I,
)
_SUFFIX: Final = re.compile(r"^(.*[^\s_|｜—–-])(\s*(?:_+|\||｜|-{2,}|—{2}|[-–—])\s*)([^_|｜]*)$")
_SURE_BARS: Final = ("_", "|", "｜", "--", "——")
"""What parts a title and a site's name, and hardly ever stands inside a title."""
_PLACE: Final = re.compile(
    r"[^\w\x1f]*(?:(?:当前|现在|所在|您|你|在|的|目前|是)*位置|您在)(?:是|为|在)?(?=[\s\x1f:：>›»]|首页)[\s\x1f:：]*"
)
_FROM_HOME: Final = re.compile(r"\W*[^\s\x1f]{0,8}(?:首页|主页|首頁)[\s\x1f]*[>›»→＞≫/]")
_CRUMBS: Final = re.compile(
    r"(?P<sure>bread|crumb)|(?:^|[-_ ])(?:cur)?(?:position|location|path|here|place|dqwz|weizhi|wz|cru)(?:$|[-_ ])",
    re.I,
)
_BORDER: Final = "\x1f"
_ARROW: Final = re.compile(r"[>›»→＞≫]")
_CRUMB_BREAK: Final = re.compile(r"\s*(?:[>›»→＞≫▶/\\\x1f]+|\s-+\s)\s*")
"""What parts two steps: an arrow, or the border of an element where the style sheet draws the arrows."""
_HOME: Final = re.compile(r".{0,12}(?:首页|主页|首頁)|home|index", re.I)
_ARTICLE: Final = re.compile(
    r".{0,4}正文(?:内容)?|内容|详情|详细(?:内容)?|文章(?:内容|详情|正文)?|新闻详情|阅读(?:正文|新闻)?|查看(?:文章|内容)?|浏览(?:文章|新闻)?"
)
"""The last step of a breadcrumb, the page itself. What follows it is no part of the breadcrumb."""
_LONGEST_CHANNEL: Final = 20
"""Characters of one step of a breadcrumb. The longest ones seen have 12; longer texts are sentences."""
_LONG_STEP: Final = 6
"""Characters of a step that are not in a title by chance."""
_MOST_STEPS: Final = 12
"""Lines of a breadcrumb whose steps stand on lines of their own."""
_MOST_CRUMBS: Final = 200
"""Characters of a breadcrumb with the article's title."""
_TRIM: Final = " \t\u3000\xa0:：,，;；、.。|｜/（）()[]【】<>《》“”\"'_-—"

_LONGEST_TITLE: Final = 1_000
"""Characters of a title, as in ``article.MAX_LINE``."""
_MOST_HEADINGS: Final = 20
"""The most ``h1`` that are looked at; a page has one, a careless one a few."""
_PUBLISHED: Final = (
    "article:published_time", "datepublished", "pubdate", "publishdate", "publish-date", "publish_date", "publish_time", "publishtime",
    "og:release_date", "weibo: article:create_at", "weibo:article:create_at", "dc.date", "dc.date.issued", "dcterms.created",
    "dcterms.issued", "date", "dateupdate",
)  # fmt: skip
_LIKE_PUBLISHED: Final = re.compile(r"pub\w*[-_:. ]?(?:time|date)|^og:time$")
_SOURCES: Final = (
    "contentsource",
    "source",
    "article:source",
    "og:article:source",
    "dc.source",
)
_SITES: Final = ("og:site_name", "sitename", "application-name")


@dataclass(frozen=True, slots=True)
class Declared:
    """The ``meta`` elements of a page by name in lower case, without empty ones, and the objects of its JSON-LD."""

    meta: Mapping[str, Sequence[str]]
    objects: Sequence[Mapping[str, object]]

    def one(self, *names: str) -> str:
        """The content of the first of these ``meta`` names that the page has. Of several elements the last: a site's come first."""
        return next((self.meta[name][-1] for name in names if name in self.meta), "")

    def of_object(self, *names: str) -> str:
        """The first text under one of these names in JSON-LD."""
        return next(
            (text for each in self.objects for name in names if (text := _plain(each.get(name)))),
            "",
        )

    @property
    def published_at(self) -> str:
        """The date of publication, as it is written there."""
        told = self.one(*_PUBLISHED) or self.of_object(
            "datePublished", "pubDate", "uploadDate", "dateCreated"
        )
        return told or next(
            (values[-1] for name, values in self.meta.items() if _LIKE_PUBLISHED.search(name)), ""
        )

    @property
    def source(self) -> str:
        """The outlet that the article is from."""
        return self.one(*_SOURCES)

    @property
    def site(self) -> str:
        """The name of the site."""
        return self.one(*_SITES) or self.of_object("publisher")


def read_declared(root: Element) -> Declared:
    """Read ``meta`` elements and JSON-LD. JSON-LD that is not JSON is passed over."""
    meta: dict[str, list[str]] = {}
    for each in root.iter("meta"):
        name = each.get("property") or each.get("name") or each.get("itemprop") or ""
        if content := " ".join((each.get("content") or "").split()):
            meta.setdefault(name.strip().lower(), []).append(content)
    objects: list[Mapping[str, object]] = []
    for each in root.iter("script"):
        if "ld+json" in (each.get("type") or ""):
            try:
                # Portals write line breaks into texts, which JSON does not allow.
                objects.extend(
                    _objects(orjson.loads(re.sub(r"[\x00-\x1f]+", " ", each.text or "")))
                )
            except orjson.JSONDecodeError:
                continue
    return Declared(meta, objects)


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list):
        for each in value:
            if isinstance(each, dict):
                yield each
    elif isinstance(value, dict):
        yield value
        yield from _objects(value.get("@graph"))


def _plain(value: object) -> str:
    """A text of JSON-LD; of a list its first, of an object its name or address."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("name") or value.get("url") or value.get("@id")
    return " ".join(value.split()) if isinstance(value, str) else ""


def find_title(root: Element, page: Outline, declared: Declared) -> str:
    """The title: the longest heading, line or declared title that ``<title>`` begins with, else ``<title>`` without the site.

    Without a ``<title>`` the declared title, or the first heading.
    """
    whole = " ".join((root.findtext(".//title") or "").split())[:_LONGEST_TITLE]
    headings = [
        " ".join(each.text_content().split()) for each in islice(root.iter("h1"), _MOST_HEADINGS)
    ]
    given = [
        declared.one("articletitle"),
        declared.of_object("headline", "title"),
        declared.one("og:title"),
        declared.one("twitter:title"),
    ]
    if not whole:
        return next(filter(None, [*given, *headings]), "")
    flat = squeezed(whole)
    bare = _without_site(whole, declared.site)
    texts = [*given, *headings, *(each.text for each in page.lines if len(each.text) <= len(whole))]
    agreeing = [
        each
        for each in texts
        if _agrees(squeezed(each), flat)
        and squeezed(each) != flat
        and not each.endswith(("|", "_", "-"))
    ]
    best = max(agreeing, key=lambda each: len(squeezed(each)), default="")
    best = _without_site(best, declared.site)
    # A heading may be cut short, or be one step of the breadcrumb.
    return best if len(squeezed(best)) * 2 >= len(squeezed(bare)) else bare


def _agrees(text: str, whole: str) -> bool:
    return (len(text) >= 2 and whole.startswith(text)) or (len(text) >= 8 and text in whole)


def _without_site(title: str, site: str) -> str:
    """A ``<title>`` without what portals append: ``_新华网``, ``|公园_新浪新闻``, `` - 中国日报网``."""
    while found := _SUFFIX.match(title):
        kept, bar, suffix = found.groups()
        sure = any(each in bar for each in _SURE_BARS) or (bar[0].isspace() and bar[-1].isspace())
        if (
            not (sure or _SITE_END.search(suffix) or (site and squeezed(suffix) == squeezed(site)))
            or len(squeezed(kept)) < 2
        ):
            break
        title = kept
    return title


def find_channel(page: Outline, declared: Declared, title: str) -> str:
    """The breadcrumb as a path, without the home page and the article itself; nothing if there is none."""
    for parts in _breadcrumbs(page, declared):
        if channel := _path(parts, squeezed(title)):
            return channel
    return ""


def _breadcrumbs(page: Outline, declared: Declared) -> Iterator[Sequence[str]]:
    for each in declared.objects:
        items = each.get("itemListElement")
        if each.get("@type") == "BreadcrumbList" and isinstance(items, list):
            yield [
                _plain(item.get("name")) or _plain(item.get("item"))
                for item in items
                if isinstance(item, dict)
            ]
    named_so: list[tuple[int, list[str]]] = []
    for element, (start, end) in page.spans.items():
        if end - start <= _MOST_STEPS and (named := _CRUMBS.search(called(element, "aria-label"))):
            pieces = [piece for line in page.lines[start:end] for piece in line.pieces]
            if sum(map(len, pieces)) <= _MOST_CRUMBS:
                text = _BORDER.join(pieces)
                label = _PLACE.match(text)
                parts = _CRUMB_BREAK.split(text[label.end() :] if label else text)
                # A word such as path or here names much else; arrows, a label or the home page tell.
                if len(parts) > 1 and (
                    label or named["sure"] or _ARROW.search(text) or _HOME.fullmatch(parts[0])
                ):
                    # Inner elements come first; the outer one has all steps.
                    while named_so and named_so[-1][0] >= start:
                        named_so.pop()
                    named_so.append((start, parts))
    yield from (parts for _, parts in named_so)
    for line in page.lines:
        if len(line.text) <= _MOST_CRUMBS:
            text = _BORDER.join(line.pieces)
            label = _PLACE.match(text)
            if label or _FROM_HOME.match(text):
                yield _CRUMB_BREAK.split(text[label.end() if label else 0 :])


def _path(parts: Iterable[str], title: str) -> str:
    kept: list[str] = []
    for each in parts:
        name = each.strip(_TRIM)
        flat = squeezed(name)
        cut_short = name.endswith(("…", "..."))
        if _ARTICLE.fullmatch(name) or (flat and _same(flat, title, cut_short)):
            break
        if not flat or _HOME.fullmatch(name):
            continue
        if len(name) > _LONGEST_CHANNEL:
            return ""
        kept.append(name.replace("/", "／"))
    return "/".join(dict.fromkeys(kept))


def _same(step: str, title: str, cut_short: bool) -> bool:
    """Whether a step of a breadcrumb is the article: its title, perhaps cut short."""
    if not title or step == title or (cut_short and title.startswith(step)):
        return bool(title)
    return len(step) >= _LONG_STEP and (step in title or title in step)


_OPENING: Final = 200
"""Characters at the beginning of a text that a description may just repeat; an advertisement may stand above them."""
_SAME: Final = 30
"""Characters that two texts do not share by chance."""
_KNOWN_PAIRS: Final = 5
"""One pair of characters in so many must be in the text. A lead in other words shares a third; a site's slogan shares a tenth."""
_SAVED: Final = re.compile(r"saved from url=\(\d+\)(https?://\S+)", re.I)


def find_url(root: Element, declared: Declared, text: str) -> str:
    """The page's address: the canonical link, ``og:url``, JSON-LD, or what the browser wrote that saved it.

    A home page is nobody's address: some sites declare theirs on every page.
    """
    canonical = [
        each.get("href") or ""
        for each in root.iter("link")
        if (each.get("rel") or "").lower() == "canonical"
    ]
    saved = [found[1] for found in _SAVED.finditer(text[:4_096])]
    given = [
        *canonical,
        declared.one("og:url"),
        declared.of_object("url", "mainEntityOfPage", "@id"),
        *saved,
    ]
    return next((each.strip() for each in given if _is_address(each.strip())), "")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.netloc)
        and (len(parts.path) > 1 or bool(parts.query))
    )


_NO_PICTURE: Final = re.compile(
    r"^data:|\.gif\b|qr-?co+de|erweima|logo|icon|blank|spacer?\b|loading|avatar", re.I
)
"""What a page shows beside the pictures of an article."""


def find_image(container: Element, declared: Declared, url: str) -> str:
    """The picture that the page declares, else the first one of the article; nothing if it has no absolute address."""
    given = [declared.one("og:image", "twitter:image"), declared.of_object("image", "images")]
    for image in container.iter("img"):
        given += [image.get(name) or "" for name in ("data-original", "data-src", "src")]
    for each in given:
        if each.strip() and not _NO_PICTURE.search(each):
            try:
                address = urljoin(url, each.strip())
            except ValueError:
                continue
            if _is_address(address):
                return address
    return ""


def find_tags(declared: Declared, text: str) -> list[str]:
    """The declared keywords, if they are the article's: of a list of which less than half is in the text, only what is."""
    tags = [*declared.meta.get("article:tag", ())]
    line = declared.one("news_keywords", "keywords")
    tags += re.split(r"[,，;；、|]+" if re.search(r"[,，;；、|]", line) else r"\s+", line)
    tags = [each for each in dict.fromkeys(tag.strip(_TRIM) for tag in tags) if each]
    there = [each for each in tags if each in text]
    return tags if len(there) * 2 >= len(tags) else there


def find_lead(declared: Declared, title: str, lines: Sequence[str]) -> str:
    """The description, if it says something of this article that is not just its beginning; else nothing."""
    given = (unescape(declared.one(name)) for name in ("og:description", "description"))
    lead = max(given, key=len)
    flat, body = squeezed(lead), squeezed("".join(lines))
    if (
        len(flat) < 10
        or flat in squeezed(title)
        or flat[:_SAME] in body[:_OPENING]
        or flat.startswith(squeezed(title))
    ):
        return ""
    pairs = {flat[n : n + 2] for n in range(len(flat) - 1)}
    known = sum(each in body for each in pairs)
    return lead if known * _KNOWN_PAIRS >= len(pairs) else ""

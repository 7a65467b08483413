"""The theme: what a folder changes on the pages, and what ends the start. The example is the one of docs/theming.md."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from jinja2 import Environment

from indexer.errors import InvalidSetting
from search_service.settings import SearchSettings
from search_service.web.factory import create_app
from search_service.web.pictures import InvalidPicture, picture_size
from search_service.web.theme import FILTERS, MAX_BYTES, read_theme
from tests.conftest import PROJECT
from tests.factories import article
from tests.search_service.indexes import services

GUIDE = (PROJECT / "docs" / "theming.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^`([\w./]+)` [^\n]*:\n\n```\w+\n(.*?)```", re.MULTILINE | re.DOTALL)
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 32"><rect width="120" height="32"/></svg>'
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 240, 64) + b"\x08\x06\0\0\0"
WEBP = {
    b"VP8X": b"\0" * 4 + (239).to_bytes(3, "little") + (63).to_bytes(3, "little"),
    b"VP8L": b"\x2f" + (239 | 63 << 14).to_bytes(4, "little") + b"\0" * 5,
    b"VP8 ": b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 240, 64),
}


def client(tmp_path: Path, folder: Path) -> FlaskClient:
    """A service with one article, in the theme of a folder."""
    made = services(tmp_path / "index", [article("a-1", title="渡口的灯")], engine="memory")
    return create_app(made, SearchSettings(site_name="云溪网", theme=folder)).test_client()


def theme(tmp_path: Path, **files: str | bytes) -> Path:
    """A folder with these files; ``__`` in a name is a slash, and ``_`` a dot."""
    folder = tmp_path / "theme"
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def test_the_example_of_the_guide_changes_what_the_guide_says(tmp_path: Path) -> None:
    folder = theme(tmp_path, icon_svg=LOGO)
    examples = dict(EXAMPLE.findall(GUIDE))
    assert set(examples) == {
        "theme.css",
        "header.html",
        "footer.html",
        "templates/article.html",
        "logo.svg",
    }
    for name, text in examples.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    asked = client(tmp_path, folder)
    page = asked.get("/articles/a-1").text
    assert examples["header.html"] in page
    assert examples["footer.html"] in page
    assert "版权所有，转载请注明出处。" in page
    assert "<h1>渡口的灯</h1>" in page.replace("<wbr>", "")
    assert 'alt="云溪网" width="72" height="32"' in page
    for path in ("/", "/search", "/nothing"):
        assert examples["header.html"] in asked.get(path).text


def test_files_of_a_theme_are_kept_for_ever_by_their_version(tmp_path: Path) -> None:
    asked = client(tmp_path, theme(tmp_path, theme_css=":root{--accent:#00f}", icon_png=PNG))
    page = asked.get("/").text
    addresses = re.findall(r'href="(/theme/[^"]+)"', page)
    assert len(addresses) == 2
    for address in addresses:
        answer = asked.get(address)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "immutable" not in asked.get(address.split("?")[0]).headers["Cache-Control"]
    assert page.index("/static/style.css") < page.index("/theme/theme.css")
    assert asked.get("/theme/header.html").status_code == 404


def test_files_of_a_theme_need_no_key(tmp_path: Path) -> None:
    made = services(tmp_path / "index", [], engine="memory")
    settings = SearchSettings(theme=theme(tmp_path, theme_css="a{}"), private=True)
    asked = create_app(made, settings).test_client()
    assert asked.get("/theme/theme.css").status_code == 200
    assert asked.get("/").status_code == 401


def test_a_template_may_include_parts_of_the_theme(tmp_path: Path) -> None:
    folder = theme(
        tmp_path,
        templates__error_html='{% extends "original/error.html" %}{% block footer %}{% include "theme/foot.html" %}{% endblock %}',
        templates__theme__foot_html="<p>联系 {{ site_name }}</p>",
    )
    assert "<p>联系 云溪网</p>" in client(tmp_path, folder).get("/nothing").text


def test_every_template_and_block_of_the_guide_exists() -> None:
    folder = PROJECT / "search_service" / "web" / "templates"
    rows = re.findall(r"^\| `(\w+\.html)` \| (.*?) \|", GUIDE, flags=re.MULTILINE)
    assert len(rows) == 5
    for name, blocks in rows:
        text = (folder / name).read_text(encoding="utf-8")
        named = set(re.findall(r"`(\w+)`", blocks))
        assert named <= set(re.findall(r"{% block (\w+) %}", text)), name


def test_every_custom_property_of_the_guide_is_used() -> None:
    styles = (PROJECT / "search_service" / "web" / "static" / "style.css").read_text("utf-8")
    named = re.findall(r"^\| `(--\w+)` \|", GUIDE, flags=re.MULTILINE)
    assert set(named) == set(re.findall(r"^\s+(--\w+):", styles, flags=re.MULTILINE))
    for name in named:
        assert f"var({name})" in styles


@pytest.mark.parametrize(
    ("files", "named", "why"),
    [
        ({"logo_gif": b"GIF89a"}, "logo.gif", "a theme has no such file"),
        ({"them_css": "a{}"}, "them.css", "a theme has no such file; it has footer.html,"),
        ({"logo_png": "no picture"}, "logo.png", "is no PNG picture"),
        ({"logo_svg": "<svg><g/></svg>"}, "logo.svg", "needs a viewBox"),
        ({"logo_svg": LOGO, "logo_png": PNG}, "logo.svg", "there is logo.png too"),
        ({"theme_css": "a" * (MAX_BYTES + 1)}, "theme.css", f"{MAX_BYTES} are the most"),
        ({"header_html": "云溪".encode("gb18030")}, "header.html", "is not UTF-8"),
        ({"templates__artcle_html": ""}, "templates/artcle.html", "replaces none of article.html,"),
        ({"templates__home_html": "\n{% if %}"}, "templates/home.html", "line 2: "),
        ({"templates__home_html": "{{ 1|no_such }}"}, "templates/home.html", "no_such"),
    ],
)  # fmt: skip
def test_what_is_wrong_ends_the_start_and_is_named(
    tmp_path: Path, files: dict[str, str | bytes], named: str, why: str
) -> None:
    folder = theme(tmp_path, **files)
    with pytest.raises(InvalidSetting) as caught:
        read_theme(folder)
    assert caught.value.name == "SEARCH_THEME"
    assert caught.value.value.endswith(named)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("template", "text", "why"),
    [
        ("base", "{{ answer.total }}", "'answer' is undefined"),
        ("error", "{{ 1 // 0 }}", "ZeroDivisionError"),
        ("base", '{% extends "base.html" %}', "RecursionError"),
    ],
)
def test_a_theme_that_breaks_the_page_of_an_error_ends_the_start(
    tmp_path: Path, template: str, text: str, why: str
) -> None:
    with pytest.raises(InvalidSetting, match=why) as caught:
        client(tmp_path, theme(tmp_path, **{f"templates__{template}_html": text}))
    assert (caught.value.name, caught.value.value) == ("SEARCH_THEME", "templates")


def test_a_theme_may_use_every_filter_of_ours(tmp_path: Path) -> None:
    app = client(tmp_path, theme(tmp_path, theme_css="a {}")).application
    assert {*app.jinja_env.filters} - {*Environment().filters} == {*FILTERS}


def test_a_theme_that_cannot_be_used_ends_the_service_before_it_starts(tmp_path: Path) -> None:
    folder = theme(tmp_path, templates__home_html="{% if %}")
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=PROJECT,
        env=os.environ | {"SEARCH_THEME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert re.fullmatch("error: .*templates/home.html.* line 1: .*\n", ended.stderr)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="there is no such folder"):
        read_theme(tmp_path / "nowhere")


def test_what_editors_leave_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    folder = theme(tmp_path, README_md="a", _DS="b")
    (folder / "theme.css~").write_text("c", encoding="utf-8")
    assert read_theme(folder).assets == ()


@pytest.mark.parametrize(
    ("data", "kind", "size"),
    [
        (PNG, "png", (240, 64)),
        (b'<?xml version="1.0"?><svg width="90.4px" height="30" viewBox="0 0 9 3">', "svg", (90, 30)),
        (b'<svg width="100%" viewBox="-1 -1,120.2 32">', "svg", (120, 32)),
        (b'<svg stroke-width="2" width="120"\nheight="32">', "svg", (120, 32)),
        *((b"RIFF\0\0\0\0WEBP" + name + b"\0\0\0\0" + rest + b"\0" * 10, "webp", (240, 64)) for name, rest in WEBP.items()),
    ],
)  # fmt: skip
def test_the_size_of_a_picture_is_read(data: bytes, kind: str, size: tuple[int, int]) -> None:
    assert picture_size(data, kind) == size


@pytest.mark.parametrize("kind", ["png", "webp", "svg"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        PNG[:20],
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"<svg",
        b"<svg width='0' height='1'>",
        b"<svg width='" + b"9" * 400 + b"' height='1'>",
    ],
)
def test_no_picture_has_no_size(data: bytes, kind: str) -> None:
    with pytest.raises(InvalidPicture):
        picture_size(data, kind)

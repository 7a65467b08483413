"""The theme: a folder that gives the pages a portal's name plate, colours, header, footer and templates.

docs/theming.md describes it. The folder is read once, at start. What it holds is trusted as the program is: its HTML
stands on the pages as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, request, url_for
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    DictLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    TemplateSyntaxError,
)
from werkzeug.exceptions import NotFound

from indexer.errors import InvalidSetting
from search_service.web.pictures import KINDS, InvalidPicture, picture_size

SETTING: Final = "SEARCH_THEME"

STYLES: Final = "theme.css"
PICTURES: Final = ("logo", "icon")
INSERTED: Final = ("header.html", "footer.html")
TEMPLATES: Final = "templates"
PARTS: Final = "theme/"
"""What the names of templates begin with that replace none of ours."""
ORIGINAL: Final = "original"
"""The folder in which a template of a theme finds ours: ``original/article.html``."""

FILTERS: Final = ("breakable", "day", "iso", "marked", "minute", "name", "picture", "when")
"""The filters that templates have beside those of Jinja: a theme is checked before there is an application that has them."""

MAX_BYTES: Final = 200_000
"""Of each file. A page waits for the style sheet, and the logo stands on every page."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that browsers fetch. ``width`` and ``height`` are in CSS pixels, 0 for what is no picture."""

    name: str
    data: bytes
    content_type: str
    width: int = 0
    height: int = 0

    @property
    def version(self) -> str:
        """12 hex digits that change with the content."""
        return hashlib.sha256(self.data).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """What a folder holds. ``header`` and ``footer`` are HTML. A theme of nothing leaves the pages as they are."""

    styles: Asset | None = None
    logo: Asset | None = None
    icon: Asset | None = None
    header: str = ""
    footer: str = ""
    templates: dict[str, str] = field(default_factory=dict)

    @property
    def assets(self) -> tuple[Asset, ...]:
        """The files that browsers fetch."""
        return tuple(each for each in (self.styles, self.logo, self.icon) if each)


def read_theme(folder: Path) -> Theme:
    """Read a theme. All its templates are compiled once, to see whether they can be.

    Raises:
        InvalidSetting: the folder is missing, or a file in it cannot be used; names the file and what would be right.
    """
    if not folder.is_dir():
        raise _refusal(folder, "there is no such folder; make it, or leave the setting empty")
    try:
        files = {each.name: each for each in sorted(folder.iterdir()) if _counts(each)}
        templates = dict(_templates(folder / TEMPLATES))
        _check_templates(templates)
        allowed = {STYLES, TEMPLATES, *INSERTED, *_picture_names(*PICTURES)}
        for name in files.keys() - allowed:
            raise _refusal(folder / name, f"a theme has no such file; it has {_listed(allowed)}")
        styles = _read(files[STYLES]) if STYLES in files else None
        inserted = {name: _text(files[name]) for name in INSERTED if name in files}
        return Theme(
            styles=Asset(STYLES, styles, "text/css; charset=utf-8") if styles else None,
            logo=_picture(files, "logo"),
            icon=_picture(files, "icon"),
            header=inserted.get("header.html", ""),
            footer=inserted.get("footer.html", ""),
            templates=templates,
        )
    except OSError as error:
        raise _refusal(
            Path(error.filename or folder), f"{error.strerror}; make it readable"
        ) from error


def register_theme(app: Flask, theme: Theme) -> None:
    """Let the pages of ``app`` look as ``theme`` says."""
    environment = app.jinja_env
    ours = environment.loader
    assert ours is not None
    environment.loader = _loader(ours, theme.templates)
    environment.globals.update(theme=theme, theme_url=_theme_url)
    app.register_blueprint(_blueprint(theme))


def _check_templates(templates: dict[str, str]) -> None:
    """Whether each template replaces one of ours, or is a part of the theme, and compiles.

    Raises: see :func:`read_theme`.
    """
    known = set(FileSystemLoader(Path(__file__).parent / "templates").list_templates())
    environment = Environment(autoescape=True)
    environment.filters.update(dict.fromkeys(FILTERS, str))  # only their names count here
    for name, source in templates.items():
        shown = Path(TEMPLATES) / name
        if not name.startswith(PARTS) and name not in known:
            raise _refusal(
                shown,
                f"replaces none of {_listed(known)}; put parts of your own into {TEMPLATES}/{PARTS}",
            )
        try:
            environment.compile(source, name)
        except TemplateSyntaxError as error:
            raise _refusal(shown, f"line {error.lineno}: {error.message}") from error


def check_error_page(app: Flask, page: Callable[[], str]) -> None:
    """Make the page of an error once. Where a theme breaks it, every address that does not exist would get no answer at all.

    Raises:
        InvalidSetting: the page fails; names the reason.
    """
    try:
        with app.test_request_context():
            page()
    except Exception as error:  # somebody else's code: whatever goes wrong in it ends the start
        why = f"the page of an error (error.html, base.html) fails: {type(error).__name__}: {error}"
        raise _refusal(Path(TEMPLATES), why) from error


def _loader(ours: BaseLoader, templates: dict[str, str]) -> BaseLoader:
    return ChoiceLoader([DictLoader(templates), ours, PrefixLoader({ORIGINAL: ours})])


def _blueprint(theme: Theme) -> Blueprint:
    """The route ``/theme/<name>``. Caches may keep a file for ever if its address holds its version."""
    blueprint = Blueprint("theme", __name__)
    assets = {each.name: each for each in theme.assets}

    @blueprint.get("/theme/<name>")
    def asset(name: str) -> Response:
        if name not in assets:
            raise NotFound
        found = assets[name]
        response = Response(found.data, content_type=found.content_type)
        if request.args.get("v") == found.version:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    return blueprint


def _theme_url(asset: Asset, *, whole: bool = False) -> str:
    """The address of a file of the theme, ``whole`` with scheme and host. It changes with the content."""
    return url_for("theme.asset", name=asset.name, v=asset.version, _external=whole)


def _counts(path: Path) -> bool:
    """Whether a file belongs to the theme: not what editors and systems leave in folders, and no explanation."""
    return not path.name.startswith((".", "README")) and not path.name.endswith("~")


def _templates(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and _counts(path):
            yield path.relative_to(folder).as_posix(), _text(path)


def _picture_names(*stems: str) -> tuple[str, ...]:
    return tuple(f"{stem}.{kind}" for stem in stems for kind in KINDS)


def _picture(files: dict[str, Path], stem: str) -> Asset | None:
    """The one picture of this name.

    Raises: see :func:`read_theme`.
    """
    found = [files[name] for name in _picture_names(stem) if name in files]
    if not found:
        return None
    path = found[0]
    if len(found) > 1:
        raise _refusal(path, f"there is {found[1].name} too; keep one of them")
    data = _read(path)
    kind = path.suffix[1:]
    try:
        width, height = picture_size(data, kind)
    except InvalidPicture as error:
        raise _refusal(path, str(error)) from error
    return Asset(path.name, data, KINDS[kind], width, height)


def _text(path: Path) -> str:
    try:
        return _read(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal(path, f"byte {error.start} is not UTF-8; save the file as UTF-8") from error


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        # No more than that: a wrong link may lead to a video, or to a device without an end.
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _refusal(path, f"has too many bytes; {MAX_BYTES} are the most")
    return data


def _refusal(path: Path, why: str) -> InvalidSetting:
    return InvalidSetting(SETTING, str(path), why)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))

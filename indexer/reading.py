"""How a giver's records are read: under which keys, in which zone, how strictly, and what is done to each before."""

from __future__ import annotations

import json
import re
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from difflib import get_close_matches
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

from indexer.article import FIELDS, channel_path
from indexer.errors import InvalidArticle, InvalidSetting
from indexer.said import Said
from indexer.times import Order

Hook = Callable[[dict[str, object]], "Mapping[str, object] | None"]
"""Changes the values of a record, under an article's own names; None drops the record."""

_EQUALS: Final = re.compile("[=＝]")

TEXTS: Final = ("title", "lead", "body")
"""The fields that may hold markup."""

_COMMA: Final = re.compile("[,，]")
_NEAR: Final = 0.5
"""The least likeness of a name to be proposed, as difflib measures it: one of two characters, as of 标提 and 标题."""
_COLUMNS_NAMED: Final = 20
"""The most columns that an error lists."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """How a record says that its article is deleted: under ``key``, by one of ``values``, which are in lower case.

    Without ``values`` it is said by anything but nothing, zero, or a word for no.
    """

    key: str
    values: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How records become articles.

    ``mapping`` maps the giver's keys to fields. ``channels`` maps the giver's categories to channel paths. ``markup`` are the
    fields whose texts are HTML; in others it is found. ``order`` reads dates such as 11/12/2023. With ``strict`` a fault in a side field costs the article, not the field.
    """

    timezone: tzinfo
    mapping: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    markup: frozenset[str] = frozenset()
    hook: Hook | None = None
    order: Order | None = None
    deleted: Deletion | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        """Check that every target of the mapping is a field.

        Raises:
            InvalidSetting: lists the existing fields.
        """
        for key, name in self.mapping.items():
            if name not in FIELDS:
                raise InvalidSetting(
                    "--map",
                    f"{key}={name}",
                    f"an article has no field {name!r}; its fields are {', '.join(FIELDS)}",
                )

    @property
    def identity(self) -> str:
        """A text that is the same for readings that make the same articles of the same records. A hook counts by its name."""
        function = self.hook if hasattr(self.hook, "__qualname__") else type(self.hook)
        hook = f"{function.__module__}:{function.__qualname__}"  # type: ignore[union-attr]
        deleted = self.deleted and [self.deleted.key, *sorted(self.deleted.values)]
        return json.dumps(
            [
                *(str(self.timezone), dict(self.mapping), dict(self.channels), sorted(self.markup)),
                *(hook, self.order, deleted, self.strict),
            ]
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """The giver's keys that the options name."""
        return (*self.mapping, *([self.deleted.key] if self.deleted else ()))

    def check_columns(self, columns: Sequence[str]) -> None:
        """Check that a table has the columns that are named. Of several that are mapped to one field, it needs only one.

        Raises:
            InvalidSetting: names the columns that there are, and the nearest one.
        """
        filled = {name for key, name in self.mapping.items() if key in columns}
        for key, name in self.mapping.items():
            if name not in filled:
                raise InvalidSetting("--map", f"{key}={name}", _no_column(key, columns))
        if self.deleted and self.deleted.key not in columns:
            key = self.deleted.key
            raise InvalidSetting("--deleted", key, _no_column(key, columns))


def _no_column(key: str, columns: Sequence[str]) -> str:
    lower = {each.lower(): each for each in columns}
    near = get_close_matches(key.lower(), lower, n=1, cutoff=_NEAR)
    meant = f", did you mean {lower[near[0]]!r}?" if near else "."
    more = len(columns) - _COLUMNS_NAMED
    listed = ", ".join(columns[:_COLUMNS_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"there is no column {key!r}{meant} The columns are: {listed}"


class UnseenKeys:
    """The keys that a reading names and no record has had so far."""

    def __init__(self, reading: Reading) -> None:
        self._left = dict.fromkeys(reading.keys)
        self._any = False

    def see(self, values: Mapping[str, object]) -> None:
        """Note the keys of a record."""
        self._any = True
        for key in [each for each in self._left if each in values]:
            del self._left[key]

    def keys(self) -> tuple[str, ...]:
        """Those that are left, in the order of the reading; none before the first record."""
        return tuple(self._left) if self._any else ()


def say_unseen(keys: Iterable[str]) -> str:
    """What is said of them: they may be misspelt, or just be rare."""
    return Said(
        "no record has the key {keys} that --map or --deleted names",
        keys=", ".join(map(repr, keys)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a source's records are read, as a command line or the row of a job says it. The fields are plain JSON.

    ``channels`` is the path of a file for :func:`read_channels`, ``hook`` and ``hook_folder`` are for :func:`load_hook`; without a folder
    it is the working one. ``deleted`` is a text for :func:`read_deletion`. ``of_source`` are the options of the kind of source, such as
    the table of a database. With ``changes_only`` a folder is read from where the last run ended. The rest is :class:`Reading`'s.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    channels: str | None = None
    markup: tuple[str, ...] = ()
    hook: str | None = None
    hook_folder: str | None = None
    deleted: str | None = None
    strict: bool = False
    of_source: Mapping[str, str] = field(default_factory=dict)
    changes_only: bool = False

    def reading(self, *, timezone: tzinfo, order: Order | None) -> Reading:
        """The reading that the options describe. Reads the file of channels, and loads the hook.

        Raises:
            InvalidSetting: names the option and what is wrong with it.
        """
        return Reading(
            timezone=timezone,
            order=order,
            mapping=self.mapping,
            channels=read_channels(Path(self.channels)) if self.channels else {},
            markup=read_markup(self.markup),
            hook=load_hook(self.hook, Path(self.hook_folder or Path.cwd())) if self.hook else None,
            deleted=read_deletion(self.deleted) if self.deleted else None,
            strict=self.strict,
        )


def read_mapping(texts: Iterable[str]) -> dict[str, str]:
    """The mapping that texts such as ``category=channel`` describe: the giver's key, then the field.

    Raises:
        InvalidSetting: a text of another form, or a key that is mapped twice.
    """
    mapping: dict[str, str] = {}
    for text in texts:
        key, _, name = (part.strip() for part in text.rpartition("="))
        if not key or not name:
            raise InvalidSetting("--map", text, "must be KEY=FIELD, such as category=channel")
        if key in mapping:
            raise InvalidSetting("--map", text, f"key {key!r} is mapped twice")
        mapping[key] = name
    return mapping


def read_deletion(text: str) -> Deletion:
    """What ``KEY``, or ``KEY=VALUE`` with several values between commas, says of deleted articles.

    Raises:
        InvalidSetting: a text without a key, or without a value after the sign.
    """
    key, sign, listed = text.partition("=")
    values = frozenset(each.strip().lower() for each in _COMMA.split(listed))
    if not key.strip() or (sign and "" in values):
        raise InvalidSetting(
            "--deleted", text, "must be KEY or KEY=VALUE,VALUE, such as status=trash"
        )
    return Deletion(key.strip(), values if sign else frozenset())


def read_channels(file: Path) -> dict[str, str]:
    """The map of channels in a file: lines such as ``国内新闻 = 时政/国内``. Empty lines and lines that begin with # are skipped.

    The file is UTF-8, UTF-16 with a mark, or GB18030. The sign between may have its full width, ＝.

    Raises:
        InvalidSetting: the file cannot be read, or names the first wrong line.
    """
    try:
        lines = _decoded(file.read_bytes()).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(
            "--channels", str(file), f"cannot be read as text ({error}): save it as UTF-8"
        ) from error
    channels: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        category, *rest = (part.strip() for part in _EQUALS.split(line, maxsplit=1))
        try:
            if not rest or not category or category in channels:
                raise InvalidArticle("channel", "must be CATEGORY = CHANNEL, each category once")
            channels[category] = channel_path(rest[0])
        except InvalidArticle as fault:
            raise InvalidSetting("--channels", f"{file}:{number}", fault.why) from fault
    return channels


def _decoded(content: bytes) -> str:
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def read_markup(names: Iterable[str]) -> frozenset[str]:
    """The fields that hold markup.

    Raises:
        InvalidSetting: a name is none of TEXTS.
    """
    for name in names:
        if name not in TEXTS:
            raise InvalidSetting("--markup", name, f"must be one of {', '.join(TEXTS)}")
    return frozenset(names)


def load_hook(name: str, folder: Path) -> Hook:
    """The function that ``module:function`` names. The module is a file in ``folder``, else one that is installed.

    A file is read anew each time, since a process that runs jobs outlives its changes. What it imports may stand beside it.

    Raises:
        InvalidSetting: there is no such module or function, or the module fails to load.
    """
    module, separator, function = name.partition(":")
    if not separator or not module or not function:
        raise InvalidSetting("--hook", name, "must be module:function, such as portal:tidy")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    file = folder / f"{module.replace('.', '/')}.py"
    try:
        loaded = _loaded(file) if file.is_file() else import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise InvalidSetting("--hook", name, f"cannot be loaded: {error}") from error
        why = f"there is no {file}: put it there, or type the command in the folder that holds it"
        raise InvalidSetting("--hook", name, why) from error
    except Exception as error:  # somebody else's code: whatever goes wrong in it
        why = f"cannot be loaded: {type(error).__name__}: {error}"
        raise InvalidSetting("--hook", name, why) from error
    found = getattr(loaded, function, None)
    if not callable(found):
        raise InvalidSetting("--hook", name, f"{loaded.__file__} has no function {function!r}")
    hook: Hook = found
    return hook


def _loaded(file: Path) -> ModuleType:
    """The module in a file, under a name that no other module has."""
    name = f"hook {file}"
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

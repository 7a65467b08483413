"""How options become a reading: the file of channels, and the hook."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from indexer.errors import InvalidSetting
from indexer.reading import Options, load_hook, read_channels

CHANNELS = "# 频道\n国内新闻 = 时政/国内\n\n体育＝体育\n编号=1＝地方\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"])
def test_a_file_of_channels_may_come_from_any_editor(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "channels.txt"
    file.write_bytes(CHANNELS.encode(encoding))
    assert read_channels(file) == {"国内新闻": "时政/国内", "体育": "体育", "编号": "1＝地方"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("国内 时政".encode(), ":1'?: must be CATEGORY = CHANNEL, each category once"),
        ("体育＝体育\n体育=运动".encode(), ":2'?: must be CATEGORY = CHANNEL, each category once"),
        (b"\xff\x81\xff=a", "cannot be read as text .*: save it as UTF-8"),
    ],
)
def test_a_file_of_channels_that_is_wrong_names_the_line(
    tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "channels.txt").write_bytes(content)
    with pytest.raises(InvalidSetting, match=why):
        read_channels(tmp_path / "channels.txt")


def _write(folder: Path, text: str, name: str = "portal") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def _source_of(folder: Path, name: str = "portal:tidy") -> object:
    options = Options(hook=name, hook_folder=str(folder))
    hook = options.reading(timezone=UTC, order=None).hook
    assert hook is not None
    values = hook({})
    assert values is not None
    return values["source"]


def test_a_hook_is_that_of_its_folder_as_it_is_now(tmp_path: Path) -> None:
    """One process may run jobs of several folders, and each file may change between two."""
    text = "def tidy(values): return {'source': %r}"
    one, two = _write(tmp_path / "one", text % "一"), _write(tmp_path / "two", text % "二")
    assert [_source_of(each) for each in (one, two, one)] == ["一", "二", "一"]
    _write(one, text % "改过了的")
    assert _source_of(one) == "改过了的"


def test_a_hook_may_import_what_stands_beside_it_and_define_classes(tmp_path: Path) -> None:
    _write(tmp_path, "NAME = '云溪日报'", "names_beside_the_hook")
    _write(
        tmp_path,
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "import names_beside_the_hook as names\n"
        "@dataclass\nclass Source:\n    name: str\n"
        "def tidy(values): return {'source': Source(names.NAME).name}\n",
    )
    assert _source_of(tmp_path) == "云溪日报"


def test_a_hook_may_be_installed(tmp_path: Path) -> None:
    assert load_hook("operator:itemgetter", tmp_path) is not None


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("portal", "", "must be module:function, such as portal:tidy"),
        ("no_such:tidy", "", "there is no .*/no_such.py: put it there, or type the command in the folder that holds it"),
        ("portal:tidy", "tidied = 1", "portal.py has no function 'tidy'"),
        ("portal:tidy", "tidy = 1", "portal.py has no function 'tidy'"),
        ("portal:tidy", "def tidy(", "cannot be loaded: SyntaxError"),
        ("portal:tidy", "1 / 0", "cannot be loaded: ZeroDivisionError: division by zero"),
        ("portal:tidy", "import no_such_module_anywhere", "cannot be loaded: No module named 'no_such_module_anywhere'"),
    ],
)  # fmt: skip
def test_a_hook_that_cannot_be_used_says_what_to_do(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    _write(tmp_path, text)
    with pytest.raises(InvalidSetting, match=why):
        load_hook(name, tmp_path)

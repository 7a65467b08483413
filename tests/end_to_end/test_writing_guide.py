"""docs/writing.md is run as it stands against the whole service, and prints what it shows.

All shell blocks run in one bash, as a reader runs them in one terminal. The first one starts the service; a fixture does it in
a folder of its own. Only the address of the service and the interpreter of the virtual environment are replaced.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Final, NamedTuple

import pytest

from indexer.store.articles import ArticleStore
from indexer.store.database import open_keys, open_store
from tests.conftest import PROJECT
from tests.end_to_end.serving import PATIENCE, Server, serving, whole_index
from tests.factories import article

pytestmark = pytest.mark.thorough

CHANGING: Final = (
    (r'("(?:revision|doc_count|behind|behind_seconds)":|at revision )[\d.]+', r"\1N"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d", "DAY TIME"),
    (r'"as_of":"[^"]+"', '"as_of":"TIME"'),
    (r'"request_id":"[^"]+"', '"request_id":"ID"'),
)
"""What may differ between the guide and a run: numbers and times that depend on when it runs, and on what was done before."""

NEXT: Final = "----- next block -----"


class Block(NamedTuple):
    """A block of code in the guide, and what it prints: the block of the language ``text`` that follows it, if one does."""

    language: str
    code: str
    printed: str


class Guide(NamedTuple):
    """The service that the guide talks to, and its store."""

    server: Server
    store: ArticleStore

    def type(self, *command: str, typed: str, **environ: str) -> str:
        """What a program prints, on standard output and standard error, when this is typed in."""
        ended = subprocess.run(
            command,
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=2 * PATIENCE,
            cwd=PROJECT,
            env=os.environ | {"SEARCH_STORE_URL": self.store.url} | environ,
        )
        assert ended.returncode == 0, ended.stdout
        return ended.stdout


def blocks(*languages: str) -> list[Block]:
    """The guide's blocks of these languages."""
    text = (PROJECT / "docs" / "writing.md").read_text(encoding="utf-8")
    found: list[Block] = []
    for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if language == "text":
            found[-1] = found[-1]._replace(printed=code)
        else:
            found.append(Block(language, code, ""))
    return [each for each in found if each.language in languages]


def shape(printed: str) -> str:
    """What was printed, without what may differ."""
    for pattern, instead in CHANGING:
        printed = re.sub(pattern, instead, printed)
    return printed.strip()


def require(program: str, package: str) -> None:
    if shutil.which(program) is None:
        pytest.fail(f"{program} is not installed: apt-get install {package}")


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guide]:
    """The whole service, with an index that follows the store."""
    index = whole_index(tmp_path_factory.mktemp("guide"))
    url = f"sqlite:///{index.parent / 'articles.sqlite3'}"
    with closing(open_store(url)) as store, serving(index, "app.py", SEARCH_WORKERS="1") as server:
        (last,) = store.put([article("a-2", title="渡口的老船")])
        wait_until_searches_know(server, last.revision)
        yield Guide(server, store)


def wait_until_searches_know(server: Server, revision: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while server.json("/readyz")["index"]["revision"] < revision:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def printed(guide: Guide) -> list[str]:
    """What each shell block prints, without the first. They come first, because the guide shows the number of the first key."""
    require("curl", "curl")
    start, *rest = blocks("sh")
    assert start.code == "SEARCH_WORKERS=1 make run\n"
    typed = f"\necho '{NEXT}'\n".join(each.code for each in rest)
    typed = typed.replace("http://127.0.0.1:8000", guide.server.url)
    typed = typed.replace(".venv/bin/python", sys.executable)
    return guide.type("bash", "-u", typed=typed).split(NEXT)


@pytest.fixture(scope="module")
def key(guide: Guide, printed: list[str]) -> str:
    """The key in the terminal in which the programs are run."""
    assert printed
    with closing(open_keys(guide.store.url)) as keys:
        return keys.create("portal", "write")[0]


def test_the_shell_prints_what_the_guide_shows(printed: list[str]) -> None:
    shown = [shape(each.printed) for each in blocks("sh")[1:]]
    assert [shape(each) for each in printed] == shown


def test_the_shell_leaves_the_articles_as_the_guide_says(guide: Guide, printed: list[str]) -> None:
    assert printed
    left = {each: guide.store.find(each) for each in ("栏目/2026 1", "demo-1", "demo-2", "demo-3")}
    assert {each: found and found[0].status for each, found in left.items()} == {
        "栏目/2026 1": "withdrawn",
        "demo-1": None,
        "demo-2": None,
        "demo-3": None,
    }


@pytest.mark.parametrize("language", ["python", "php"])
def test_a_program_prints_what_the_guide_shows_and_leaves_its_article_withdrawn(
    guide: Guide, key: str, language: str
) -> None:
    command = (sys.executable, "-I", "-") if language == "python" else ("php",)
    require(command[0], "php-cli")
    (block,) = blocks(language)
    printed = guide.type(*command, typed=block.code, URL=guide.server.url, KEY=key)
    assert printed == block.printed
    found = guide.store.find(f"栏目/{language}-1")
    assert found is not None
    status, at = found[0].status, found[0].published_at
    assert (status, at and at.year) == ("withdrawn", 2026)

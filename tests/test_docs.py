"""The documents tell the truth: settings, dependencies and links are held to the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from indexer.settings import IndexSettings, Setting, declared_settings
from search_service.settings import SearchSettings
from tests.conftest import PROJECT

SETTINGS = (*declared_settings(IndexSettings), *declared_settings(SearchSettings))
DOCUMENTS = sorted(
    path
    for path in (
        *PROJECT.glob("*.md"),
        *(PROJECT / "docs").glob("*.md"),
        PROJECT / "samples" / "README.md",
    )
)


def document(name: str) -> str:
    return (PROJECT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("each", SETTINGS, ids=lambda each: each.name)
def test_a_setting_is_documented_with_its_default_and_sentence(each: Setting) -> None:
    row = f"| `{each.name}` | `{each.default}` | {each.sentence} |"
    assert row.replace("| `` |", "| (empty) |") in document("settings.md")


def test_the_settings_page_names_no_setting_that_does_not_exist() -> None:
    named = re.findall(r"^\| `([A-Z_]+)` \|", document("settings.md"), flags=re.MULTILINE)
    assert sorted(named) == sorted(each.name for each in SETTINGS)


@pytest.mark.parametrize(
    "requirements",
    [
        "requirements.txt",
        "requirements-evaluate.txt",
        "requirements-opensearch.txt",
        "requirements-dev.txt",
    ],
)
def test_every_dependency_has_a_line_that_says_why(requirements: str) -> None:
    lines = (PROJECT / requirements).read_text(encoding="utf-8").splitlines()
    names = [
        re.split(r"[\[~=<>]", line)[0]
        for line in lines
        if line and not line.startswith(("#", "-r"))
    ]
    explained = re.findall(
        r"^\| ([A-Za-z0-9_-]+) \|", document("dependencies.md"), flags=re.MULTILINE
    )
    assert set(names) <= set(explained)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_into_the_project_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_two_readmes_give_the_same_commands() -> None:
    blocks = [
        re.findall(
            r"```sh\n(.*?)```", (PROJECT / name).read_text(encoding="utf-8"), flags=re.DOTALL
        )
        for name in ("README.md", "README.zh-CN.md")
    ]
    assert blocks[0] == blocks[1]
    assert "make run" in blocks[0][0]

"""The import table of ARCHITECTURE.md, executed: every import statement at any depth must be allowed by it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import PROJECT

PACKAGES = ("indexer", "search_service")
STANDARD = sys.stdlib_module_names


def module_name(path: Path) -> str:
    parts = list(path.relative_to(PROJECT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def sources() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    paths = [PROJECT / "app.py"]
    for package in PACKAGES:
        paths.extend((PROJECT / package).rglob("*.py"))
    return {module_name(path): path for path in paths}


@cache
def imports(module: str) -> tuple[str, ...]:
    """What a module imports, at any depth: dotted names; ``from a import b`` counts as a.b where that is a module."""
    found: list[str] = []
    for node in ast.walk(ast.parse(sources()[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            origin = node.module or ""
            for alias in node.names:
                whole = f"{origin}.{alias.name}"
                found.append(whole if whole in sources() else origin)
    return tuple(dict.fromkeys(found))


@cache
def table() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """The import table: unit -> (units of ours that it may import, packages that it may import)."""
    text = (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = text.split("<!-- import table -->")[1].split("<!-- end of import table -->")[0]
    rows = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[0].startswith("`"):
            unit, ours, packages = (frozenset(re.findall(r"`([^`]+)`", cell)) for cell in cells)
            (name,) = unit
            rows[name] = (ours, packages)
    return rows


@cache
def sides() -> dict[str, frozenset[str]]:
    """The parts of the import table: heading -> the units of its rows."""
    text = (PROJECT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = text.split("<!-- import table -->")[1].split("<!-- end of import table -->")[0]
    parts = {}
    for part in section.split("\n### ")[1:]:
        heading, _, rows = part.partition("\n")
        parts[heading] = frozenset(re.findall(r"^\| `([^`]+)`", rows, re.MULTILINE))
    return parts


def unit_of(module: str) -> str:
    """The row that speaks for a module: the longest one that it lies in."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if (name := ".".join(parts[:length])) in table():
            return name
    raise AssertionError(f"no row of the import table speaks for {module}")


@pytest.mark.parametrize("module", sorted(sources()))
def test_a_module_imports_only_what_the_table_allows(module: str) -> None:
    unit = unit_of(module)
    ours, packages = table()[unit]
    for name in imports(module):
        top = name.partition(".")[0]
        if name in sources():
            other = unit_of(name)
            assert other == unit or other in ours, f"{module} may not import {name}"
        else:
            assert top in packages or top in STANDARD, f"{module} may not import {name}"


def test_every_row_is_used_and_holds_nothing_that_is_not() -> None:
    for unit, (ours, packages) in table().items():
        members = [module for module in sources() if unit_of(module) == unit]
        assert members, f"the row {unit} speaks for no module"
        used = {name for module in members for name in imports(module)}
        reached = {unit_of(name) for name in used if name in sources()} - {unit}
        tops = {name.partition(".")[0] for name in used if name not in sources()} - STANDARD
        assert ours <= reached, f"{unit} does not import {sorted(ours - reached)}"
        assert packages <= tops, f"{unit} does not import {sorted(packages - tops)}"


def test_there_is_no_cycle() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module in done:
            return
        for name in imports(module):
            if name in sources():
                visit(name, (*path, module))
        done.add(module)

    for module in sources():
        visit(module, ())


def test_the_packages_themselves_are_a_docstring_and_nothing_else() -> None:
    for package in PACKAGES:
        tree = ast.parse((PROJECT / package / "__init__.py").read_text(encoding="utf-8"))
        assert [type(node) for node in tree.body] == [ast.Expr]
        assert ast.get_docstring(tree)


def test_the_reader_never_loads_the_ingest_side() -> None:
    program = (
        "import sys, search_service.cli.main\n"
        "print(*(name for name in sys.modules if name.split('.')[0] == 'indexer'), sep='\\n')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    loaded = {unit_of(name) for name in answer.stdout.split()}
    assert not loaded & sides()["The ingest side"]
    assert "indexer.article" in loaded


def test_the_process_that_runs_the_others_stays_small() -> None:
    program = "import sys, app; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "search_service.supervisor" in answer.stdout.split()
    assert not {"flask", "granian", "jieba", "numpy", "sqlalchemy"} & set(answer.stdout.split())


def test_a_rollback_loads_no_library_of_databases() -> None:
    program = "import sys, indexer.__main__, indexer.cli.generations; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "indexer.rebuilding.promotion" in answer.stdout.split()
    assert not {"alembic", "flask", "jieba", "sqlalchemy"} & set(answer.stdout.split())


def test_each_row_stands_on_a_side_and_only_the_ingest_side_reaches_itself() -> None:
    floor, ingest, reader, roots = (
        sides()[name]
        for name in ("The floor", "The ingest side", "The reader", "The composition roots")
    )
    assert floor | ingest | reader | roots == table().keys()
    assert {"indexer.sources", "indexer.cli"} <= ingest
    for unit in floor | reader:
        assert not table()[unit][0] & ingest, f"{unit} may not import the ingest side"
    for unit in floor | ingest:
        assert not table()[unit][0] & reader, f"{unit} may not import the reader"
    for unit, (ours, _) in table().items():
        assert not ours & roots, f"{unit} may not import a composition root"


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    long = {
        name: lines
        for name, path in sources().items()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def test_every_file_lock_is_the_systems_own() -> None:
    """A soft lock stays behind when its process is killed, and then nobody can write any more."""
    calls = [
        node
        for path in sources().values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "FileLock"
    ]
    assert len(calls) >= 3
    for call in calls:
        given = {each.arg: ast.unparse(each.value) for each in call.keywords}
        assert given.get("fallback_to_soft") == "False", ast.unparse(call)

"""``python -m indexer editorial`` as an editor types it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from indexer.store.database import open_store
from tests.factories import article
from tests.indexer.cli.test_main import Shell, environment, shell

__all__ = ["environment", "shell"]


def test_lists_are_filled_shown_and_emptied(shell: Shell) -> None:
    assert shell("editorial", "add", "synonyms", "软件, 軟體", "番茄 => 西红柿") == (
        0,
        "synonyms: 2 added, 0 changed, 0 removed, 0 unchanged\n",
        "",
    )
    assert shell("editorial", "add", "synonyms", "软件, 软体")[1].endswith("1 unchanged\n")
    code, out, _ = shell("editorial", "list")
    assert code == 0
    assert "synonyms   2 entries\n" in out
    assert "hides      0 entries\n" in out
    assert "version    1\n" in out
    assert shell("editorial", "export", "synonyms") == (0, "软件, 软体\n番茄 => 西红柿\n", "")
    assert shell("editorial", "remove", "synonyms", "番茄 => 西红柿") == (
        0,
        "removed 1 entry from synonyms\n",
        "",
    )
    code, out, err = shell("editorial", "remove", "synonyms", "番茄 => 西红柿")
    assert (code, out) == (1, "removed 0 entries from synonyms\n")
    assert err == "not in synonyms: 番茄 => 西红柿\n"


def test_pins_are_shown_with_what_becomes_of_them_and_their_articles(
    shell: Shell, environment: dict[str, str]
) -> None:
    with closing(open_store(environment["SEARCH_STORE_URL"])) as store:
        store.put([article("a-1", title="车站里的夜")])
    code, out, err = shell(
        *("editorial", "add", "pins"),
        *("春运 => a-1 1", "春运 => a-2 2 off", "春运 => a-3 3 ..2020-01-01", "春运 => a-4 4 2199-01-01.."),
    )  # fmt: skip
    assert (code, out) == (0, "pins: 4 added, 0 changed, 0 removed, 0 unchanged\n")
    assert err.splitlines() == [
        f"mind: there is no article {article_id} in the store"
        for article_id in ("a-2", "a-3", "a-4")
    ]
    _, out, _ = shell("editorial", "list", "pins")
    rows = [line.split("  ") for line in out.splitlines() if "=>" in line]
    shown = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert shown == [
        ["春运 => a-1 1", "on", "车站里的夜"],
        ["春运 => a-2 2 off", "off", "not in the store"],
        ["春运 => a-3 3 ..2020-01-01", "over", "not in the store"],
        ["春运 => a-4 4 2199-01-01..", "not yet", "not in the store"],
    ]
    assert shell("editorial", "remove", "pins", "春運 => a-2")[0] == 0


def test_lines_for_pages_that_cannot_show_them_are_pointed_out(
    shell: Shell, environment: dict[str, str], tmp_path: Path
) -> None:
    with closing(open_store(environment["SEARCH_STORE_URL"])) as store:
        store.put([article("a-1"), article("a-2")])
    lines = ["related a-1 => a-2 1", "related a-9 => a-2 1", "related a-1 => a-1 1", "related * => a-2 1", "hot => a-2 1", "related => a-8 1"]  # fmt: skip
    pages = [
        "mind: there is no article a-9 in the store whose page the line arranges",
        "mind: related * is the page of an article called *; every page is related alone, as in related => a-2",
        "mind: related a-1 => a-1 1 does nothing, for no page lists its own article",
    ]
    (tmp_path / "lines").write_text("\n".join(lines), encoding="utf-8")
    code, out, err = shell("editorial", "import", "picks", "lines")
    assert (code, out) == (0, "picks: 6 added, 0 changed, 0 removed, 0 unchanged\n")
    assert err.splitlines() == ["mind: there is no article a-8 in the store", *pages]
    code, _, err = shell("editorial", "list", "picks")
    assert (code, err.splitlines()) == (0, pages)
    code, _, err = shell("editorial", "add", "bans", "related a-1 => *", "related a-9 => *")
    assert (code, err.splitlines()) == (0, pages[:1])


def test_what_a_shell_makes_of_a_line_without_quotes_is_explained(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "none").write_text("", encoding="utf-8")
    code, _, err = shell("editorial", "import", "picks", "none")
    assert (code, err) == (
        0,
        "mind: no line was read: in a shell put a line in quotes, or > writes to a file\n",
    )
    _, _, err = shell("editorial", "add", "picks", "related", "ask.txt", "=")
    assert err.endswith("such as related a-1 => a-2; in a shell put the line in quotes\n")
    (tmp_path / "names").write_text("related one.txt two.txt => a-1 1\n", encoding="utf-8")
    _, _, err = shell("editorial", "import", "picks", "names")
    assert "in a shell put the line in quotes, or * becomes the names of files" in err


def test_a_file_goes_in_whole_or_not_at_all(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "hot.txt"
    path.write_text("\ufeff# 热搜\n春运\n\n茶会 2026-01-20..\n", encoding="utf-8")
    assert shell("editorial", "import", "hot", str(path))[0] == 0
    assert shell("editorial", "export", "hot")[1] == "春运\n茶会 2026-01-20..\n"
    path.write_text("石渠\n", encoding="utf-8")
    assert shell("editorial", "import", "hot", str(path), "--replace")[1] == (
        "hot: 1 added, 0 changed, 2 removed, 0 unchanged\n"
    )
    path.write_text("板凳会\n？！\n", encoding="utf-8")
    code, out, err = shell("editorial", "import", "hot", str(path))
    assert (code, out) == (2, "")
    assert f"error: hot, {path}: line 2: '？！' has neither letter nor digit" in err
    assert shell("editorial", "export", "hot")[1] == "石渠\n"


def test_a_file_that_is_not_utf_8_names_the_line(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "blocked.txt"
    path.write_bytes("甲\n乙\n".encode("gb18030"))
    code, _, err = shell("editorial", "import", "blocked", str(path))
    assert code == 2
    assert "line 1 is not UTF-8: save the file as UTF-8" in err
    code, _, err = shell("editorial", "import", "blocked", str(tmp_path / "none.txt"))
    assert code == 2
    assert "No such file" in err


def test_a_stopword_that_would_do_nothing_is_pointed_out(shell: Shell) -> None:
    code, _, err = shell("editorial", "add", "stopwords", "請問", "怎么样才能")
    assert code == 0
    assert err.startswith("mind: 怎么样才能 does nothing, for it is cut into 怎么样")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("command", ["add", "remove"])
def test_a_wrong_line_changes_nothing(shell: Shell, command: str) -> None:
    code, out, err = shell("editorial", command, "pins", "春运 => a-1 1", "春运")
    assert (code, out) == (2, "")
    assert err.startswith("error: pins, 春运: needs a query, =>")
    assert shell("editorial", "export", "pins")[1] == ""


def test_abbreviations_of_articles_are_printed_as_lines_that_import_takes(
    shell: Shell, environment: dict[str, str], tmp_path: Path
) -> None:
    bodies = [
        "记者从云溪师范大学（以下简称云师大）获悉。",
        "雲溪師範大學(簡稱“雲師大”)今天开学。",
        "云溪国际茶叶博览会（下称茶博会）开幕。",
        "今年的国际茶叶博览会（下称“茶博会”）很热闹。",
        "中国科学院（以下简称中科院）的专家来了。",
        "他在中国科学院（以下简称中科院）工作。",
    ]
    with closing(open_store(environment["SEARCH_STORE_URL"])) as store:
        store.put(article(f"a-{n}", title="短讯", body=body) for n, body in enumerate(bodies))
    code, out, err = shell("editorial", "abbreviations")
    assert (code, err) == (0, "")
    assert out == "# 2 articles\n云溪师范大学, 云师大\n茶叶博览会, 茶博会\n"
    assert "synonyms   0 entries\n" in shell("editorial", "list")[1]
    file = tmp_path / "found.txt"
    file.write_text(out, encoding="utf-8")
    assert shell("editorial", "import", "synonyms", str(file))[1].startswith("synonyms: 2 added")
    assert shell("editorial", "abbreviations") == (0, "", "")

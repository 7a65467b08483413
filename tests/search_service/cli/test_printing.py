from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from search_service.answering.search import Question
from search_service.cli.printing import print_answer
from tests.factories import article
from tests.search_service.indexes import SHANGHAI, services


def test_on_a_terminal_what_was_found_is_marked(tmp_path: Path) -> None:
    asked = services(tmp_path, [article("tea", title="云溪茶会", body="新茶。")])
    terminal = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=80)
    print_answer(asked.search(Question(text="茶会")), SHANGHAI, to=terminal)
    assert isinstance(terminal.file, io.StringIO)
    assert "云溪\x1b[1;33m茶会\x1b[0m" in terminal.file.getvalue()


def test_a_hit_that_stands_for_others_says_so(tmp_path: Path) -> None:
    copies = [article(f"copy-{n}", title=f"渡口{n}", duplicate_group=7) for n in range(3)]
    asked = services(tmp_path, copies)
    terminal = Console(file=io.StringIO(), width=120)
    print_answer(asked.search(Question(text="渡口")), SHANGHAI, to=terminal)
    assert isinstance(terminal.file, io.StringIO)
    shown = terminal.file.getvalue()
    assert "3 (1 without duplicates) found by all words" in shown
    assert "copy-0 · 2 more in group 7" in shown

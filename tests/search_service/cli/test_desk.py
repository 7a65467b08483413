"""``python -m search_service desk invite``, and the link for the first account."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexer.store.accounts import Account
from indexer.store.database import open_desk
from search_service.cli.desk import first_account
from search_service.cli.main import cli
from search_service.settings import SearchSettings

LINK = re.compile(r"http://127\.0\.0\.1:8000/desk/invitations/([\w-]{43})\n")


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store of the commands."""
    found = f"sqlite:///{tmp_path / 'instance' / 'articles.sqlite3'}"
    monkeypatch.setenv("SEARCH_STORE_URL", found)
    return found


def accept(url: str, token: str, name: str) -> Account:
    with closing(open_desk(url)) as desk:
        made = desk.accounts.accept(token, name=name, password="hash")
    assert isinstance(made, Account)
    return made


def test_invite_prints_a_link_that_works_once(url: str) -> None:
    done = CliRunner().invoke(cli, ["desk", "invite", "--role", "admin"])
    found = LINK.fullmatch(done.output)
    assert found, done.output
    assert accept(url, found[1], "程远").role == "admin"
    again = LINK.fullmatch(CliRunner().invoke(cli, ["desk", "invite", "--name", "程远"]).output)
    assert again
    assert accept(url, again[1], "谁都行").name == "程远"


@pytest.mark.parametrize("name", ["", " 程远", "长" * 65, "两\n行", "命令行"])
def test_a_name_that_no_account_can_have_is_refused(url: str, name: str) -> None:
    done = CliRunner().invoke(cli, ["desk", "invite", "--name", name])
    assert done.exit_code == 2
    assert "1 to 64 printable characters" in done.output
    assert not Path(url.removeprefix("sqlite:///")).exists()


def test_a_start_prints_a_link_as_long_as_there_is_no_account(url: str) -> None:
    links = [first_account(SearchSettings()) for _ in range(2)]
    tokens = [found[1] for each in links if (found := LINK.search(each))]
    assert len(set(tokens)) == 2
    with closing(open_desk(url)) as desk:
        assert desk.accounts.invitation(tokens[0]) is None
    assert accept(url, tokens[1], "覃望舒").role == "admin"
    assert first_account(SearchSettings()) == ""


def test_a_start_goes_on_without_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store").mkdir()
    monkeypatch.setenv("SEARCH_STORE_URL", f"sqlite:///{tmp_path / 'store'}")
    assert first_account(SearchSettings()).startswith("No link for the desk: ")


def test_the_link_names_an_address_that_a_browser_can_open(url: str) -> None:  # noqa: ARG001 (it sets up the store)
    for host, shown in (
        ("0.0.0.0", "127.0.0.1"),
        ("::1", "[::1]"),
        ("search.local", "search.local"),
    ):
        link = first_account(SearchSettings(host=host, port=81))
        assert f": http://{shown}:81/desk/invitations/" in link

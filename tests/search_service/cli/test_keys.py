"""The commands that make, list and revoke API keys."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexer import command_line
from indexer.store.database import find_keys
from indexer.store.keys import ApiKey
from search_service.cli.main import cli


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    made = f"sqlite:///{tmp_path / 'articles.sqlite3'}"
    monkeypatch.setenv("SEARCH_STORE_URL", made)
    return made


def run(*args: str) -> int:
    return command_line.run(cli, name="python -m search_service", args=("keys", *args))


def stored(url: str) -> list[ApiKey]:
    with closing(find_keys(url)) as store:
        return store.list()


def test_create_prints_the_key_alone(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("create", "--scope", "write", "--name", "门户 CMS") == 0
    printed = capsys.readouterr()
    (text,) = printed.out.splitlines()
    with closing(find_keys(url)) as store:
        assert store.find(text) == stored(url)[0]
    assert (stored(url)[0].name, stored(url)[0].scope) == ("门户 CMS", "write")
    assert text not in printed.err
    assert "key 1, scope write, never expires" in printed.err


def test_create_says_when_the_key_expires(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("create", "--scope", "search", "--days", "90") == 0
    until = stored(url)[0].expires_at
    assert until is not None
    assert abs(until - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=1)
    assert (
        f"expires at {until.astimezone().astimezone(UTC) + timedelta(hours=8):%Y-%m-%d %H:%M}"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--scope", "all"),
        ("--scope", "write", "--days", "0"),
        ("--scope", "write", "--days", "x"),
        ("--scope", "write", "--name", "长" * 201),
        ("--scope", "write", "--name", "a\nb"),
        ("--scope", "search", "--limit", "0"),
        ("--scope", "search", "--limit", "1000001"),
        ("--scope", "search", "--origin", "www.example.com"),
        ("--scope", "search", "--origin", "https://www.example.com/news"),
        ("--scope", "search", "--origin", "*"),
        ("--scope", "search", *(f"--origin=http://localhost:{port}" for port in range(51))),
    ],
)
def test_a_wrong_option_makes_no_key(
    options: tuple[str, ...], url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("list") == 0
    capsys.readouterr()
    assert run("create", *options) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert stored(url) == []


def test_list_shows_each_key_and_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for options in (("--scope", "write", "--name", "a [b] 门户"), ("--scope", "admin")):
        assert run("create", *options) == 0
        texts.append(capsys.readouterr().out.strip())
    assert run("revoke", "2") == 0
    assert capsys.readouterr().out.startswith("key 2 revoked at ")
    assert run("list") == 0
    out = capsys.readouterr().out
    head, first, second = (line.split() for line in out.splitlines())
    assert head[:6] == ["id", "scope", "state", "created", "expires", "revoked"]
    assert head[6:] == ["limit", "origins", "name"]
    assert first[:3] == ["1", "write", "active"]
    assert first[-3:] == ["a", "[b]", "门户"]
    assert second[:3] == ["2", "admin", "revoked"]
    assert not [text for text in texts if text in out]


def test_a_limit_and_origins_are_said_and_listed(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = "https://www.example.com", "http://localhost:3000"
    origins = ("--origin", "HTTPS://www.Example.com", "--origin", other, "--origin", one)
    assert run("create", "--scope", "search", "--limit", "600", *origins) == 0
    assert (stored(url)[0].requests_per_minute, stored(url)[0].origins) == (600, (one, other))
    said = capsys.readouterr().err
    assert f"600 requests a minute, for pages of {one} and {other}; it is shown only now" in said
    assert run("list") == 0
    assert f"600 {one}, {other}" in " ".join(capsys.readouterr().out.split())


def test_revoking_an_unknown_key_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("revoke", "7") == 1
    assert "there is no key 7" in capsys.readouterr().err

"""Accounts, invitations, sessions, attempts to log in, and the log of the desk, in the store."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from indexer.store import accounts as accounts_module
from indexer.store import sessions as sessions_module
from indexer.store.accounts import Account, digest
from indexer.store.database import DeskStore, open_desk
from indexer.store.tables import metadata
from tests.databases import DATABASES
from tests.factories import article

pytestmark = pytest.mark.databases(*DATABASES)


@pytest.fixture
def desk(store_url: str) -> Iterator[DeskStore]:
    """No accounts yet."""
    opened = open_desk(store_url)
    yield opened
    opened.close()


def account(desk: DeskStore, name: str, role: accounts_module.Role = "editor") -> Account:
    token = desk.accounts.invite(role, name=name)
    made = desk.accounts.accept(token, name=name, password="hash")
    assert isinstance(made, Account)
    return made


def test_an_invitation_makes_an_account_once(desk: DeskStore) -> None:
    token = desk.accounts.invite("admin")
    invited = desk.accounts.invitation(token)
    assert invited is not None
    assert (invited.role, invited.name, invited.setup) == ("admin", None, False)
    assert not desk.accounts.any()
    made = desk.accounts.accept(token, name="覃望舒 😀", password="hash")
    assert isinstance(made, Account)
    assert (made.name, made.role, made.password, made.disabled) == (
        "覃望舒 😀",
        "admin",
        "hash",
        False,
    )
    assert desk.accounts.any()
    assert desk.accounts.find("覃望舒 😀") == made == desk.accounts.get(made.id)
    assert desk.accounts.invitation(token) is None
    assert desk.accounts.accept(token, name="另一个", password="hash") == "void"


def test_names_are_equal_to_themselves_only(desk: DeskStore) -> None:
    for name in ("Ann", "ann", "Änn", "Ann ", "编辑"):
        account(desk, name)
    assert sorted(each.name for each in desk.accounts.list()) == sorted(
        ("Ann", "ann", "Änn", "Ann ", "编辑")
    )


def test_of_two_guests_with_one_name_one_is_told(desk: DeskStore) -> None:
    account(desk, "程远")
    token = desk.accounts.invite("editor")
    assert desk.accounts.accept(token, name="程远", password="hash") == "taken"
    assert isinstance(desk.accounts.accept(token, name="程远二", password="hash"), Account)


def test_of_several_guests_with_one_link_one_comes_in(desk: DeskStore) -> None:
    token = desk.accounts.invite("editor")
    with ThreadPoolExecutor(4) as threads:
        done = list(
            threads.map(
                lambda number: desk.accounts.accept(token, name=f"客人{number}", password="hash"),
                range(4),
            )
        )
    assert sorted(map(str, done)).count("void") == 3
    assert len(desk.accounts.list()) == 1


def test_a_new_setup_link_makes_the_old_one_void_and_serves_only_the_first_account(
    desk: DeskStore,
) -> None:
    first, second = (desk.accounts.invite("admin", setup=True) for _ in range(2))
    assert desk.accounts.invitation(first) is None
    account(desk, "程远")
    assert desk.accounts.accept(second, name="来晚了", password="hash") == "void"


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "editor"}])
def test_invitations_end_with_the_admin_who_made_them(
    desk: DeskStore, change: dict[str, Any]
) -> None:
    other, admin = account(desk, "覃望舒", "admin"), account(desk, "程远", "admin")
    gone = desk.accounts.invite("admin", invited_by=admin.id)
    kept = [desk.accounts.invite("admin", invited_by=other.id), desk.accounts.invite("editor")]
    assert desk.accounts.invitation(gone) is not None
    assert isinstance(desk.accounts.change(admin.id, **change), Account)
    assert desk.accounts.accept(gone, name="来客", password="hash") == "void"
    late = desk.accounts.invite("admin", invited_by=admin.id)
    assert isinstance(desk.accounts.change(admin.id, role="admin", disabled=False), Account)
    assert desk.accounts.invitation(gone) is desk.accounts.invitation(late) is None
    assert all(desk.accounts.invitation(each) for each in kept)


def test_a_new_link_for_a_name_makes_the_earlier_ones_void(desk: DeskStore) -> None:
    account(desk, "程远")
    other = desk.accounts.invite("editor", name="鲁一鸣")
    first, second = (desk.accounts.invite("editor", name="程远") for _ in range(2))
    assert desk.accounts.accept(first, name="程远", password="other") == "void"
    assert isinstance(desk.accounts.accept(second, name="程远", password="other"), Account)
    assert desk.accounts.invitation(other) is not None


def test_who_takes_a_name_makes_the_open_links_of_that_name_void(desk: DeskStore) -> None:
    named, free = desk.accounts.invite("admin", name="程远"), desk.accounts.invite("editor")
    assert isinstance(desk.accounts.accept(free, name="程远", password="hash"), Account)
    assert desk.accounts.accept(named, name="程远", password="other") == "void"


def test_an_invitation_expires(desk: DeskStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_module, "INVITED_FOR", timedelta())
    token = desk.accounts.invite("editor")
    assert desk.accounts.invitation(token) is None
    assert desk.accounts.accept(token, name="程远", password="hash") == "void"


def test_a_session_is_found_by_its_token_until_it_ends(desk: DeskStore) -> None:
    made = account(desk, "程远")
    one, other = desk.sessions.begin(made.id), desk.sessions.begin(made.id)
    found = desk.sessions.find(one)
    assert found is not None
    assert (found.account, found.message) == (made, "")
    assert found.csrf not in (one, digest(one))
    desk.sessions.tell(found.key, "已保存 😀")
    again = desk.sessions.find(one)
    assert again is not None
    assert (again.csrf, again.message) == (found.csrf, "已保存 😀")
    desk.sessions.end(found.key)
    assert desk.sessions.find(one) is None
    assert desk.sessions.find(other) is not None
    for text in ("", one[:-1], digest(other), other + "'"):
        assert desk.sessions.find(text) is None


def test_the_store_holds_no_token(desk: DeskStore) -> None:
    made = account(desk, "程远")
    tokens = [desk.accounts.invite("editor"), desk.sessions.begin(made.id)]
    desk.attempts.begin("我的密码当成了名字", "192.0.2.1")
    with desk.engine.connect() as connection:
        held = [
            str(value)
            for table in metadata.tables.values()
            for row in connection.execute(select(table))
            for value in row
        ]
    assert digest(tokens[0]) in held
    assert not [each for each in (*tokens, "我的密码当成了名字") if each in held]


def test_sessions_end_with_a_new_password_and_with_the_account(desk: DeskStore) -> None:
    admin, made = account(desk, "覃望舒", "admin"), account(desk, "程远")
    tokens = [desk.sessions.begin(each.id) for each in (admin, made)]
    desk.accounts.set_password(made.id, "other")
    assert desk.sessions.find(tokens[1]) is None
    token = desk.sessions.begin(made.id)
    changed = desk.accounts.change(made.id, disabled=True)
    assert isinstance(changed, Account)
    assert changed.disabled
    assert desk.sessions.find(token) is None
    assert desk.sessions.find(desk.sessions.begin(made.id)) is None
    assert desk.sessions.find(tokens[0]) is not None


def test_the_last_admin_stays_one(desk: DeskStore) -> None:
    first, second = account(desk, "甲", "admin"), account(desk, "乙", "admin")
    assert isinstance(desk.accounts.change(second.id, disabled=True), Account)
    assert desk.accounts.change(first.id, disabled=True) == "last_admin"
    assert desk.accounts.change(first.id, role="editor") == "last_admin"
    assert isinstance(desk.accounts.change(second.id, disabled=False), Account)
    assert isinstance(desk.accounts.change(first.id, role="editor"), Account)
    assert desk.accounts.change(99, role="editor") is None


def test_of_many_attempts_at_once_no_more_than_the_limit_are_made(desk: DeskStore) -> None:
    with ThreadPoolExecutor(6) as threads:
        waits = list(threads.map(lambda _: desk.attempts.begin("程远", "192.0.2.1"), range(12)))
    assert waits.count(0) <= sessions_module.MOST_OF_BOTH
    assert all(0 <= each <= sessions_module.WINDOW.total_seconds() + 1 for each in waits)
    assert desk.attempts.begin("程远", "192.0.2.2") == 0
    assert desk.attempts.begin("覃望舒", "192.0.2.1") == 0
    desk.attempts.forgive("程远", "192.0.2.1")
    assert desk.attempts.begin("程远", "192.0.2.1") == 0


@pytest.mark.parametrize("limit", ["MOST_OF_ADDRESS", "MOST_OF_NAME"])
def test_an_address_and_a_name_have_limits_of_their_own(
    desk: DeskStore, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(sessions_module, limit, 3)
    name = "程远{}" if limit == "MOST_OF_ADDRESS" else "程远"
    address = "192.0.2.1" if limit == "MOST_OF_ADDRESS" else "192.0.2.{}"
    waits = [desk.attempts.begin(name.format(each), address.format(each)) for each in range(5)]
    assert [bool(each) for each in waits] == [False] * 3 + [True] * 2
    monkeypatch.setattr(sessions_module, "WINDOW", timedelta())
    assert desk.attempts.begin(name.format(0), address.format(0)) == 0


def test_the_log_gives_the_newest_first_by_person_and_action(desk: DeskStore) -> None:
    for number in range(5):
        desk.audit.note("甲" if number % 2 else "乙", "key.create", f"{number} 😀", scope="write")
    desk.audit.note("甲", "key.revoke", "长" * 70_000)
    entries, total = desk.audit.entries(size=2)
    assert total == 6
    assert [each.subject for each in entries] == ["长" * 70_000, "4 😀"]
    assert entries[1].details == {"scope": "write"}
    entries, total = desk.audit.entries(who="甲", action="key.create", page=2, size=1)
    assert (total, [each.subject for each in entries]) == (2, ["1 😀"])
    assert sorted(desk.audit.people()) == ["乙", "甲"]


def test_articles_are_counted_by_status(desk: DeskStore) -> None:
    desk.articles.put([article("a"), article("b"), article("c", status="draft"), article("d")])
    desk.articles.withdraw(["b"])
    desk.articles.delete(["d"])
    assert desk.articles.count_by_status() == {"published": 1, "draft": 1, "withdrawn": 1}

"""API keys in the store: what is kept of them, and which of them work."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexer.errors import StoreUnavailable
from indexer.store.database import find_keys, open_keys, open_store
from indexer.store.keys import MOST_ORIGINS, MOST_PER_MINUTE, SCOPES, KeyStore, Scope
from tests.databases import DATABASES

pytestmark = pytest.mark.databases(*DATABASES)


@pytest.fixture
def keys(store_url: str) -> Iterator[KeyStore]:
    """No keys yet."""
    opened = open_keys(store_url)
    yield opened
    opened.close()


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_is_found_by_its_text(keys: KeyStore, scope: Scope) -> None:
    text, key = keys.create("门户 CMS", scope)
    assert re.fullmatch(rf"ssk_{scope}_[A-Za-z0-9_-]{{43}}", text)
    assert keys.find(text) == key
    assert (key.name, key.scope, key.expires_at, key.revoked_at) == ("门户 CMS", scope, None, None)
    assert abs(key.created_at - now()) < timedelta(minutes=1)
    assert key.state(now() + timedelta(days=36_500)) == "active"


def test_no_two_keys_are_the_same(keys: KeyStore) -> None:
    made = [keys.create("", "write") for _ in range(20)]
    assert len({text for text, _ in made}) == len({key.id for _, key in made}) == 20
    assert keys.list() == [key for _, key in made]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:0],
        lambda text: text[:-1],
        lambda text: text + "=",
        lambda text: text.lower(),
        lambda text: f" {text}",
        lambda text: text.replace("write", "admin"),
        lambda text: text.removeprefix("ssk_write_"),
        lambda text: hashlib.sha256(text.encode()).hexdigest(),
        lambda text: text + "\udce9",
        lambda text: text[:10] + "' OR 1 = 1 --",
    ],
)
def test_another_text_is_no_key(keys: KeyStore, change: object) -> None:
    text, _ = keys.create("", "write")
    assert callable(change)
    assert change(text) != text
    assert keys.find(change(text)) is None


@pytest.mark.databases("sqlite")
def test_the_store_holds_no_text_of_a_key(keys: KeyStore, store_url: str) -> None:
    text, _ = keys.create("", "write")
    path = Path(store_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        (row,) = connection.execute("SELECT * FROM api_keys").fetchall()
    assert hashlib.sha256(text.encode()).hexdigest() in row
    secret = text.removeprefix("ssk_write_").encode()
    assert not [each for each in path.parent.iterdir() if secret in each.read_bytes()]


def test_a_key_expires_to_the_second(keys: KeyStore) -> None:
    text, key = keys.create("", "write", 30)
    found = keys.find(text)
    assert found == key
    assert key.expires_at == key.created_at + timedelta(days=30)
    assert key.state(key.expires_at - timedelta(seconds=1)) == "active"
    assert key.state(key.expires_at) == "expired"


def test_a_revoked_key_is_revoked_for_good(keys: KeyStore) -> None:
    _, other = keys.create("", "write")
    text, key = keys.create("", "write", 1)
    revoked = keys.revoke(key.id)
    assert revoked is not None
    assert keys.find(text) == revoked
    assert revoked.revoked_at is not None
    for moment in (now() - timedelta(days=400), now(), now() + timedelta(days=400)):
        assert revoked.state(moment) == "revoked"
    assert keys.revoke(key.id) == revoked
    assert keys.list() == [other, revoked]


def test_an_unknown_key_cannot_be_revoked(keys: KeyStore) -> None:
    assert keys.revoke(7) is None


def test_only_keys_that_work_count_as_active(keys: KeyStore) -> None:
    assert not keys.any_active(SCOPES, now())
    keys.create("", "search")
    _, write = keys.create("", "write", 5)
    assert keys.any_active(("write",), now())
    assert keys.any_active(("admin", "write"), now())
    assert not keys.any_active(("admin",), now())
    assert write.expires_at is not None
    assert keys.any_active(("write",), write.expires_at - timedelta(seconds=1))
    assert not keys.any_active(("write",), write.expires_at)
    keys.revoke(write.id)
    assert not keys.any_active(("write",), now())
    assert keys.any_active(("search",), now())


def test_a_key_keeps_its_limit_and_its_origins(keys: KeyStore) -> None:
    origins = tuple(f"https://{number:0>253}:65535" for number in range(MOST_ORIGINS))
    text, key = keys.create("", "search", requests_per_minute=MOST_PER_MINUTE, origins=origins)
    assert (key.requests_per_minute, key.origins) == (MOST_PER_MINUTE, origins)
    _, plain = keys.create("", "search")
    assert (plain.requests_per_minute, plain.origins) == (None, ())
    assert keys.find(text) == key
    assert keys.list() == [key, plain]


def test_only_origins_of_keys_that_work_are_known(keys: KeyStore) -> None:
    assert keys.origins(now()) == frozenset()
    keys.create("", "write")
    _, key = keys.create("", "search", origins=("https://a.example", "https://b.example"))
    _, other = keys.create("", "search", 5, origins=("https://b.example", "https://c.example"))
    assert keys.origins(now()) == {f"https://{name}.example" for name in "abc"}
    keys.revoke(key.id)
    assert keys.origins(now()) == {"https://b.example", "https://c.example"}
    assert other.expires_at is not None
    assert keys.origins(other.expires_at) == frozenset()


def test_a_revocation_shows_in_another_process_at_once(keys: KeyStore, store_url: str) -> None:
    text, key = keys.create("", "write")
    with closing(find_keys(store_url)) as reading:
        assert reading.find(text) == key
        assert reading.any_active(("write",), now())
        revoked = keys.revoke(key.id)
        assert reading.find(text) == revoked
        assert not reading.any_active(("write",), now())


@pytest.mark.databases("sqlite")
def test_reading_makes_no_store(store_url: str) -> None:
    with pytest.raises(StoreUnavailable, match="no such file"):
        find_keys(store_url)
    assert not Path(store_url.removeprefix("sqlite:///")).parent.exists()


@pytest.mark.databases("sqlite")
def test_a_store_of_an_older_release_says_what_to_do(store_url: str) -> None:
    open_store(store_url).close()
    with closing(sqlite3.connect(store_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("DROP TABLE api_keys")
    with pytest.raises(StoreUnavailable, match=r"no API keys yet: run 'python -m indexer status'"):
        find_keys(store_url)

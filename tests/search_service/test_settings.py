from __future__ import annotations

import os

import pytest

from indexer.errors import InvalidSetting, UnknownSetting
from indexer.settings import (
    SERVICE_NAMES,
    IndexSettings,
    declared_settings,
    read_settings,
    usable_cores,
)
from search_service.settings import SearchSettings


def test_without_an_environment_it_listens_on_this_machine_only() -> None:
    settings = read_settings(SearchSettings, {})
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 2), (4, 4), (64, 4)])
def test_there_are_as_many_workers_as_cores_up_to_four(
    monkeypatch: pytest.MonkeyPatch, cores: int, workers: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)), raising=False)
    for environ in ({}, {"SEARCH_WORKERS": "auto"}):
        assert read_settings(SearchSettings, environ).workers == workers
    assert read_settings(SearchSettings, {"SEARCH_WORKERS": "64"}).workers == 64


def test_as_many_cores_are_usable_as_the_process_may_run_on() -> None:
    assert usable_cores() == len(os.sched_getaffinity(0))


def test_each_is_read_from_the_environment() -> None:
    environ = {
        "SEARCH_HOST": "::1", "PORT": "9000", "SEARCH_WORKERS": "3", "SEARCH_SITE_NAME": "云溪网"
    }  # fmt: skip
    assert read_settings(SearchSettings, environ) == SearchSettings(
        host="::1", port=9000, workers=3, site_name="云溪网"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "0"), ("PORT", "65536"), ("PORT", "http"), ("SEARCH_WORKERS", "0"), ("SEARCH_WORKERS", "65"), ("SEARCH_WORKERS", "many"), ("SEARCH_PRIVATE", "yes"), ("SEARCH_RATE_LIMIT", "0"), ("SEARCH_RATE_LIMIT", "on"), ("SEARCH_LOG", "xml")],
)  # fmt: skip
def test_a_value_that_cannot_be_used_names_its_setting(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        read_settings(SearchSettings, {name: value})
    assert (caught.value.name, caught.value.value) == (name, value)


def test_the_indexer_knows_the_names_of_the_service() -> None:
    declared = tuple(each.name for each in declared_settings(SearchSettings))
    assert declared == SERVICE_NAMES


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SEARCH_INDX_DIR", "SEARCH_INDEX_DIR"),
        ("SEARCH_PROXIE", "SEARCH_PROXIES"),
        ("SEARCH_HSOT", "SEARCH_HOST"),
        ("SEARCH_WORKER", "SEARCH_WORKERS"),
        ("SEARCH_PORT", "PORT"),
    ],
)
@pytest.mark.parametrize("table", [IndexSettings, SearchSettings])
def test_a_mistyped_name_is_an_error_that_says_what_was_meant(
    table: type[object], name: str, meant: str
) -> None:
    with pytest.raises(UnknownSetting) as caught:
        read_settings(table, {name: "1"})
    assert str(caught.value) == f"{name} is unknown: did you mean {meant}?"


def test_a_setting_of_an_earlier_release_is_an_error_that_says_what_took_its_place() -> None:
    with pytest.raises(InvalidSetting) as caught:
        read_settings(IndexSettings, {"SEARCH_USER_DICTIONARY": "words.txt"})
    assert str(caught.value) == (
        "setting SEARCH_USER_DICTIONARY='words.txt': the store keeps the words now: unset it, then run "
        "'python -m indexer editorial import words words.txt'"
    )
    read_settings(IndexSettings, {"SEARCH_USER_DICTIONARY": ""})


def test_a_name_that_is_nobodys_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    environ = {
        "SEARCH_SERVICE_HOST": "10.0.0.1",
        "SEARCH_PORT_8000_TCP": "tcp://10.0.0.1:8000",
        "SEARCH_HOTS": " ",
        "SEARCH_HOST": "::1",
        "RESEARCH_INDEX_DIR": "elsewhere",
    }
    for _ in range(2):
        read_settings(IndexSettings, environ)
        assert read_settings(SearchSettings, environ).host == "::1"
    (record,) = caplog.records
    assert record.getMessage().endswith(": SEARCH_PORT_8000_TCP, SEARCH_SERVICE_HOST")

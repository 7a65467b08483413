from __future__ import annotations

import pytest

from indexer.errors import InvalidSetting
from indexer.settings import read_settings
from search_service.settings import SearchSettings


def test_without_an_environment_it_listens_on_this_machine_only() -> None:
    settings = read_settings(SearchSettings, {})
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)


def test_each_is_read_from_the_environment() -> None:
    environ = {
        "SEARCH_HOST": "::1", "PORT": "9000", "SEARCH_WORKERS": "3", "SEARCH_SITE_NAME": "云溪网"
    }  # fmt: skip
    assert read_settings(SearchSettings, environ) == SearchSettings(
        host="::1", port=9000, workers=3, site_name="云溪网"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "0"), ("PORT", "65536"), ("PORT", "http"), ("SEARCH_WORKERS", "0"), ("SEARCH_WORKERS", "65")],
)  # fmt: skip
def test_a_value_that_cannot_be_used_names_its_setting(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        read_settings(SearchSettings, {name: value})
    assert (caught.value.name, caught.value.value) == (name, value)

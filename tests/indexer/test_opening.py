"""Generations that this program cannot answer from: they are told, and never made live."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from indexer.errors import FormatMismatch, IndexDamaged, ManifestDamaged
from indexer.generations import Generation
from indexer.manifest import write_manifest
from indexer.opening import ensure_fit, open_generation
from tests.factories import give_format
from tests.indexer.site import SHANGHAI, Site


@pytest.fixture
def two(site: Site) -> Site:
    """The second of two generations is live."""
    site.fill("a")
    site.rebuild()
    site.rebuild()
    return site


def fit(site: Site, generation: Generation) -> None:
    ensure_fit(generation, analyzer=site.analyzer, timezone=SHANGHAI)


def assert_refused(site: Site, error: type[Exception], why: str) -> None:
    """Neither command makes generation 000001 live."""
    with site.generations.lock():
        with pytest.raises(error, match=why):
            site.generations.promote("000001", ensure=lambda each: fit(site, each))
        with pytest.raises(error, match=why):
            site.generations.rollback(ensure=lambda each: fit(site, each))
    assert site.generations.live().name == "000002"
    assert site.check().faults == ()


def test_what_can_be_opened_is_made_live(two: Site) -> None:
    with two.generations.lock():
        assert two.generations.rollback(ensure=lambda each: fit(two, each)).name == "000001"
        assert two.generations.promote("000002", ensure=lambda each: fit(two, each)).live


@pytest.mark.parametrize(("version", "age"), [(1, "an older"), (99, "a newer")])
def test_another_format_is_not_made_live(two: Site, version: int, age: str) -> None:
    give_format(two.generations.get("000001").folder, version)
    assert_refused(two, FormatMismatch, f"{age} format .* run 'python -m indexer rebuild'")


def test_what_is_damaged_is_not_made_live(two: Site) -> None:
    shutil.rmtree(two.generations.get("000001").index)
    assert_refused(two, IndexDamaged, "run 'python -m indexer rebuild'")


def test_another_format_that_cannot_be_read_is_told_from_damage(two: Site) -> None:
    live = two.generations.live()
    give_format(live.folder, 1)
    live = two.generations.live()
    if two.engine_name == "memory":
        opened = open_generation(live, analyzer=two.analyzer, timezone=SHANGHAI)
        with opened.reader() as reader:
            assert reader.doc_count == 1
        return
    with pytest.raises(FormatMismatch) as told:
        open_generation(live, analyzer=two.analyzer, timezone=SHANGHAI)
    assert (told.value.generation, told.value.found) == ("000002", 1)
    assert two.check().faults == (str(told.value),)
    assert two.rebuild_if_needed().did == "rebuilt"


def test_an_engine_of_another_release_is_named(two: Site) -> None:
    live = two.generations.live()
    steam = replace(live.manifest, engine="steam")
    write_manifest(steam, live.folder)
    with pytest.raises(ManifestDamaged, match="no engine 'steam'"):
        open_generation(two.generations.live(), analyzer=two.analyzer, timezone=SHANGHAI)

"""What the OpenSearch engine does without a cluster: the streams that it writes, and its errors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.engines.base import Engine
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.fields import (
    END,
    EVERY,
    GAP,
    MAPPINGS,
    POSITION,
    can_be_held,
    pairs_stream,
    words_of_stream,
    words_stream,
)
from indexer.engines.opensearch.index import new_name, write_name
from indexer.engines.registry import open_engine
from indexer.errors import InvalidSetting
from indexer.query import KEYWORD_FIELDS, TEXT_FIELDS, TIME_FIELDS
from indexer.settings import IndexSettings, read_settings
from tests.conftest import PROJECT
from tests.contracts.engine_base import SHANGHAI
from tests.typed_queries import analyzer

texts = st.text(
    st.sampled_from("北京地铁农业银行研究生命起源，。？！\n  ab15℃㎡𠮷😀二〇"), max_size=40
)


@given(texts)
def test_a_stream_holds_each_token_at_its_position(text: str) -> None:
    tokens = analyzer().index(text)
    stream = words_stream(tokens)
    assert [*words_of_stream(stream)] == [(token.position, token.text) for token in tokens]
    assert stream.split(POSITION)[:2] == [EVERY, GAP], "nothing stands next to the first token"


@pytest.mark.parametrize("text", ["a", "é", "ก", "好", "1"])
def test_no_token_is_so_long_that_lucene_refuses_it(text: str) -> None:
    """It refuses terms of more than 32,766 bytes, and the whole article with them."""
    assert max(len(token.text.encode()) for token in analyzer().index(text * 40_000)) < 1_000


@given(texts)
def test_pairs_are_those_of_neighbours_and_every_text_has_one_more(text: str) -> None:
    *pairs, last = pairs_stream(text).split(POSITION)
    assert pairs == [f"{text}{END}"[at : at + 2] for at in range(len(text))]
    assert last == EVERY


@pytest.mark.parametrize("text", ["\x01", "a\x05b", "\ud800"])
def test_what_no_article_holds_is_known_beforehand(text: str) -> None:
    assert not can_be_held(text)


def test_the_mappings_know_every_field_that_can_be_asked_for() -> None:
    known = MAPPINGS["properties"].keys()
    assert known >= {*TEXT_FIELDS, *KEYWORD_FIELDS, *TIME_FIELDS}
    assert MAPPINGS["dynamic"] == "strict"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine whose index is in a cluster that is away: nobody listens at this port."""
    monkeypatch.setenv("SEARCH_OPENSEARCH_URL", "http://editor:secret@127.0.0.1:9")
    write_name(tmp_path, new_name())
    return open_engine("opensearch", tmp_path, analyzer=analyzer(), timezone=SHANGHAI)


@pytest.mark.parametrize("ask", [Engine.reader, Engine.writer, Engine.version, Engine.check])
def test_a_cluster_that_is_away_is_an_error_that_names_its_address_without_the_password(
    engine: Engine, ask: Callable[[Engine], object]
) -> None:
    with pytest.raises(ClusterFailed, match="SEARCH_OPENSEARCH_URL") as failure:
        getattr(engine, ask.__name__)()
    assert "http://127.0.0.1:9:" in str(failure.value)
    assert "secret" not in str(failure.value)


def test_a_writer_that_could_not_begin_left_no_lock(engine: Engine) -> None:
    for _ in range(2):
        with pytest.raises(ClusterFailed):
            engine.writer()


@pytest.mark.parametrize(
    "url", ["127.0.0.1:9200", "ftp://host", "http://", "http://host:0", "http://h:x"]
)
def test_an_address_that_is_none_is_an_invalid_setting(url: str) -> None:
    with pytest.raises(InvalidSetting, match=r"SEARCH_OPENSEARCH_URL.*http://127\.0\.0\.1:9200"):
        read_settings(IndexSettings, {"SEARCH_OPENSEARCH_URL": url})


def test_without_the_client_the_error_names_the_requirements() -> None:
    program = (
        "import sys; sys.modules['opensearchpy'] = None\n"
        "from pathlib import Path\n"
        "from indexer.engines.registry import open_engine\n"
        "from indexer.errors import PackageMissing\n"
        "try:\n"
        "    open_engine('opensearch', Path('x'), analyzer=None, timezone=None)\n"
        "except PackageMissing as error:\n"
        "    print(error)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "pip install -r requirements-opensearch.txt" in answer.stdout

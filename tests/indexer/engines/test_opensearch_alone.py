"""What the OpenSearch engine does without a cluster: the streams that it writes, and its errors."""

from __future__ import annotations

import socket
import ssl
import struct
import subprocess
import sys
import threading
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from time import monotonic
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opensearchpy.exceptions import ConnectionTimeout

from indexer.analysis.characters import fold
from indexer.analysis.streams import Stream, Texts
from indexer.engines.agreement import can_tell
from indexer.engines.base import Engine
from indexer.engines.opensearch.cluster import Cluster
from indexer.engines.opensearch.errors import ClusterFailed
from indexer.engines.opensearch.fields import (
    END,
    EVERY,
    GAP,
    MAPPINGS,
    POSITION,
    TOGETHER,
    can_be_held,
    pairs_stream,
    words_streams,
)
from indexer.engines.opensearch.forward import (
    CANDIDATES,
    MOST_PLACES,
    Candidates,
    candidates_of,
    hash_of,
    occurrences,
    places_of,
    signed,
)
from indexer.engines.opensearch.index import write_name
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


def stream_of(some: list[str]) -> Stream:
    batch, held = analyzer().batch(), Texts()
    for text in some:
        batch.add(fold(text), held)
    return batch.read(held)


@given(st.lists(texts, max_size=4))
def test_a_stream_holds_each_token_at_its_position(some: list[str]) -> None:
    streams = words_streams(stream_of(some))
    for text, stream in zip(some, streams, strict=True):
        first, gap, *places = stream.split(POSITION)
        assert (first, gap) == (EVERY, GAP), "nothing stands next to the first token"
        held = [
            (position, word)
            for position, place in enumerate(places)
            if place != GAP
            for word in place.split(TOGETHER)
        ]
        assert held == [(token.position, token.text) for token in analyzer().index(text)]


@given(st.lists(texts, max_size=4))
def test_the_places_of_a_word_stand_behind_its_hash(some: list[str]) -> None:
    packed = places_of(occurrences(stream_of(some)))
    for text, each in zip(some, packed, strict=True):
        wanted: dict[int, list[int]] = {}
        for token in analyzer().index(text):
            wanted.setdefault(signed(hash_of(token.text)), []).append(token.position)
        assert unpacked(b64decode(each)) == sorted(wanted.items())


def test_no_more_places_are_kept_than_fit() -> None:
    some = ["地铁" * (MOST_PLACES + 5), "好，" * 70_000 + "地铁"]
    many, far = (
        dict(unpacked(b64decode(each))) for each in places_of(occurrences(stream_of(some)))
    )
    assert many[signed(hash_of("地铁"))] == [*range(MOST_PLACES)]
    assert signed(hash_of("地铁")) not in far, "it stands behind the last place that is kept"


def unpacked(content: bytes) -> list[tuple[int, list[int]]]:
    found, at = [], 0
    while at < len(content):
        word, size = struct.unpack_from("<iH", content, at)
        found.append((word, [*struct.unpack_from(f"<{size}H", content, at + 6)]))
        at += 6 + 2 * size
    return found


@given(st.lists(texts | texts.map(lambda text: text * 2_000), max_size=3))
@settings(max_examples=40, deadline=None)
def test_candidates_are_the_most_frequent_words_that_tell_something(some: list[str]) -> None:
    packed = candidates_of(occurrences(stream_of(some)))
    for text, each in zip(some, packed, strict=True):
        times = Counter(token.text for token in analyzer().index(text) if can_tell(token.text))
        candidates = Candidates(each)
        words = candidates.words if times else []
        assert candidates.counts.tolist() == [times.pop(word) for word in words]
        assert len(words) == CANDIDATES or not times
        assert max(times.values(), default=0) <= min(candidates.counts.tolist(), default=0)
        assert candidates.hashes.tolist() == [hash_of(word) for word in words]


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
    write_name(tmp_path, "search-away")
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
    "url",
    [
        "127.0.0.1:9200",
        "ftp://host",
        "http://",
        "http://host:0",
        "http://h:x",
        "http://a:1,",
        "a,b",
    ],
)
def test_an_address_that_is_none_is_an_invalid_setting(url: str) -> None:
    with pytest.raises(InvalidSetting, match=r"SEARCH_OPENSEARCH_URL.*http://127\.0\.0\.1:9200"):
        read_settings(IndexSettings, {"SEARCH_OPENSEARCH_URL": url})


@pytest.mark.parametrize(
    "url",
    [
        "ftp://editor:secret@host",
        "http://editor:sec/ret@host:1",
        "editor:secret@host",
        "//secret@a",
    ],
)
def test_a_password_in_an_address_that_is_none_is_not_shown(url: str) -> None:
    with pytest.raises(InvalidSetting) as failure:
        read_settings(IndexSettings, {"SEARCH_OPENSEARCH_URL": url})
    assert "ret" not in str(failure.value)
    assert "editor" not in str(failure.value)


def test_a_name_without_a_password_is_an_invalid_setting() -> None:
    with pytest.raises(InvalidSetting, match="a name needs a password"):
        read_settings(IndexSettings, {"SEARCH_OPENSEARCH_URL": "http://editor@host:9200"})


def test_a_file_of_certificates_that_is_not_there_is_an_invalid_setting(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"SEARCH_OPENSEARCH_CA.*no such file"):
        read_settings(IndexSettings, {"SEARCH_OPENSEARCH_CA": str(tmp_path / "ca.pem")})


class Node(BaseHTTPRequestHandler):
    """A node that only says who asks. ``names`` are the credentials that it was told."""

    names: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.names.append(b64decode(self.headers["Authorization"].split()[1]).decode())
        body = b'{"version": {"number": "2.19.6"}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def node() -> Iterator[HTTPServer]:
    """A node's server."""
    with HTTPServer(("127.0.0.1", 0), Node) as server:
        Node.names.clear()
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server
        server.shutdown()
        serving.join()


def test_a_node_that_is_away_is_left_out_and_each_gets_its_own_credentials(
    node: HTTPServer,
) -> None:
    urls = f"http://one:first@127.0.0.1:9, http://two:p%40ss%2C@127.0.0.1:{node.server_port}"
    settings = read_settings(IndexSettings, {"SEARCH_OPENSEARCH_URL": urls})
    cluster = Cluster(settings.opensearch_url)
    for _ in range(3):
        assert cluster.client.info()["version"]
    assert Node.names == ["two:p@ss,"] * 3
    assert cluster.shown == f"http://127.0.0.1:9, http://127.0.0.1:{node.server_port}"


def test_a_node_that_answers_nothing_is_left_aside_until_its_time_is_over(
    node: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes connections, as a process that was stopped does."""
    answers: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as still:
        cluster = Cluster(
            ",".join(
                f"http://a:b@127.0.0.1:{port}"
                for port in (still.getsockname()[1], node.server_port)
            )
        )

        def ask(times: int) -> int:
            """How often there was no answer."""
            answers.clear()
            for _ in range(times):
                try:
                    cluster.client.info(params={"request_timeout": 0.3})
                    answers.append(True)
                except ConnectionTimeout:
                    answers.append(False)
            return answers.count(False)

        assert ask(6) == 1
        assert ask(6) == 0
        monkeypatch.setattr(
            "indexer.engines.opensearch.cluster.monotonic", lambda: monotonic() + 11
        )
        assert ask(6) == 1


def test_a_server_whose_certificate_nobody_vouches_for_is_refused(
    node: HTTPServer, tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    node.socket = tls.wrap_socket(node.socket, server_side=True)
    url = f"https://editor:secret@127.0.0.1:{node.server_port}"
    stranger = Cluster(url)
    with pytest.raises(ClusterFailed, match="SEARCH_OPENSEARCH_CA"), stranger.translated():
        stranger.client.info()
    trusting = Cluster(url, authorities=certificate)
    assert trusting.client.info()["version"]


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

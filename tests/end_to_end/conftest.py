"""What several end-to-end tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.newsroom import EMBEDDING, Newsroom, articles, portal
from tests.end_to_end.proxying import Proxy, proxying
from tests.end_to_end.serving import free_port, serving
from tests.search_service.indexes import promote

ON_A_CLUSTER = pytest.param("opensearch", marks=(pytest.mark.cluster, pytest.mark.thorough))


@pytest.fixture(scope="module", params=["whoosh", ON_A_CLUSTER])
def engine(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The settings of an engine: what uses them is tested with each. They hold for the engines of this process too."""
    settings = {"SEARCH_ENGINE": request.param}
    if request.param == "whoosh":
        yield settings
        return
    node = request.getfixturevalue("opensearch_node")
    settings["SEARCH_OPENSEARCH_URL"] = node.url
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEARCH_OPENSEARCH_URL", node.url)
        yield settings
    node.empty()


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """One nginx for the whole run. A test starts its own server on the port ``upstream``."""
    with proxying(tmp_path_factory.mktemp("nginx")) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """A service with articles that strain pages, and a portal, for the whole run. Its pages are only read."""
    folder = tmp_path_factory.mktemp("newsroom")
    promote(folder / "index", articles(), engine="whoosh")
    port = free_port()
    settings = {
        "SEARCH_QUERYLOG_URL": f"sqlite:///{folder / 'querylog.sqlite3'}",
        "SEARCH_ORIGINS": f"http://127.0.0.1:{port}",
    }
    with (
        serving(folder / "index", **settings) as service,
        portal(port, service.url, EMBEDDING) as other,
    ):
        yield Newsroom(service.url, other.url)

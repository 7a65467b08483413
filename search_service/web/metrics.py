"""The route that Prometheus reads: what the processes counted, and the state of the index and of the jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flask import Response
from flask_openapi3.models.tag import Tag
from prometheus_client import CONTENT_TYPE_LATEST, Metric
from prometheus_client.core import GaugeMetricFamily

from indexer.errors import IndexFailure, StoreError
from search_service.live.index import IndexState
from search_service.readiness import FAULTS, degraded
from search_service.services import Services
from search_service.web.caching import keep_nowhere
from search_service.web.responses import KEYS, described
from search_service.web.routes import Routes

TAGS: Final = [Tag(name="health", description="For load balancers and monitoring. Never cached.")]

_TEXT: Final = {"content": {"text/plain": {"schema": {"type": "string"}}}}


def metrics_blueprint(services: Services) -> Routes:
    """The route ``/metrics``. It needs a key: the numbers tell how much a portal is read.

    The narrowest scope suffices. So the key that Prometheus keeps can read what readers can, and change nothing.
    """
    blueprint = Routes("metrics", __name__, scope="search", abp_tags=TAGS)

    @blueprint.get(
        "/metrics",
        operation_id="metrics",
        summary="Counts and state for Prometheus",
        description="In Prometheus' text format, over all processes of the service.",
        responses=described({"description": "The metrics", **_TEXT}, *KEYS, "key_scope"),
    )
    def metrics() -> Response:
        keep_nowhere()
        body = services.metrics.page(list(_state(services)))
        return Response(body, content_type=CONTENT_TYPE_LATEST)

    return blueprint


def _state(services: Services) -> Iterator[Metric]:
    """What is the same for every process. What cannot be read is left out, and ``search_ready`` or ``search_degraded`` says so."""
    try:
        index = services.index_state()
        yield from _index(services, index)
    except IndexFailure:
        index = None
    yield _gauge(
        "search_ready", "1 if searches are answered, as /readyz says.", float(index is not None)
    )
    yield from _jobs(services)
    faults = {each.code for each in degraded(services, index)}
    amiss = GaugeMetricFamily(
        "search_degraded", "1 if this is amiss, as /readyz says.", labels=["fault"]
    )
    for fault in FAULTS:
        amiss.add_metric([fault], float(fault in faults))
    yield amiss


def _index(services: Services, index: IndexState) -> Iterator[Metric]:
    generation = services.live.generation()
    yield _gauge("search_index_articles", "Articles in the live index.", index.doc_count)
    if (size := generation.size()) is not None:
        yield _gauge("search_index_bytes", "Size of the live index on disk.", size)
    yield _gauge(
        "search_index_built_timestamp_seconds",
        "When the live generation was built, in seconds since 1970.",
        generation.manifest.made_at.timestamp(),
    )
    yield _gauge(
        "search_index_rebuilding", "1 while another generation is built.", float(index.rebuilding)
    )
    if index.lag is not None:
        yield _gauge(
            "search_index_lag_changes",
            "Changes of the store that the live index lacks.",
            index.lag.revisions,
        )
        if index.lag.seconds is not None:
            yield _gauge(
                "search_index_lag_seconds",
                "Seconds since the oldest of these changes was stored; 0 if there is none.",
                index.lag.seconds,
            )


def _jobs(services: Services) -> Iterator[Metric]:
    try:
        counts = services.jobs.counts()
    except StoreError:
        return
    jobs = GaugeMetricFamily("search_jobs", "Jobs in the store, by state.", labels=["state"])
    for state, count in counts.items():
        jobs.add_metric([state], count)
    yield jobs


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)

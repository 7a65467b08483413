"""The JSON API of jobs: start, watch and cancel them. Part of version 1. The runner is a process of its own."""

from __future__ import annotations

import re
from typing import Final

from flask import Response, request, url_for
from flask_openapi3.models.tag import Tag

from indexer.store.jobs import Job
from search_service.services import Services
from search_service.web.caching import keep_nowhere
from search_service.web.errors import problem
from search_service.web.job_params import (
    JobPath,
    JobPayload,
    JobsParameters,
    JobsPayload,
    NewJob,
)
from search_service.web.params import MAX_ECHO, NoParameters, check_query_string, read_parameters
from search_service.web.payloads import Payload
from search_service.web.responses import KEYS, described, json_response
from search_service.web.routes import Routes

TAGS = [Tag(name="administration", description="For operators, with a key of the scope admin.")]

MAX_BODY: Final = 1_024
"""Maximum size of a body in bytes. It names a kind of job and what it takes."""

_ADMIN: Final = ("invalid_parameter", *KEYS, "key_scope")
_ID = re.compile(r"\d{1,18}", re.ASCII)


def jobs_blueprint(services: Services) -> Routes:
    """The routes under ``/api/v1/admin/jobs``."""
    blueprint = Routes("jobs", __name__, url_prefix="/api/v1/admin", abp_tags=TAGS, scope="admin")
    zone = services.timezone

    @blueprint.before_request
    def check() -> None:
        request.max_content_length = MAX_BODY
        check_query_string()

    @blueprint.get(
        "/jobs",
        operation_id="jobs",
        summary="The last jobs, newest first",
        responses=described(JobsPayload, *_ADMIN),
    )
    def jobs(query: JobsParameters) -> Response:
        found = services.jobs.list(size=query.size, state=query.state)
        return _polled(JobsPayload(hits=[JobPayload.of(each, zone) for each in found]))

    @blueprint.get(
        "/jobs/<job_id>",
        operation_id="job",
        summary="One job",
        description="Ask again every second or so, with `If-None-Match`: 304 means that its row did not change.",
        responses=described(JobPayload, "job_not_found", *_ADMIN),
    )
    def job(path: JobPath) -> Response:
        read_parameters(NoParameters)
        return _polled(JobPayload.of(services.jobs.get(_job_id(path)), zone))

    @blueprint.post(
        "/jobs",
        operation_id="start_job",
        summary="Start a job",
        description="It is queued, and `python -m indexer work` runs it. `Location` is the address to poll. If the same job is "
        "queued or running, that one is the answer. An import names a file of the server and is started from the command "
        "line only.",
        responses=described(JobPayload, "job_waiting", "request_timeout", *_ADMIN, status=202),
    )
    def start_job(body: NewJob) -> Response:
        read_parameters(NoParameters)
        started = services.jobs.start(body.kind, body.arguments)
        response = _changed(started)
        response.status_code = 202
        response.headers["Location"] = url_for("jobs.job", job_id=started.id)
        return response

    @blueprint.post(
        "/jobs/<job_id>/cancel",
        operation_id="cancel_job",
        summary="Cancel a job",
        description="A queued job is cancelled at once. A running one is asked to end, and goes on running until it has. One that "
        "has ended stays as it is.",
        responses=described(JobPayload, "job_not_found", *_ADMIN),
    )
    def cancel_job(path: JobPath) -> Response:
        read_parameters(NoParameters)
        return _changed(services.jobs.cancel(_job_id(path)))

    def _changed(job: Job) -> Response:
        keep_nowhere()
        return json_response(JobPayload.of(job, zone))

    return blueprint


def _job_id(path: JobPath) -> int:
    """The id in a path.

    Raises:
        Problem: job_not_found; no job can have such an id.
    """
    if _ID.fullmatch(path.job_id) is None:
        raise problem("job_not_found", f"there is no job {path.job_id[:MAX_ECHO]!r}")
    return int(path.job_id)


def _polled(payload: Payload) -> Response:
    """An answer that its client asks for again and again. It may keep the answer, but asks each time whether it changed."""
    response = json_response(payload)
    response.headers["Cache-Control"] = "private, no-cache"
    return response

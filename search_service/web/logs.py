"""The log of the web as lines of JSON, one object a line, each with the id of its request."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from search_service.web.observing import log as requests
from search_service.web.observing import request_id


def log_as_json() -> None:
    """Write the log of this process to standard error as JSON, and a line for each request. Call it once, in a worker."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json())
    logging.getLogger().addHandler(handler)
    requests.setLevel(logging.INFO)


class _Json(logging.Formatter):
    """A record as one object. No text can break the line."""

    def format(self, record: logging.LogRecord) -> str:
        """See :mod:`logging`."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (found := request_id()) is not None:
            told["request_id"] = found
        told |= getattr(record, "facts", {})
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)

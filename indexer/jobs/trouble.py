"""The hook for trouble: a URL that hears when a job fails, and when the live index stays behind the store.

It hears of each occurrence once. Whoever is told must not stop the work: a hook that does not answer is logged and left.
"""

from __future__ import annotations

import http.client
import json
import logging
import queue
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit

from indexer.analysis.analyzers import make_analyzer
from indexer.errors import SearchIndexError
from indexer.jobs.kinds import Means
from indexer.opening import live_revision
from indexer.store.articles import ArticleStore

Event = Literal["job_failed", "index_behind"]

LAG_LIMIT: Final = timedelta(seconds=60)
"""How long the live index may lack a change of the store. A follower needs about a second, a big import some more."""
LOOK_EVERY: Final = 5.0
"""Seconds between two comparisons of the live index with the store."""
TIMEOUT: Final = 10.0
"""Seconds that the hook may take to accept or to answer."""
PAUSES: Final = (1.0, 5.0)
"""Seconds before the second try, and before the third and last."""

PATIENCE: Final = 5.0
"""Seconds that the end of the runner waits for the watch, and for the hook."""

log = logging.getLogger(__name__)


class Tell(Protocol):
    """Reports trouble: what happened, a sentence about it, and facts as JSON values. Returns at once, and never raises."""

    def __call__(self, event: Event, detail: str, **facts: object) -> None:
        """Report once."""


def _nobody(event: Event, detail: str, **facts: object) -> None:
    """Report nothing, because no hook is set."""


class Hook:
    """Sends what it is told to a URL, in order, from a thread of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: queue.SimpleQueue[dict[str, object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._keep_sending, name="hook", daemon=True)
        self._thread.start()

    def tell(self, event: Event, detail: str, **facts: object) -> None:
        """See :class:`Tell`."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        # File names may hold bytes that are not UTF-8, which many readers of JSON refuse.
        shown = detail.encode(errors="backslashreplace").decode()
        self._waiting.put({"event": event, "detail": shown, "at": at, **facts})

    def close(self, patience: float) -> None:
        """Send what is left, for at most ``patience`` seconds."""
        self._waiting.put(None)
        self._thread.join(patience)

    def _keep_sending(self) -> None:
        while (message := self._waiting.get()) is not None:
            self._send(message)

    def _send(self, message: Mapping[str, Any]) -> None:
        request = urllib.request.Request(
            self._url,
            data=json.dumps(message, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
        for pause in (*PAUSES, None):
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT):
                    return
            except (OSError, http.client.HTTPException) as error:
                if pause is None:
                    # The path of a hook is often a secret.
                    host = urlsplit(self._url).hostname
                    log.warning("the hook at %s was not told of %s: %s", host, message, error)
                    return
                time.sleep(pause)


class LagWatch:
    """Tells when the live index has lacked a change for longer than LAG_LIMIT, and again only after the lag fell below half of it.

    What waited before this watch began counts from then: a follower that was just started needs its time too.
    """

    def __init__(
        self, store: ArticleStore, revision: Callable[[], int], tell: Tell, *, began: datetime
    ) -> None:
        """``revision`` reads the one that the live index has reached. ``began`` is now, in UTC."""
        self._store, self._revision, self._tell, self._began = store, revision, tell, began
        self._told = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="lag", daemon=True)

    def start(self) -> None:
        """Look from now on, in a thread."""
        self._thread.start()

    def close(self, patience: float) -> None:
        """Look no more. Waits for a look that is under way, for at most ``patience`` seconds."""
        self._ended.set()
        self._thread.join(patience)

    def look(self, now: datetime) -> None:
        """Compare once. ``now`` is in UTC.

        Raises:
            SearchIndexError: the store or the live index cannot be read.
        """
        pending = self._store.pending(self._revision())
        since = max(pending.since or self._began, self._began) if pending.revisions else now
        lag = now - since
        if lag > LAG_LIMIT and not self._told:
            self._told = True
            self._tell(
                "index_behind",
                f"the live index has lacked changes of the store for more than {LAG_LIMIT.seconds} s: "
                "see whether 'python -m indexer follow' runs, and what it logs",
                changes=pending.revisions,
                since=since.isoformat(timespec="seconds"),
            )
        elif lag < LAG_LIMIT / 2:
            self._told = False

    def _keep_looking(self) -> None:
        failure = ""
        while not self._ended.wait(LOOK_EVERY):
            try:
                self.look(datetime.now(UTC))
                failure = ""
            except SearchIndexError as error:
                if str(error) != failure:
                    log.warning("the lag of the live index is unknown: %s", error)
                failure = str(error)


@contextmanager
def reporting(url: str | None, means: Means) -> Iterator[Tell]:
    """Report to ``url`` while the block runs: what the block tells, and a live index that stays behind. Nothing without a URL."""
    if url is None:
        yield _nobody
        return
    hook = Hook(url)
    revision = partial(
        live_revision, means.generations, analyzer=make_analyzer(), timezone=means.timezone
    )
    watch = LagWatch(means.store, revision, hook.tell, began=datetime.now(UTC))
    watch.start()
    try:
        yield hook.tell
    finally:
        watch.close(PATIENCE)
        hook.close(PATIENCE)

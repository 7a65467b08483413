"""Assembly: the services over the index, the store and the query log that settings name. Commands and ``app.py`` call it."""

from __future__ import annotations

from indexer.analysis.analyzers import make_analyzer
from indexer.generations import Generations
from indexer.reading import Reading
from indexer.settings import IndexSettings
from search_service.limits import Limits
from search_service.live.decisions import LiveEditorial
from search_service.live.index import LiveIndex
from search_service.live.jobs import LiveJobs
from search_service.live.keys import LiveKeys
from search_service.live.lag import StoreWatch
from search_service.metrics import Metrics
from search_service.querylog.base import NoQueryLog, QueryLog
from search_service.querylog.log import BackgroundQueryLog
from search_service.services import Services
from search_service.settings import SearchSettings
from search_service.writing import Writing


def make_services(settings: IndexSettings, searching: SearchSettings | None = None) -> Services:
    """Make the services over the index that the settings name. The index need not exist yet.

    Until it exists, calls raise an error that says what to do. ``searching`` sets up the query log. Without
    ``searching`` nothing is logged.
    """
    told = searching or SearchSettings()
    editorial = LiveEditorial(settings.store_url)
    analyzer = make_analyzer(stopwords=editorial.stopwords)
    store = StoreWatch(settings.store_url)
    live = LiveIndex(
        Generations(settings.index_dir),
        analyzer=analyzer,
        timezone=settings.timezone,
        lag=store.lag,
    )
    query_log: QueryLog = NoQueryLog()
    if searching is not None and searching.querylog_url is not None:
        query_log = BackgroundQueryLog(
            searching.querylog_url,
            keep_days=searching.querylog_days,
            analyzer=live.analyzer,
            timezone=settings.timezone,
        )
    return Services(
        live,
        settings.timezone,
        query_log=query_log,
        editorial=editorial,
        store=store,
        keys=LiveKeys(settings.store_url),
        jobs=LiveJobs(settings.store_url),
        writing=Writing(
            settings.store_url,
            live,
            reading=Reading(timezone=settings.timezone, order=settings.date_order),
        ),
        aging=told.aging,
        relating=told.relating,
        time_limit=told.time_limit,
        metrics=Metrics(told.run_dir),
        limits=Limits(told.run_dir and told.run_dir / "limits"),
    )

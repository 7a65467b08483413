"""Judged sets: how they are read, and an index of one that can be asked.

A judged set is a folder of three files: ``corpus.jsonl`` (or .gz; ``id``, ``title``, ``text``, and where known
``published_at`` and ``duplicate_group``), ``queries.jsonl`` (``id``, ``text``) and ``qrels.tsv`` (query, document, grade;
a header line first). Queries without a relevant document do not count.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from indexer.analysis.analyzers import Analyzer
from indexer.article import Article
from indexer.engines.registry import open_engine, storage_of
from indexer.errors import InvalidArticle, InvalidJudgedSet
from indexer.fields import make_article
from indexer.fingerprint import SCHEMA_VERSION, fingerprint
from indexer.generations import Generations
from indexer.manifest import Manifest
from search_service.live.index import LiveIndex
from search_service.ranking.aging import Aging
from search_service.services import Services, utc_now
from search_service.settings import SearchSettings

AGING: Final = SearchSettings().aging
"""How articles age unless the settings say otherwise."""
ENGINE: Final = "whoosh"
"""The engine that is judged unless the settings say otherwise."""
_LARGEST_GROUP: Final = 2**63 - 1
"""An index keeps the number of a group in 64 bits with a sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSet:
    """Articles, questions by their ids, and the grade of each judged article by question (0: not relevant)."""

    name: str
    articles: tuple[Article, ...]
    questions: Mapping[str, str]
    grades: Mapping[str, Mapping[str, int]]


def read_judged(folder: Path) -> JudgedSet:
    """Read a judged set.

    Raises:
        InvalidJudgedSet: a file is missing, or a line of it is malformed.
    """
    articles, questions = [], {}
    for where, record in _records(folder, "corpus.jsonl"):
        articles.append(_article(where, record))
    for where, record in _records(folder, "queries.jsonl"):
        if not isinstance(record.get("id"), str) or not isinstance(record.get("text"), str):
            raise InvalidJudgedSet(where, "a query needs an id and a text")
        questions[record["id"]] = record["text"]
    grades = _grades(folder)
    judged = {query for query, graded in grades.items() if max(graded.values()) > 0}
    counted = {query: text for query, text in questions.items() if query in judged}
    if not counted:
        raise InvalidJudgedSet(str(folder), "no query has a relevant document in qrels.tsv")
    return JudgedSet(name=folder.name, articles=tuple(articles), questions=counted, grades=grades)


def _article(where: str, record: Mapping[str, Any]) -> Article:
    """The article of a record of the corpus. A time without an offset is read as UTC."""
    group = record.get("duplicate_group", 0)
    if type(group) is not int or not 0 <= group <= _LARGEST_GROUP:
        raise InvalidJudgedSet(where, "duplicate_group must be a whole number, 0 for no group")
    try:
        values = {"id": record["id"], "title": record["title"], "body": record["text"]}
        dated = values | {"published_at": record.get("published_at")}
        return replace(make_article(dated, timezone=UTC), duplicate_group=group)
    except KeyError as error:
        raise InvalidJudgedSet(where, f"lacks {error}: id, title and text are needed") from error
    except InvalidArticle as error:
        raise InvalidJudgedSet(where, str(error)) from error


def _records(folder: Path, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The JSON objects of a file with one object a line, plain or gzipped. Each comes with its file and line."""
    path = next((each for each in (folder / name, folder / f"{name}.gz") if each.is_file()), None)
    if path is None:
        raise InvalidJudgedSet(str(folder / name), "is missing (it may be gzipped)")
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            where = f"{path}, line {number}"
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise InvalidJudgedSet(where, f"is not JSON: {error}") from error
            if not isinstance(record, dict):
                raise InvalidJudgedSet(where, "is not a JSON object")
            yield where, record


def _grades(folder: Path) -> dict[str, dict[str, int]]:
    path = folder / "qrels.tsv"
    if not path.is_file():
        raise InvalidJudgedSet(str(path), "is missing")
    grades: dict[str, dict[str, int]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[1:], 2):
        try:
            query, document, grade = line.split("\t")
            grades.setdefault(query, {})[document] = int(grade)
        except ValueError as error:
            raise InvalidJudgedSet(
                f"{path}, line {number}", "needs a query, a document and a grade, parted by tabs"
            ) from error
    return grades


@contextmanager
def indexed(
    judged: JudgedSet,
    *,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    engine: str = ENGINE,
    aging: Aging = AGING,
) -> Iterator[Services]:
    """Index a judged set in a temporary folder. Yields the use cases over it, at the time just after its newest article.

    Raises:
        IndexFailure: who keeps the engine's index does not answer.
    """
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        root = Path(name)
        generations = Generations(root)
        with generations.lock():
            folder = generations.begin()
            stack.callback(lambda: storage_of(folder / "index").remove())
            _index(generations, folder, judged, analyzer, timezone, engine)
        live = LiveIndex(generations, analyzer=analyzer, timezone=timezone)
        services = Services(live, timezone, clock=_clock(judged.articles), aging=aging)
        stack.enter_context(closing(services))
        yield services


def _clock(articles: Sequence[Article]) -> Callable[[], datetime]:
    """A clock that stands still just after the newest article. Articles without a time are all equally old at any time."""
    times = [each.published_at for each in articles if each.published_at]
    if not times:
        return utc_now
    now = max(times) + timedelta(seconds=1)
    return lambda: now


def _index(
    generations: Generations,
    folder: Path,
    judged: JudgedSet,
    analyzer: Analyzer,
    timezone: ZoneInfo,
    engine_name: str,
) -> None:
    """Make a generation of a judged set in a new folder and promote it.

    Unlike a rebuild it learns no words: the articles were gathered for the questions, whose words repeat in them as in no store.
    """
    engine = open_engine(engine_name, folder / "index", analyzer=analyzer, timezone=timezone)
    engine.create()
    with engine.writer() as writer:
        for each in judged.articles:
            writer.add(each)
        writer.commit(revision=1)
    engine.replicate()
    manifest = Manifest(
        name=folder.name,
        engine=engine_name,
        fingerprint=fingerprint(engine=engine_name, analysis=analyzer.fingerprint),
        schema_version=SCHEMA_VERSION,
        doc_count=len(judged.articles),
        revision=1,
        made_at=datetime.now(UTC),
        seconds=0.0,
    )
    generations.finish(manifest)
    generations.promote(folder.name)

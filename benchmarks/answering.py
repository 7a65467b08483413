"""One side of ``benchmarks.against_commit``: answers questions for whoever started it, line by line.

``python -c`` runs the text of this file in the folder of a checkout, and imports the modules of that checkout. This file may
therefore use only names that the oldest compared commit has. The first input line has the fixed
time and a name in ``ASKS``. Each further line is a block: a JSON list of queries, or of ids of articles. The first
output line says whose code it runs. Each further line holds the results of a block.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from indexer.settings import IndexSettings, read_settings
from search_service import services as module

if TYPE_CHECKING:
    from search_service.answering.search import Answer
    from search_service.blocks.related import RelatedAnswer

_ASSEMBLY: Final = "search_service.assembly"
make_services: Final = vars(import_module(_ASSEMBLY) if find_spec(_ASSEMBLY) else module)[
    "make_services"
]
"""Earlier checkouts have it beside the services."""

Question: Final = vars(module)["Question"]
"""Imported from a module that has this name in every checkout. The module that defines it has moved."""

Result = dict[str, Any]
"""``cpu`` and ``wall`` in milliseconds, and the answer; or the ``error`` that was raised."""


def ask(services: module.Services, asks: str, text: str) -> Result:
    """Call the function of ``ASKS`` with this name. Returns the times and the answer, or the error."""
    call, plain = ASKS[asks]
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        answer = call(services, text)
    except Exception as error:  # noqa: BLE001 (a failure of one side is a difference to report)
        return {"cpu": 0.0, "wall": 0.0, "error": repr(error)}
    taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    return {name: seconds * 1000 for name, seconds in taken.items()} | plain(answer)


def search(services: module.Services, text: str) -> Answer:
    """Search as the API does with two facets."""
    return services.search(Question(text=text, facets=("channel", "source"), size=10))


def related(services: module.Services, article_id: str) -> RelatedAnswer:
    """Ask for the related articles of one article, as its page does."""
    return services.related(article_id)


def plain_related(answer: RelatedAnswer) -> Result:
    """Related articles without the fields that differ in every call."""
    return {
        "ids": [item.article.id for item in answer.items],
        "scores": [float(item.score) for item in answer.items],
        "shown": {item.article.id: [item.lead, item.reasons] for item in answer.items},
    }


def plain_answer(answer: Answer) -> Result:
    """An answer without the fields that differ in every call."""
    correction = answer.understood.correction
    return {
        "ids": [hit.article.id for hit in answer.hits],
        "scores": [float(hit.score) for hit in answer.hits],
        "shown": {
            hit.article.id: [
                hit.duplicates,
                hit.title.text,
                hit.title.marks,
                hit.snippet.text,
                hit.snippet.marks,
            ]
            for hit in answer.hits
        },
        "total": answer.total,
        "groups": answer.groups,
        "rung": answer.understood.rung,
        "stricter": answer.understood.stricter,
        "correction": correction and [correction.query, correction.applied],
        "facets": {
            name: [[each.value, each.count] for each in counts]
            for name, counts in answer.facets.items()
        },
    }


ASKS: Final[dict[str, tuple[Callable[..., Any], Callable[..., Result]]]] = {
    "search": (search, plain_answer),
    "related": (related, plain_related),
}


def main() -> None:
    out, sys.stdout = sys.stdout, sys.stderr  # what other code prints must not mix with the answers
    first = json.loads(sys.stdin.readline())
    now, asks = datetime.fromisoformat(first["now"]), first["asks"]
    made = make_services(read_settings(IndexSettings, os.environ))
    services = replace(made, clock=lambda: now)
    services.warm_up()
    print(json.dumps(module.__file__), file=out, flush=True)
    for line in sys.stdin:
        results = [ask(services, asks, text) for text in json.loads(line)]
        print(json.dumps(results), file=out, flush=True)
    services.close()


if __name__ == "__main__":
    main()

"""Articles that are all body, and how the tests of this folder ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from search_service.answering.search import Answer, Question
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services


def short_news(folder: Path, bodies: Mapping[str, str]) -> Services:
    """An index of articles by id, each with its body and the same title."""
    articles = [article(name, title="短讯", body=body) for name, body in bodies.items()]
    return services(folder, articles, engine="whoosh")


def ask(asked: Services, text: str) -> Answer:
    """The first hundred hits of a text."""
    return asked.search(Question(text=text, size=100))

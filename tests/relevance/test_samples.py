"""Search and related articles over the bundled sample articles, as a newcomer meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer.analysis.characters import fold_literal
from indexer.article import Article
from indexer.fields import make_article
from search_service.answering.search import Question
from search_service.blocks.related import Wanted
from search_service.services import Services
from tests.conftest import PROJECT
from tests.search_service.indexes import SHANGHAI, services

SAMPLES: Path = PROJECT / "samples" / "articles.jsonl"


def samples() -> list[Article]:
    lines = SAMPLES.read_text(encoding="utf-8").splitlines()
    return [make_article(json.loads(line), timezone=SHANGHAI) for line in lines]


ARTICLES = samples()
LAST = max(each.published_at for each in ARTICLES if each.published_at)
VISIBLE = [each for each in ARTICLES if each.is_visible(LAST)]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return services(tmp_path_factory.mktemp("index"), ARTICLES, engine="whoosh", now=LAST)


@pytest.mark.parametrize("one", VISIBLE, ids=lambda one: one.id)
def test_an_article_is_found_first_by_its_title(asked: Services, one: Article) -> None:
    answer = asked.search(Question(text=one.title, syntax="plain"))
    assert answer.understood.rung == "words" or answer.understood.stricter
    assert fold_literal(answer.hits[0].article.title) == fold_literal(one.title)


@pytest.mark.parametrize("one", VISIBLE, ids=lambda one: one.id)
def test_a_title_with_its_quotes_and_dashes_as_operators_finds_it_too(
    asked: Services, one: Article
) -> None:
    hits = asked.search(Question(text=one.title)).hits
    assert fold_literal(one.title) in [fold_literal(hit.article.title) for hit in hits]


@pytest.mark.parametrize("one", VISIBLE, ids=lambda one: one.id)
def test_six_related_articles_none_of_them_the_article_or_its_twin(
    asked: Services, one: Article
) -> None:
    items = asked.related(one.id, Wanted(size=6)).items
    titles = [fold_literal(item.article.title) for item in items]
    assert len(items) == 6
    assert len({fold_literal(one.title), *titles}) == 7
    assert all(item.reasons and item.lead for item in items)

"""Choosing articles in a form: a field takes an id, an address or words of the title. What words may mean is offered to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from indexer.article import Article
from indexer.editorial.entries import ListName
from search_service.desk.articles import find
from search_service.desk.desk import Desk
from search_service.services import Services
from search_service.web.desk.entry_forms import WrongEntry

_ONE: Final = ("pins", "hides", "picks", "bans")
"""Lists whose entries place one article."""


class ManyArticles(Exception):
    """The words in the field ``article`` may mean any of these articles: somebody must choose."""

    def __init__(self, articles: Sequence[Article]) -> None:
        super().__init__()
        self.articles = articles


def articles_in(
    services: Services, desk: Desk, name: ListName, given: Mapping[str, str]
) -> tuple[str, ...]:
    """The ids of the articles that a form for a list names. ``chosen`` overrides the words of ``article``.

    Raises:
        WrongEntry: there is no such article.
        ManyArticles: there are several.
    """
    if name == "golden":
        texts = given.get("articles", "").split("\n")
        try:
            return tuple(_one(services, desk, text) for text in texts if text.strip())
        except ManyArticles as many:
            ids = "、".join(each.id for each in many.articles[:5])
            raise WrongEntry(f"有一行可能是好几篇文章，请改写成编号：{ids}") from many
    if name not in _ONE:
        return ()
    text = given.get("chosen") or given.get("article", "")
    if name == "bans" and not text.strip():
        return ()
    return (_one(services, desk, text),)


def _one(services: Services, desk: Desk, text: str) -> str:
    if not text.strip():
        raise WrongEntry("请填写文章的编号、网址或标题。")
    found = find(services, desk, text)
    if not found.articles:
        raise WrongEntry(f"没有找到文章“{text.strip()}”。请填写编号、网址，或标题里的几个词。")
    if found.named and len(found.articles) == 1:
        return found.articles[0].id
    same = [each for each in found.articles if each.title.strip() == text.strip()]
    if len(same) == 1:
        return same[0].id
    raise ManyArticles(found.articles)

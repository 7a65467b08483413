"""Articles at the desk: found in whatever status they are, withdrawn, published again and deleted; and whether readers still find them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from indexer.article import Article
from indexer.errors import ArticleNotFound, IndexFailure
from indexer.store.changing import Stored
from indexer.store.sessions import Session
from search_service.answering.search import Question
from search_service.desk.actions import Action
from search_service.desk.desk import Desk
from search_service.services import Services

Change = Literal["withdraw", "publish", "delete"]

FOUND: Final = 20
"""Articles that a text finds at most."""

_ADDRESS: Final = re.compile(r"(?:https?://|/)\S+", re.IGNORECASE)
_OWN_PAGE: Final = re.compile(r".*/articles/([^/]+)")


class Found(NamedTuple):
    """Articles that a text names. ``named``: by an id or an address, so they are exactly these."""

    articles: Sequence[Article]
    named: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an article stands in the live index: whether readers find it, and whether its last change is in there."""

    found: bool
    current: bool


def find(services: Services, desk: Desk, text: str) -> Found:
    """The articles that a text names: by the id or the address of one, whatever its status, else by their words.

    Words find what readers may see. An address that is not one of our own pages costs a look at every article of the store.
    """
    text = text.strip()
    if not text:
        return Found((), named=False)
    with desk.store.use() as store:
        if article := store.articles.get(text):
            return Found((article,), named=True)
        if _ADDRESS.fullmatch(text):
            of_page = _id_of_own_page(text)
            if of_page and (article := store.articles.get(of_page)):
                return Found((article,), named=True)
            return Found(store.articles.with_url(text, most=FOUND), named=True)
    answer = services.search(Question(text=text, size=FOUND))
    return Found([each.article for each in answer.hits], named=False)


def stored(desk: Desk, article_id: str) -> tuple[Article, int]:
    """An article as it is stored, and its revision.

    Raises:
        ArticleNotFound: it is unknown or deleted.
    """
    with desk.store.use() as store:
        found = store.articles.find(article_id)
    if found is None:
        raise ArticleNotFound(article_id)
    return found


def change(desk: Desk, session: Session, what: Change, article_id: str, *, revision: int) -> Stored:
    """Withdraw, publish or delete an article that still has this revision, and note it.

    Raises:
        ArticleNotFound: it is unknown or deleted.
        ConditionFailed: it has another revision by now. Nothing was changed.
    """
    article, _ = stored(desk, article_id)
    action: Action
    with desk.store.use() as store:
        match what:
            case "withdraw":
                action = "article.withdraw"
                done = store.articles.withdraw([article_id], when=revision)
            case "publish":
                action = "article.publish"
                published = replace(article, status="published")
                done = store.articles.put([published], when=revision)
            case "delete":
                action = "article.delete"
                done = store.articles.delete([article_id], when=revision)
    desk.note(session, action, article_id, title=article.title, revision=done[0].revision)
    return done[0]


def standing(services: Services, article_id: str, revision: int) -> Standing | None:
    """Where an article stands whose last change has this revision; None while the index cannot be read."""
    try:
        current = services.index_state().revision >= revision
        services.article(article_id)
    except ArticleNotFound:
        return Standing(found=False, current=current)
    except IndexFailure:
        return None
    return Standing(found=True, current=current)


def _id_of_own_page(address: str) -> str | None:
    """The id in the address of an article's page here: ``/articles/ID`` or ``/articles?id=ID``."""
    try:
        parts = urlsplit(address)
    except ValueError:  # such as http://[
        return None
    if match := _OWN_PAGE.fullmatch(parts.path):
        return unquote(match[1])
    if parts.path.endswith("/articles"):
        return next(iter(parse_qs(parts.query).get("id", ())), None)
    return None

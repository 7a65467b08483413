"""All pages of the desk, put together."""

from __future__ import annotations

from typing import NoReturn

from werkzeug.exceptions import NotFound

from search_service.desk.desk import Desk
from search_service.services import Services
from search_service.web.desk.accounts import add_accounts
from search_service.web.desk.articles import add_articles
from search_service.web.desk.audit import add_audit
from search_service.web.desk.chinese.saying import explained, in_chinese, names_of, outcome_text
from search_service.web.desk.entry import add_entry
from search_service.web.desk.generations import add_generations
from search_service.web.desk.imports import add_imports
from search_service.web.desk.jobs import add_jobs
from search_service.web.desk.keys import add_keys
from search_service.web.desk.layout import desk_values
from search_service.web.desk.lists import add_lists
from search_service.web.desk.overview import add_overview
from search_service.web.desk.pages import DeskPages
from search_service.web.desk.queries import add_queries
from search_service.web.desk.words import add_words


def desk_blueprint(services: Services, desk: Desk) -> DeskPages:
    """The routes under ``/desk``."""
    pages = DeskPages(desk)
    values = desk_values(services.timezone) | {
        "explained": explained,
        "in_chinese": in_chinese,
        "names_of": names_of,
        "outcome_text": outcome_text,
    }
    pages.context_processor(lambda: values)
    add_entry(pages, desk)
    add_overview(pages, services, desk)
    add_generations(pages, services, desk)
    add_jobs(pages, services, desk)
    add_queries(pages, services, desk)
    add_lists(pages, services, desk)
    add_words(pages, services, desk)
    add_articles(pages, services, desk)
    add_imports(pages, services, desk)
    add_keys(pages, services, desk)
    add_accounts(pages, desk)
    add_audit(pages, desk)

    @pages.page("/<path:rest>", role="editor")
    def nothing(rest: str) -> NoReturn:  # noqa: ARG001 (it is the rule's)
        raise NotFound

    return pages

"""What every engine indexes of an article: its texts, its keywords, its numbers, its times.

The analyzer makes tokens of the texts. Each engine decides how to store them.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from indexer.article import Article, all_channels


def searchable_texts(article: Article) -> dict[str, str]:
    """The text of each field of TEXT_FIELDS.

    A lead that is part of the body is left out, since its words would count twice.
    """
    lead = "" if article.lead in article.body else article.lead
    return {"title": article.title, "lead": lead, "body": article.body}


def keywords(article: Article) -> dict[str, tuple[str, ...]]:
    """The non-empty values of each field of KEYWORD_FIELDS. Channels come with their ancestors, attributes with their names."""
    return {
        "id": (article.id,),
        "channel": all_channels(article),
        "source": (article.source,) if article.source else (),
        "author": (article.author,) if article.author else (),
        "tag": article.tags,
        "site": (article.site,) if article.site else (),
        "status": (article.status,),
        "group": (str(article.duplicate_group),) if article.duplicate_group else (),
        "attribute": tuple(
            attribute(name, value)
            for name, value in article.attributes.items()
            if isinstance(value, str) and value
        ),
    }


def attribute(name: str, value: str) -> str:
    """An attribute's value in the keyword field ``attribute``."""
    return f"{name}={value}"


def numbers(article: Article) -> dict[str, float]:
    """The attributes that are numbers, by name."""
    return {
        name: float(value)
        for name, value in article.attributes.items()
        if not isinstance(value, str)
    }


def month_of(time: datetime, timezone: tzinfo) -> str:
    """The month of a time in ``timezone``, such as ``2026-03``."""
    return time.astimezone(timezone).isoformat()[:7]  # strftime takes four times as long

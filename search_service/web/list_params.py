"""The parameters of the lists of articles: related, hot and latest articles, and all three in one."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import unquote_to_bytes

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from indexer.article import check_id
from indexer.errors import InvalidArticle
from search_service.answering.search import DEFAULT_SIZE, MAX_SIZE
from search_service.blocks.portal import Sizes
from search_service.blocks.related import Wanted
from search_service.querylog.views import ViewWindow
from search_service.web.params import Parameters
from search_service.web.values import ExactText, Number, whole_number

MAX_RELATED: Final = 20
MAX_EXCLUDED: Final = 100
MAX_BLOCK: Final = 30
"""With it, three lists and their article have fewer keys than the 100 that a header may hold: see surrogates.py."""
MAX_AGE: Final = 36_500
"""The oldest articles that can be asked for, in days."""

# In this order: a Field behind the validator would leave the JSON schema without the numbers.
_Days = Annotated[int, Field(ge=1, le=MAX_AGE), BeforeValidator(whole_number)]
_PerSource = Annotated[int, Field(ge=1, le=MAX_RELATED), BeforeValidator(whole_number)]

Window = Annotated[
    ViewWindow,
    Field(description="hour: the last hour; day: the last 24 hours; week: the last seven days."),
]


class ChannelParameters(Parameters):
    """What all lists of articles take."""

    channel: ExactText | None = Field(
        None, description="Only this channel and all that lies in it; without it, all channels."
    )


class ListParameters(ChannelParameters):
    """What the lists of articles on pages take: which of them to list."""

    repeatable: ClassVar[frozenset[str]] = frozenset(("exclude",))

    exclude: tuple[str, ...] = Field(
        (),
        description=f"Ids of articles to leave out, parted by commas, {MAX_EXCLUDED} at most: "
        "those that the page shows already. In each id the characters % and , are percent-encoded; the parameter's value "
        "as a whole is encoded after that, as every value is. May be given several times.",
        json_schema_extra={"example": ["a-1,a-2"]},
    )

    @field_validator("exclude")
    @classmethod
    def _check_exclude(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        try:
            ids = tuple(_listed_id(each) for value in values for each in value.split(","))
        except (UnicodeDecodeError, InvalidArticle):
            ids = ()
        if len(ids) > MAX_EXCLUDED or (values and not ids):
            allowed = f"up to {MAX_EXCLUDED} article ids, parted by commas"
            raise PydanticCustomError(
                "ids", "is not a list of ids", {"value": ",".join(values), "allowed": allowed}
            )
        return ids


class LatestParameters(ListParameters):
    """What ``/api/v1/latest`` takes."""

    size: Number = Field(DEFAULT_SIZE, ge=1, le=MAX_SIZE, description="Articles at most.")


class RelatedChoice(ListParameters):
    """Which related articles to list."""

    size: Number = Field(6, ge=1, le=MAX_RELATED, description="Articles at most.")
    max_age: _Days | None = Field(
        None, description="Only articles that are at most so many days old."
    )
    past_only: Literal["on", "off"] = Field(
        "off", description="on: no article that is newer than the one itself."
    )
    per_source: _PerSource | None = Field(
        None,
        description="At most so many articles of one source before those of other sources.",
    )
    events: Literal["all", "one"] = Field(
        "all", description="one: of several articles on one event, one comes before all others."
    )

    def wanted(self) -> Wanted:
        """The parameters as the use case takes them."""
        return Wanted(
            size=self.size,
            exclude=self.exclude,
            channel=self.channel,
            max_age=self.max_age,
            past_only=self.past_only == "on",
            per_source=self.per_source,
            one_of_event=self.events == "one",
        )


class RelatedParameters(RelatedChoice):
    """What ``/api/v1/articles/{id}/related`` and ``/api/v1/related`` take."""

    explain: Literal["0", "1"] = Field(
        "0",
        description="1: with each hit that key terms found, why it has its score, and the article's key terms with their weights.",
    )

    def wanted(self) -> Wanted:
        """The parameters as the use case takes them."""
        return replace(super().wanted(), explain=self.explain == "1")


class HotParameters(LatestParameters):
    """What ``/api/v1/hot`` takes."""

    window: Window = "day"


class BlocksParameters(Parameters):
    """What ``/api/v1/articles/{id}/blocks`` and ``/api/v1/blocks`` take: how long each list is to be."""

    related: Number = Field(6, ge=0, le=MAX_RELATED, description="Related articles at most.")
    hot: Number = Field(10, ge=0, le=MAX_BLOCK, description="Hot articles at most.")
    latest: Number = Field(10, ge=0, le=MAX_BLOCK, description="Latest articles at most.")

    def sizes(self) -> Sizes:
        """The parameters as the use case takes them."""
        return Sizes(related=self.related, hot=self.hot, latest=self.latest)


def _listed_id(text: str) -> str:
    """The id that a part of a list spells. Raises UnicodeDecodeError or InvalidArticle."""
    listed = unquote_to_bytes(text).decode()
    check_id(listed)
    return listed

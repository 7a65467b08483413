"""The answers of the API as models. The bodies and the OpenAPI document are made from them.

Times are ISO 8601 in the service's zone. Text is plain text, except in ``highlights``.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from indexer.hits import Lack
from indexer.query import Sort
from search_service.answering.explain import AddedBy, MultipliedBy
from search_service.answering.rungs import Rung
from search_service.blocks.hot import Origin
from search_service.blocks.related import Step
from search_service.blocks.suggest import Kind
from search_service.live.index import IndexState
from search_service.querylog.views import ViewWindow
from search_service.web.index_codes import IndexCode, index_code


class Payload(BaseModel):
    """A body, or a part of one."""

    model_config = ConfigDict(frozen=True)


class IndexPayload(Payload):
    """The index that an answer came from."""

    generation: str = Field(
        description="Name of the generation.", json_schema_extra={"example": "000007"}
    )
    revision: int = Field(description="The article store's revision that the index holds.")
    as_of: datetime = Field(description="When the last change came into the index.")
    doc_count: int = Field(description="Articles in the index, those that are not shown included.")
    rebuilding: bool = Field(description="A rebuild is running beside it.")
    outdated: bool = Field(
        description="It was made by another version of the analysis: answers may miss articles until a rebuild."
    )
    held_back: IndexCode | None = Field(
        description="Why the generation that is live now cannot be opened, while this one, which was live before, goes on answering; "
        "null if this one is live. A service of an older release says so until it is restarted with the newer one."
    )
    behind: int | None = Field(
        description="How many revisions of the store it lacks; null while the store cannot be read."
    )
    behind_seconds: float | None = Field(
        description="How long ago the oldest change that it lacks was stored; 0 if it lacks none, null if unknown."
    )

    @classmethod
    def of(cls, state: IndexState, zone: ZoneInfo) -> IndexPayload:
        """The payload of an index's state."""
        lag = state.lag
        return cls(
            generation=state.generation,
            revision=state.revision,
            as_of=state.as_of.astimezone(zone),
            doc_count=state.doc_count,
            rebuilding=state.rebuilding,
            outdated=state.outdated,
            held_back=index_code(state.held_back) if state.held_back else None,
            behind=lag.revisions if lag else None,
            behind_seconds=lag.seconds if lag else None,
        )


class ListedArticle(Payload):
    """An article as it stands in a list."""

    id: str
    url: str = Field(description="Its address on the portal; empty when the portal gave none.")
    title: str
    lead: str = Field(description="About 90 characters that say what it is about.")
    source: str
    channel: str = Field(
        description="A path, outermost first.", json_schema_extra={"example": "情感/故事"}
    )
    author: str
    published_at: datetime | None
    image_url: str
    tags: list[str]
    attributes: dict[str, str | int | float]


class Highlights(Payload):
    """Safe HTML: everything is escaped, and only <mark> is put around what was found."""

    title: str
    body: str = Field(description="The passage that fits the question best.")


class AddedPayload(Payload):
    """What one part of the query adds to a score."""

    by: AddedBy = Field(
        description="word: a word, in `field`, or anywhere where that is empty. words: several that count together. text: a "
        "text as it stands. title: a title that is what was typed, or begins so. near: words that stand close together. pairs: "
        "shared pairs of neighbouring characters."
    )
    text: str
    field: str
    score: float


class MultipliedPayload(Payload):
    """What a score is multiplied with."""

    by: MultipliedBy = Field(
        description="recency: the article's age. agreement: how much it is like the best answers to a question. "
        "channel: it has the same channel as the article that it is related to."
    )
    factor: float


class ExplanationPayload(Payload):
    """The sum of what is added, times what it is multiplied with, is the score."""

    added: list[AddedPayload]
    multiplied: list[MultipliedPayload]
    lines: list[str] = Field(description="The same in Chinese sentences, what counts most first.")


class Hit(ListedArticle):
    """An article that was found."""

    score: float = Field(
        description="Comparable within one answer only; 0 when not sorted by relevance."
    )
    highlights: Highlights
    group: int | None = Field(
        description="Number of its duplicate group, a value of the parameter group; null when it is alone."
    )
    duplicates: int = Field(
        description="Articles of its group that were found too and stand behind it."
    )
    pinned: bool = Field(
        description="It stands here because an editor put it here for this query; its score is 0."
    )
    explanation: ExplanationPayload | None = Field(
        description="Why it has its score; only with `explain=1`, by relevance, and not of what is pinned."
    )


class FacetValue(Payload):
    """How many articles have this value: the total, if it is chosen in place of what is chosen in its field."""

    value: str
    count: int


class SynonymsPayload(Payload):
    """What was searched for beside some of the words."""

    text: str = Field(description="The words, as they were asked for.")
    others: list[str] = Field(description="What counts for them too, in simplified characters.")


class CorrectionPayload(Payload):
    """What was probably meant."""

    query: str = Field(description="To be asked instead.")
    applied: bool = Field(
        description="True when nothing was found for what was typed: the hits are those of this query. `correct=off` "
        "searches for what was typed."
    )


class QueryPayload(Payload):
    """How the question was understood."""

    text: str = Field(description="As it was asked.")
    parsed: str = Field(description="As it was read, in one canonical form.")
    rung: Rung = Field(
        description="How strictly it was taken. browse: no words, all articles. words: all words. inside: all "
        "words, also inside other words. most: most of the words. any: any of the words. unquoted: the words of quotes "
        "that stand nowhere as they were typed."
    )
    stricter: int = Field(
        description="How many of the articles a stricter rung found; 0 when none did, or none was tried."
    )
    relaxed: bool = Field(
        description="True for most, any and unquoted: some hits lack some of the words."
    )
    ignored: list[str] = Field(description="Words that were left out because they say too little.")
    synonyms: list[SynonymsPayload] = Field(
        description="Words for which others count too, a little less; quotes mean the very words."
    )
    missing: list[str] = Field(
        description="Words that no article holds; told if nothing was found, or if `relaxed` and no question."
    )
    notes: list[str] = Field(description="Sentences for the reader, in Chinese.")
    correction: CorrectionPayload | None = Field(
        description="What was probably meant (您是不是要找); null where what was typed makes sense."
    )


class SearchPayload(Payload):
    """One page of what was found."""

    query: QueryPayload
    sort: Sort = Field(
        description="Order of the hits: as asked for, but newest instead of hot while no view of an article is known."
    )
    total: int = Field(description="Articles found, on all pages.")
    groups: int = Field(description="Hits on all pages: duplicates that were collapsed count once.")
    total_is_estimate: bool
    complete: bool = Field(description="False when articles may be missing.")
    lack: Lack | None = Field(
        description="Why the answer is not complete. time: it ran out. shards: a part of the index did not answer."
    )
    page: int
    pages: int = Field(description="Pages that can be asked for.")
    size: int
    hits: list[Hit]
    facets: dict[str, list[FacetValue]] = Field(
        description="For each facet asked for, its values: the newest months first, of the others the most frequent first."
    )
    index: IndexPayload
    took_ms: float = Field(description="Milliseconds in the index. Not part of the ETag.")
    query_id: str | None = Field(
        description="What clicks on these hits refer to; null when the search is not logged. Not part of the ETag."
    )


class SuggestionPayload(Payload):
    """A text to offer."""

    text: str = Field(description="In its original spelling.")
    kind: Kind = Field(
        description="query: readers search for it. word: articles' titles, tags or authors hold it. "
        "title: a whole title."
    )
    typed: int = Field(
        description="How many characters (code points) at its beginning stand for what was typed: 2 of 乡村振兴 for `xc`."
    )
    id: str | None = Field(description="Of a title: the id of the newest article that bears it.")
    url: str | None = Field(
        description="Of a title: the article's address on the portal; empty when the portal gave none."
    )
    source: str | None = Field(description="Of a title: where the article comes from.")
    published_at: datetime | None = Field(description="Of a title.")


class SuggestPayload(Payload):
    """Completions of what was typed, the best first."""

    prefix: str
    hits: list[SuggestionPayload]
    complete: bool = Field(description="False when time ran out: some may be missing.")
    index: IndexPayload


class BreadcrumbPart(Payload):
    """One step of the way from the front page to an article's channel."""

    name: str
    channel: str = Field(description="The path up to here: a value of the parameter channel.")


class ArticlePayload(ListedArticle):
    """A whole article."""

    body: str = Field(description="Plain text; paragraphs are parted by one line feed.")
    breadcrumb: list[BreadcrumbPart]
    channels: list[str] = Field(description="Secondary channels.")
    editor: str
    site: str
    updated_at: datetime | None
    index: IndexPayload


class RelatedHit(ListedArticle):
    """A related article."""

    score: float = Field(
        description="Comparable within one answer only; 0 when it fills up the list."
    )
    step: Step = Field(
        description="What found it. `picked`: an editor; `terms`: shared key terms; the others fill up the list: shared tags, the "
        "same channel, or only its date."
    )
    reasons: list[str] = Field(
        description="Why it is here, in Chinese.", json_schema_extra={"example": ["同频道"]}
    )
    explanation: ExplanationPayload | None = Field(
        description="Why it has its score; only with `explain=1`, and of what key terms found."
    )


class KeyTermPayload(Payload):
    """A word that tells what the article is about."""

    term: str = Field(description="As the article spells it.")
    weight: float


class RelatedPayload(Payload):
    """The related articles of one, best first. Those that editors picked stand at their positions."""

    id: str = Field(description="The article's id; empty for a text without one.")
    hits: list[RelatedHit]
    terms: list[KeyTermPayload] | None = Field(
        description="The article's key terms, the weightiest first; only with `explain=1`."
    )
    index: IndexPayload


class LatestPayload(Payload):
    """The latest articles, newest first."""

    hits: list[ListedArticle]
    index: IndexPayload


class HotArticlePayload(ListedArticle):
    """An article that readers view."""

    visitors: int = Field(
        description="Readers who viewed it in the window; 0 if it does not come from views."
    )
    origin: Origin = Field(
        alias="from",
        description="picked: an editor picked it. views: readers view it. latest: too few articles were viewed, so it fills up the list.",
    )


class HotPayload(Payload):
    """The hot articles, the hottest first; then the latest, if too few were viewed."""

    window: ViewWindow
    hits: list[HotArticlePayload]
    as_of: datetime | None = Field(
        description="When the views were counted; null when they were not yet."
    )
    index: IndexPayload


class BlocksPayload(Payload):
    """The lists of an article's page."""

    id: str = Field(description="The article's id; empty for a text without one.")
    related: list[RelatedHit]
    hot: list[HotArticlePayload]
    latest: list[ListedArticle]
    stale: bool = Field(
        description="True if the index cannot be asked at the moment: the lists are those of up to a minute ago."
    )
    index: IndexPayload


class ReasonPayload(Payload):
    """Something that is amiss."""

    code: str = Field(json_schema_extra={"example": "index_behind"})
    detail: str


class ReadyPayload(Payload):
    """A live index answers."""

    status: str = Field(json_schema_extra={"example": "ready"})
    degraded: list[ReasonPayload] = Field(
        description="What is amiss although searches are answered; mostly empty."
    )
    index: IndexPayload


class WrongParameter(Payload):
    """One parameter that cannot be used."""

    parameter: str
    value: str = Field(description="Its value, cut at 100 characters.")
    message: str
    allowed: str = Field(description="What would be right.")


class ProblemPayload(Payload):
    """An error, as RFC 9457 has it. Programs go by `code`, which never changes its meaning."""

    type: str = Field(description="Where this kind of error is explained.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was asked for.")
    code: str = Field(json_schema_extra={"example": "invalid_parameter"})
    errors: list[WrongParameter] = Field(
        [], description="Each parameter that is wrong, 20 at most."
    )
    degraded: list[ReasonPayload] | None = Field(
        None, description="Only of `/readyz`: what else is amiss."
    )
    request_id: str | None = Field(
        None,
        description="The id of the request, as in X-Request-Id. The log has more under this id.",
    )

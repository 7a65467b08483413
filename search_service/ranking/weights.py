"""The constants of ranking. docs/relevance.md gives the reasons and the measurements of each, under the headings named here."""

from __future__ import annotations

from typing import Final

# Search: docs/relevance.md#constants-of-search

FIELD_WEIGHTS: Final = (("title", 2.0), ("lead", 1.0), ("body", 1.0))
"""Each text field and the factor of its BM25 score."""

FEW: Final = 10
"""A rung that finds fewer articles than this has found too few to fill a page."""

FILL: Final = 30
"""If fewer articles hold all words, articles that hold some of the words follow until there are this many or more."""

MOST: Final = 0.6
"""The share of the query's telling words that an article must hold on the rung "most", rounded up to whole words."""

LONG: Final = 4
"""A query with at least this many telling words counts as a question: the search asks for its words loosely."""

ALL_WORDS: Final = 5.0
"""On the rung "unquoted": the factor of the extra score of an article that holds most words."""

NEAR: Final = 1.5
"""Extra score for words that stand close together: this factor times the sum of their idfs."""

NEAR_WINDOW: Final = 16
"""Words close together are at most this many positions apart: about a sentence."""

PAIRS: Final = 1.0
"""Extra score for each pair of neighbouring characters that query and field share: this factor times the pair's idf."""

AGREE: Final = 1.0
"""For questions: the score is multiplied by 1 + this factor * the article's likeness (0 to 1) to the best articles."""

RESCORED: Final = 50
"""Only this many articles, the best by words alone, get the scores of NEAR, PAIRS and AGREE."""

RESCORED_FIELDS: Final = ("title", "body")
"""The fields in which NEAR and PAIRS look."""

TITLE_BEGINS: Final = 2.0
"""Extra score of an article whose title begins with the typed text."""

TITLE_FROM: Final = 6
"""From this many typed letters and digits on, articles whose title begins with the typed text come before all others."""

FADED: Final = 0.5
"""The factor that the score of an article approaches as the article ages."""

AS_TYPED: Final = 3.0
"""On the rung "inside": extra score of an article that holds the typed text literally: this factor times the text's idf."""

NEAR_A_DAY: Final = 183
"""An article names a day without its year if it was published at most this many days before or after: about half a year."""

SYNONYM: Final = 0.8
"""The factor of the score of a synonym. The reader's own word has the factor 1.0."""

# Related articles: docs/relevance.md#constants-of-related-articles

KEY_TERMS: Final = 30
"""Maximum number of key terms of an article."""

TITLE_COUNTS: Final = 4.0
"""A word in the title counts as much as this many words in the body."""
TAG_COUNTS: Final = 4.0
"""A word in a tag counts as much as this many words in the body."""
LEAD_COUNTS: Final = 2.0
"""A word in the lead counts as much as this many words in the body."""

BODY_READ: Final = 3_000
"""Key terms come from this many characters at the beginning of the body."""

COMMON: Final = 0.15
"""If more than this share of all articles hold a term, the term is too common to be a key term."""
COMMON_AT_LEAST: Final = 10
"""If at most this many articles hold a term, the term is not too common, whatever COMMON says."""

RELATED_TITLE: Final = 1.5
"""The factor of the score of a key term in the title of the other article. In the body it is 1.0."""

MIN_SHARED: Final = 2
"""Related articles share at least this many key terms."""
MIN_SHARED_WEIGHT: Final = 0.05
"""The shared key terms have at least this share of the weight of all key terms."""

SAME_CHANNEL: Final = 1.25
"""The factor of the score of a related article in the same channel."""

# Hot articles: docs/relevance.md#constants-of-hot-articles

HOT_HALF_LIVES: Final = {"hour": 1 / 3, "day": 6.0, "week": 36.0}
"""For each window, the hours after which a view of an article counts half."""

HOT_AGING: Final = {"hour": 12.0, "day": 24.0, "week": 72.0}
"""For each window, the half-life of an article in hours: the views of an older article count less,"""
HOT_FADED: Final = 0.1
"""down to this factor."""

SAME_EVENT: Final = 0.45
"""Two titles of one event share this much of the weight (idf) of the words of the lighter one,"""
EVENT_DAYS: Final = 3
"""and the articles were published within this many days;"""
SAME_FIGURES: Final = 0.65
"""or two texts of one event share this much of the weight (idf) of the figures of the lighter one,"""
FIGURES: Final = 1.0
"""and in all as much as a figure that no other article holds,"""
FIGURE_DAYS: Final = 2
"""and the articles were published within this many days."""

# Correction: docs/relevance.md#constants-of-correction

CORRECT_FACTOR: Final = 100
"""A correction must occur in at least this many times as many articles as the typed word."""
RARE_OF: Final = 200
"""A correction must occur in at least log2(articles / this number) articles, and in at least one."""

# Suggestions: docs/relevance.md#constants-of-suggestions

FRESH_WORD: Final = 3.0
"""Extra score of a suggested word whose newest article is published now. Older words get less."""
FRESH_DAYS: Final = 14.0
"""The extra score of FRESH_WORD halves with every so many days of age of the word's newest article."""

SAYS_LITTLE: Final = 20.0
"""Function words such as 这个 and common verbs such as 表示 have a score this much lower: they come after all other words."""
COMMON_VERB: Final = 0.1
"""A verb is common if at least this share of all articles hold it in the body,"""
RARE_IN_TITLES: Final = 0.04
"""and at most this share of these have it in the title."""

LONG_SUGGESTION: Final = 0.1
"""Each character of a suggestion lowers its score by this much."""

ASKED_FOR: Final = 4.0
"""Extra score of a frequent query among the suggestions. Words do not get it."""

TITLES_SHARE: Final = 0.4
"""The share of the suggestions that is reserved for titles. If there are fewer titles, other suggestions take the places."""

"""Every number that decides what comes first, with its reason. No code."""

from __future__ import annotations

from typing import Final

# Search

FIELD_WEIGHTS: Final = (("title", 2.0), ("lead", 1.0), ("body", 1.0))
"""A word in the title says twice as much as one in the text; the lead is text too, and often repeats the body. With a title that
counts once, nDCG@10 falls from 0.724 to 0.718 on web questions, and rises from 0.958 to 0.960 on passages whose titles say
little."""

FEW: Final = 10
"""Fewer articles than this, the usual first page, are few: looser rungs are looked at. It does not depend on the size
of a page, so that the same question is answered from the same rung whatever part of it is asked for.

Where only no hits at all are few, nDCG@10 on judged questions is 0.550 (web) and 0.483 (news), and 0.724 and 0.577 with this."""

MOST: Final = 0.6
"""The share of the words that an article must hold on the rung "most": two of three, three of four or five. With two
words it is both: whoever typed two means both."""

LONG: Final = 4
"""Telling words from which on a query is a long one, a question or a headline: then a few articles that hold most words
are not the answer but only strict, and any word will do, ranked by how much of the query an article holds. Whoever typed
two or three words meant them all, unless a question word stands beside them (parse.py has those).

Without it, nDCG@10 on judged questions is 0.718 (web), 0.560 (news) and 0.952 (traditional passages); without the question
words 0.692, 0.565 and 0.956; with both 0.724, 0.577 and 0.958."""

ALL_WORDS: Final = 5.0
"""How many times more an article scores on the rung "most" of a short query for holding all words: enough for it to come
before those that hold the rarest of them often."""

NEAR: Final = 1.5
"""What an article scores for the words that stand closest together in it, against their idfs: words of one sentence
belong together. Without it, nDCG@10 on judged questions falls from 0.724 to 0.717 (web), from 0.577 to 0.564 (news) and from
0.958 to 0.946 (traditional passages)."""

NEAR_WINDOW: Final = 16
"""Positions that count as close together: a sentence."""

PAIRS: Final = 1.0
"""What an article scores for each pair of neighbouring characters that the query and the field share, against its idf: what
the segmenter cut apart or cut otherwise still belongs together. Without it: web 0.712, news 0.577, traditional passages 0.952."""

AGREE: Final = 1.0
"""How much more an article counts, at most, for being like the best answers to a question: those that are alike are about
what is meant. Without it: web 0.715, news 0.540, traditional passages 0.958. Only for questions and long queries: whoever types
two words has said what is meant."""

RESCORED: Final = 50
"""Articles, the best by words alone, that are looked at for these. With 100 nothing is better, and it takes twice as long."""

RESCORED_FIELDS: Final = ("title", "body")
"""The lead mostly repeats the body."""

TITLE_IS: Final = 10.0
"""What an article scores more whose title is what was typed: whoever types a title wants that article first, and a word
that tells much scores about as much."""

TITLE_BEGINS: Final = 2.0
"""The same for a title that begins with what was typed: a little before those that say it later."""

FADED: Final = 0.5
"""What the score of the oldest article is multiplied with: news are read for what is new, but an old article that answers
twice as well still comes before. The sets of judged questions have no dates, so this is a decision and no figure."""

AS_TYPED: Final = 3.0
"""How many times its rarity (its idf) an article scores on the rung "inside" for holding the typed text as it stands. A
text that was cut into characters that stand everywhere means itself: 段简, not every article with 段 and 简. Of 45,219
articles 1,408 hold those two, and the one that is meant came after all that hold them more often."""

SYNONYM: Final = 0.8
"""What an article scores for a synonym of a word, against 1.0 for the word itself: the reader's own word comes first where
both say it as often, and an article that is all about 软体 still comes before one that mentions 软件 once."""

# Related articles

KEY_TERMS: Final = 12
"""Terms that stand for an article; each costs the index a look-up in two fields, and the later ones add noise."""

TITLE_COUNTS: Final = 4.0
"""How many times in the body a word counts for once in the title: an editor chose it."""
LEAD_COUNTS: Final = 2.0

BODY_READ: Final = 3_000
"""Characters of the body that key terms are taken from: what an article is about, it says early."""

COMMON: Final = 0.15
"""A term in more than this share of all articles tells them apart too little to relate two of them."""
COMMON_AT_LEAST: Final = 10
"""Articles; so that a small index has key terms at all."""

RELATED_TITLE: Final = 1.5
"""A key term in the other article's title, against 1.0 in its body."""

MIN_SHARED: Final = 2
"""Key terms that two articles must share; one alone is chance."""
MIN_SHARED_WEIGHT: Final = 0.15
"""The share of the weight of all key terms that those must have: two weak ones are chance too, and what is new in the
channel is the better offer then."""

SAME_CHANNEL: Final = 1.25
"""How many times more an article of the same channel counts: 雄鹿 is a team there and an animal elsewhere."""

# Correction

CORRECT_FACTOR: Final = 20
"""In how many times more articles a word must stand than what was typed instead of it, to be what was meant: rare words
and names are no misspellings."""
RARE_OF: Final = 100
"""A word is no correction if fewer articles hold it than the binary logarithm of so many hundreds: the more there are, the
more rare words stand in them that are one character from anything; 9 of 45,000, 13 of a million, 1 of a few hundred."""

# Suggestions

FRESH_WORD: Final = 3.0
"""How much the news of today adds to a word's use, on a scale where twice as many articles are 1.0: a word of today's
news comes before one that stands in seven times as many old articles."""
FRESH_DAYS: Final = 14.0
"""Days after which that is half."""

LONG_SUGGESTION: Final = 0.1
"""What each character costs on that scale: of two that are used alike the shorter is the more general one."""

ASKED_FOR: Final = 4.0
"""What a query is ahead of a word on that scale: 10 readers who asked tell more than 100 articles that say it."""

TITLES_SHARE: Final = 0.4
"""Of the suggestions: so many places are kept for titles, if there are as many."""

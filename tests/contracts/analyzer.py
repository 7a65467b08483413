"""What every analyzer must do. To test an analyzer, say how to make one:

class TestChineseAnalyzer(AnalyzerContract):
    def make(self): ...
"""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, pairwise
from operator import itemgetter
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.analysis.analyzers import Analyzer, Token
from indexer.analysis.characters import fold
from indexer.analysis.dictionary import UserDictionary, UserWord
from indexer.analysis.spellings import usual
from indexer.analysis.streams import Place, Texts

ANY_CHARACTER = st.characters(exclude_categories=())
"""Every code point, including lone surrogates and control characters."""

NEWS = st.sampled_from(
    "他在上海科技大学学习的一二三〇了乾隆臺灣軟體後裡发发哈哈哈𠮷㐂カタｶﾞ가나abcXYZé\u0301ßİﬁ０１９Ａｚ①½㎏㋿℃々ー·"
    "，。！？“”「」、…—（）《》 \n\t\u3000\u200b\ufeff\ufe0f😀👍🏽%+#&._-@"
)
TEXTS = st.text(st.one_of(NEWS, NEWS, NEWS, ANY_CHARACTER), max_size=60)

COUNTED = st.text(st.sampled_from("0127²①三千月日号线年人个万元，。 "), max_size=20)
"""Numbers and what they count."""

# Several classes inherit these tests on purpose: an example that was hard for one analyzer is good for the next.
MANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
)

LONG_TEXTS = {
    "5,000 characters without a break": "晴天里的小山村" * 715,
    "32,000 rare Chinese characters": "".join(chr(0x4E00 + 7 * n % 20_950) for n in range(32_000)),
    "one character 20,000 times": "生" * 20_000,
    "50,000 letters": "abcdefghij" * 5_000,
    "20,000 digits": "0123456789" * 2_000,
    "20,000 emoji": "😀👍" * 10_000,
    "20,000 separators": "，。" * 10_000,
    "20,000 combining marks": "e" + "\u0301" * 20_000,
}


def _placed(tokens: list[Token]) -> list[tuple[Place, int]]:
    """What stands at each position."""
    placed: list[tuple[Place, int]] = []
    for position, together in groupby(tokens, itemgetter(1)):
        words = tuple(token.text for token in together)
        placed.append((words[0] if len(words) == 1 else words, position))
    return placed


class AnalyzerContract(ABC):
    """Inherit from it in a class whose name begins with Test."""

    @abstractmethod
    def make(self) -> Analyzer:
        """The analyzer under test: at every call the same one, or an equal one."""

    def test_what_was_pickled_for_another_process_does_the_same(self) -> None:
        analyzer = self.make()
        there = pickle.loads(pickle.dumps(analyzer))
        assert there.fingerprint == analyzer.fingerprint
        for text in LONG_TEXTS.values():
            assert there.index(text[:500]) == analyzer.index(text[:500])
            assert there.query(text[:500]) == analyzer.query(text[:500])

    def test_it_takes_other_words_of_the_users_and_its_own_again(self) -> None:
        analyzer = self.make()
        other = analyzer.knowing(UserDictionary((UserWord("青石小镇"),)))
        assert analyzer.knowing(analyzer.user_dictionary) is analyzer
        assert other.fingerprint != analyzer.fingerprint
        assert [token.text for token in other.query("去青石小镇")][-1] == "青石小镇"
        assert [token.text for token in analyzer.query("去青石小镇")][-1] != "青石小镇"
        assert other.knowing(analyzer.user_dictionary).fingerprint == analyzer.fingerprint

    @given(TEXTS)
    @MANY
    def test_any_text_is_taken_and_offsets_lie_in_order_within_it(self, text: str) -> None:
        tokens = self.make().index(text)
        assert all(0 <= token.start < token.end <= len(text) for token in tokens)
        assert all(token.text for token in tokens)
        places = [(token.position, token.start) for token in tokens]
        assert places == sorted(places)

    @given(TEXTS)
    @MANY
    def test_positions_count_up_from_0_and_leave_one_out_only_where_a_sentence_ends(
        self, text: str
    ) -> None:
        tokens = self.make().index(text)
        assert tokens[0].position == 0 if tokens else True
        for first, second in pairwise(tokens):
            between = fold(text[first.end : second.start])
            apart = any(end in between for end in "。!?;…\n\r\v\f\x85\u2028\u2029.")
            assert second.position - first.position <= 1 or apart

    @given(
        st.lists(st.one_of(TEXTS, COUNTED), max_size=4),
        st.lists(st.one_of(TEXTS, COUNTED), max_size=2),
        st.integers(0, 4),
    )
    @MANY
    def test_texts_that_are_read_together_have_the_tokens_of_each(
        self, bodies: list[str], titles: list[str], kept: int
    ) -> None:
        analyzer = self.make()
        batch = analyzer.batch()
        fields = [Texts(), Texts()]
        for field, texts in zip(fields, (bodies, titles), strict=True):
            for text in texts:
                batch.add(fold(text), field)
        fields[0].cut(kept)
        for field, texts in zip(fields, (bodies[:kept], titles), strict=True):
            stream = batch.read(field)
            found = [
                (stream.places[number], position)
                for number, position in zip(
                    stream.ids.tolist(), stream.positions.tolist(), strict=True
                )
            ]
            told = [_placed(analyzer.index(text)) for text in texts]
            assert found == [each for places in told for each in places]
            assert stream.counts.tolist() == [len(places) for places in told]

    @given(TEXTS)
    @MANY
    def test_at_one_position_the_words_inside_follow_the_word_the_longer_first(
        self, text: str
    ) -> None:
        tokens = self.make().index(text)
        for first, second in pairwise(tokens):
            if first.position == second.position:
                assert (first.start, -first.end) <= (second.start, -second.end)

    @given(TEXTS)
    @MANY
    def test_a_token_is_the_folded_text_at_its_offsets_or_its_usual_spelling(
        self, text: str
    ) -> None:
        for token in self.make().index(text):
            folded = fold(text[token.start : token.end])
            spellings = {fold(normalize("NFKC", folded)), usual(folded)}
            assert token.text in spellings or any(
                token.text in each for each in spellings - {folded}
            )

    @given(TEXTS)
    @MANY
    def test_no_letter_or_digit_is_lost(self, text: str) -> None:
        covered = {at for token in self.make().index(text) for at in range(token.start, token.end)}
        assert all(at in covered for at, character in enumerate(fold(text)) if character.isalnum())

    @given(TEXTS)
    @MANY
    def test_a_querys_words_are_found_in_the_text_that_they_came_from(self, text: str) -> None:
        analyzer = self.make()
        assert {token.text for token in analyzer.query(text)} <= {
            token.text for token in analyzer.index(text)
        }

    @MANY
    @given(text=TEXTS)
    def test_the_counts_of_a_text_are_those_of_its_querys_words(self, text: str) -> None:
        analyzer = self.make()
        words: dict[str, tuple[int, int, int]] = {}
        for token in analyzer.query(text):
            count, start, end = words.get(token.text, (0, token.start, token.end))
            words[token.text] = count + 1, start, end
        assert analyzer.counts(text) == words

    @given(TEXTS)
    @MANY
    def test_dropping_words_never_empties_a_query(self, text: str) -> None:
        analyzer = self.make()
        assert bool(analyzer.query(text)) == bool(analyzer.index(text))

    @given(TEXTS)
    @MANY
    def test_the_words_of_a_query_are_those_that_are_ignored_and_those_that_are_searched(
        self, text: str
    ) -> None:
        analyzer = self.make()
        searched = {token.text for token in analyzer.query(text)}
        assert searched.isdisjoint(analyzer.ignored(text))

    @given(TEXTS)
    @MANY
    def test_a_folded_text_has_the_tokens_of_the_text(self, text: str) -> None:
        analyzer = self.make()
        assert analyzer.index(fold(text)) == analyzer.index(text)

    @pytest.mark.parametrize("what", LONG_TEXTS)
    def test_long_texts_of_one_kind_are_cut_in_both_modes(self, what: str) -> None:
        analyzer, text = self.make(), LONG_TEXTS[what]
        tokens = analyzer.index(text)
        assert bool(tokens) == any(character.isalnum() or character == "😀" for character in text)
        assert max((len(token.text) for token in tokens), default=0) <= 256
        assert {token.text for token in analyzer.query(text)} <= {token.text for token in tokens}

    @pytest.mark.parametrize(
        "text", ["", " ", "\n\u3000", "，。", "*", '"', "(((", "\ud800", "\x00\x1b", "\u200b\ufe0f"]
    )
    def test_what_holds_no_word_has_no_tokens(self, text: str) -> None:
        analyzer = self.make()
        assert analyzer.index(text) == analyzer.query(text) == []
        assert analyzer.ignored(text) == ()

    def test_threads_may_share_it(self) -> None:
        analyzer = self.make()
        texts = [f"第{n}届山村运动会在清晨开幕，孩子们跑得很快，哈哈哈哈{n}" for n in range(200)]
        alone = [analyzer.index(text) for text in texts]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(analyzer.index, texts * 4)) == alone * 4

    def test_its_name_and_fingerprint_stay_the_same(self) -> None:
        assert self.make().name == self.make().name
        assert self.make().fingerprint == self.make().fingerprint
        assert len(self.make().fingerprint) == 16

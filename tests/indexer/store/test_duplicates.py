"""The same text or another one: what a reprint changes, and what tells two reports apart."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.analysis.characters import fold
from indexer.store.duplicates import (
    CHUNK,
    KEYS,
    LEAST_LETTERS,
    ROWS,
    SHINGLE,
    SHORT_LETTERS,
    Sketch,
    same_text,
    sketch,
    sketches,
)
from tests.factories import article

REPORT = """溪口镇的花鼓队昨天在晒谷场上排练到很晚。领队何一苇说，今年一共有四十三名队员，最小的九岁，最大的七十一岁。
镇上的裁缝铺赶制了六十套新衣裳，鼓面换成了牛皮，声音比往年更沉。
孩子们放学以后从三个村子走过来，最远的要翻过一道山梁。
何一苇年轻时在省城的剧团里打过十二年鼓，退休以后回到镇上，把散了多年的队伍重新拢起来。
他说鼓点不能教快了，一个月只练一段，练熟了才往下走。
元宵节那天队伍从老桥出发，沿着河边的石板路走到码头，再从码头折回来。
镇文化站在沿路摆了长凳，给走不动的老人坐。
去年下了一场大雨，鼓都淋湿了，今年他们给每面鼓缝了一个油布套子。
裁缝陆半夏说，套子不值钱，可是鼓值钱，人心更值钱。"""
SHORT = "溪口镇晒谷场的露天电影今晚七点半开映，放映的是老片子《渡口》，票价三元，六岁以下的孩子不收钱；遇雨改到礼堂，请带小板凳，车子停在桥头，散场以后河边有灯，慢慢走，不要挤。"
KEYS_OF_SHORT = (
    -9135815164411147106,
    3391330970045501248,
    -6671810219131709813,
    -2153375909763480550,
    -5467580730471363564,
    1389602275736983984,
)
KEYS_OF_BRIEF = (2660842634459591738,)
WORDS = REPORT.replace("\n", "").replace("，", "。").split("。")


GOLDEN = 0x9E3779B97F4A7C15
BITS = 2**64 - 1


def _mixed(number: int) -> int:
    """SplitMix64's step."""
    number = (number + GOLDEN) & BITS
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & BITS
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & BITS
    return number ^ (number >> 31)


def _slow_shingles(letters: str) -> list[int]:
    """The distinct hashes of the pieces, ascending, made character by character."""
    hashes = set()
    for start in range(len(letters) - SHINGLE + 1):
        number = 0
        for character in letters[start : start + SHINGLE]:
            number = (number * GOLDEN + ord(character)) & BITS
        hashes.add(_mixed(number))
    return sorted(hashes)


def _slow_keys(shingles: list[int]) -> tuple[int, ...]:
    """The keys of a text that is long enough, made number by number."""
    count = KEYS * ROWS
    numbers = [_mixed(each) % 2**32 for each in range(2 * count)]
    keys = []
    for key in range(KEYS):
        made = key
        for row in range(key * ROWS, key * ROWS + ROWS):
            factor, offset = numbers[row] | 1, numbers[count + row]
            orders = ((factor * (each >> 32) + offset) % 2**32 for each in shingles)
            made = _mixed(made ^ min(orders))
        keys.append(made - 2**64 if made >= 2**63 else made)
    return tuple(keys)


def _sketch(body: str, title: str = "溪口镇的花鼓") -> Sketch:
    return sketch(article(title=title, body=body))


def _same(one: str, other: str) -> bool:
    return same_text(_sketch(one), _sketch(other, title="另一个标题"))


class TestReprints:
    @pytest.mark.parametrize(
        "reprint",
        [
            REPORT,
            f"【转载】{REPORT}",
            f"来源：河湾日报\n{REPORT}",
            f"溪口社3月2日电（记者 何一苇）{REPORT}",
            REPORT.replace("\n", ""),
            REPORT.replace("。", "。\n"),
            REPORT.replace("，", ",").replace("。", ". "),
            f"{REPORT}（完）",
            f"{REPORT}（编辑：陆半夏）",
            f"{REPORT}\n责任编辑：陆半夏\n声明：本网转载此文是为传递更多信息，不代表本网观点。\n扫码关注我们",
            REPORT.replace("何一苇", "何一葦").replace("今年", "今年里"),
            REPORT.replace("镇上的裁缝铺", "镇子上的那家裁缝铺子", 1),
            REPORT.replace("去年下了一场大雨，鼓都淋湿了，今年", ""),
        ],
    )
    def test_a_reprint_is_the_same_text(self, reprint: str) -> None:
        assert _same(REPORT, reprint)
        assert _same(reprint, REPORT)

    @pytest.mark.parametrize(
        "tail", ["（完）", "\n来源：河湾日报", "\n更多精彩内容请关注河湾日报的客户端"]
    )
    def test_so_is_a_short_one_with_a_dateline_or_a_tail(self, tail: str) -> None:
        assert len(_sketch(SHORT).letters) < SHORT_LETTERS
        assert _same(SHORT, f"溪口社3月2日电 {SHORT}{tail}")

    def test_traditional_and_full_width_characters_are_the_same_text(self) -> None:
        assert _same("灣區的軟件園裏有３６家公司，" * 4, "湾区的软件园里有36家公司，" * 4)


class TestOtherTexts:
    @pytest.mark.parametrize(
        "other",
        [
            SHORT,
            # A report of the first half is part of the whole one.
            "".join(WORDS[: len(WORDS) // 2]),
            REPORT + SHORT + "".join(reversed(WORDS[:12])),
            "".join(reversed(REPORT)),
        ],
    )
    def test_another_report_is_another_text(self, other: str) -> None:
        assert not _same(REPORT, other)

    def test_a_bulletin_with_other_figures_is_another_text(self) -> None:
        form = REPORT + "水位{}米，流量{}，气温{}度，湿度{}，风力{}级。"
        march, april = form.format(31, 420, 12, 60, 2), form.format(29, 380, 17, 55, 3)
        assert not _same(march, april)
        assert _same(march, form.format(31, 420, 12, 60, 3))

    def test_a_short_notice_with_one_other_number_or_name_is_another_text(self) -> None:
        assert not _same(SHORT, SHORT.replace("三元", "5元"))
        assert not _same(SHORT + "共36个座位", SHORT + "共37个座位")
        assert not _same(SHORT, SHORT.replace("渡口", "山的那一边"))

    def test_what_is_too_short_to_tell_must_be_equal_with_its_title(self) -> None:
        brief = "请看图。"
        assert same_text(_sketch(brief), _sketch(" 請看圖。 "))
        assert not same_text(_sketch(brief), _sketch(brief, title="另一个标题"))
        assert not same_text(_sketch(""), _sketch("", title="另一个标题"))
        assert not same_text(_sketch(brief), _sketch(REPORT))
        # The border between title and body counts.
        assert not same_text(_sketch("图", title="看"), _sketch("", title="看图"))


class TestTrimming:
    def test_a_text_that_would_mostly_be_trimmed_is_compared_whole(self) -> None:
        tail = "\n声明：" + "本网所载文章版权属于作者本人，未经许可不得转载，" * 4
        one, other = ("简讯一则" * 11 + tail, "另外一则" * 11 + tail)
        assert len(_sketch(one).letters) > len(tail)
        assert not _same(one, other)

    def test_a_report_that_only_quotes_a_source_is_not_trimmed(self) -> None:
        assert _sketch(REPORT).letters == _sketch(REPORT + "\n").letters
        quoted = REPORT.replace("镇文化站", "来源于镇文化站", 1)
        assert "来源于镇文化站" in _sketch(quoted).letters


class TestKeys:
    def test_keys_are_numbers_of_64_bits_and_stay_what_they_were(self) -> None:
        # They stand in databases: other ones would find none of the articles that are there.
        assert _sketch(SHORT).keys == KEYS_OF_SHORT
        assert _sketch("请看图。").keys == KEYS_OF_BRIEF

    def test_punctuation_and_layout_do_not_change_them(self) -> None:
        assert _sketch(REPORT).keys == _sketch(REPORT.replace("\n", "").replace("，", " ")).keys
        assert len(set(_sketch(REPORT).keys)) == KEYS

    def test_a_reprint_shares_one_almost_surely_and_another_text_hardly_ever(self) -> None:
        chance = random.Random(5)
        missed = chanced = 0
        for _ in range(300):
            sentences = ["".join(chance.choices(REPORT, k=12)) for _ in range(30)]
            reprint = [
                "".join(chance.choices(REPORT, k=12)) if chance.random() < 0.06 else each
                for each in sentences
            ]
            one, other = _sketch("。".join(sentences)), _sketch("。".join(reprint))
            if same_text(one, other):
                missed += set(one.keys).isdisjoint(other.keys)
            others = ["".join(chance.choices(REPORT, k=12)) for _ in range(30)]
            chanced += not set(one.keys).isdisjoint(_sketch("。".join(others)).keys)
        assert missed <= 6
        assert chanced <= 1

    @settings(max_examples=200, deadline=None)
    @given(st.text(min_size=1, max_size=120), st.text(max_size=8))
    def test_any_text_has_keys_and_is_the_same_as_itself(self, body: str, title: str) -> None:
        body, title = ("".join(filter(str.isprintable, each)) for each in (body, f"题{title}"))
        made = _sketch(body, title)
        assert same_text(made, _sketch(body, title))
        assert made.keys
        assert all(-(2**63) <= key < 2**63 for key in made.keys)
        assert len(made.shingles) == len(set(made.shingles.tolist()))
        assert (len(made.letters) >= LEAST_LETTERS) or not len(made.shingles)


class TestManyAtOnce:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.text("溪口镇河湾灣3８aＡ，。 \U00020021", max_size=130), max_size=6))
    def test_each_has_what_it_has_character_by_character(self, bodies: list[str]) -> None:
        given_articles = [article(title="题", body=each) for each in bodies]
        for body, made in zip(bodies, sketches(given_articles), strict=True):
            letters = "".join(filter(str.isalnum, fold(body)))
            if len(letters) < LEAST_LETTERS:
                assert made.letters == f"题\n{' '.join(fold(body).split())}"
                assert (len(made.shingles), len(made.keys)) == (0, 1)
            else:
                shingles = _slow_shingles(letters)
                assert made.letters == letters
                assert made.shingles.tolist() == shingles
                assert made.keys == _slow_keys(shingles)

    def test_neighbours_and_the_end_of_a_chunk_change_nothing(self) -> None:
        chance = random.Random(7)
        bodies = [
            "\n".join(
                "".join(chance.choices(REPORT, k=60)) for _ in range(chance.choice((0, 1, 30)))
            )
            for _ in range(120)
        ]
        bodies[40] = "".join(chance.choices(REPORT, k=CHUNK + 1))
        assert sum(map(len, bodies)) > 3 * CHUNK
        together = sketches([article(title="题", body=each) for each in bodies])
        for body, made in zip(bodies, together, strict=True):
            alone = _sketch(body, "题")
            assert (made.letters, made.keys) == (alone.letters, alone.keys)
            assert made.shingles.tolist() == alone.shingles.tolist()

    def test_no_articles_have_no_sketches(self) -> None:
        assert sketches([]) == []

"""The queries that must work, each against a real Whoosh index.

What a later step must still win is marked as a strict xfail with its reason: it turns this suite red when it is won.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from indexer.store.database import open_store
from search_service.answering.search import Answer, Question
from search_service.correction.correct import Correction
from search_service.services import Services
from tests.factories import article
from tests.search_service.indexes import services
from tests.typed_queries import analyzer

TEXTS = {
    "graduate": ("毕业季", "林岚毕业于上海科技大学物理系，如今在县里教书。"),
    "alumni": ("上海大学校友会", "校友会在上海大学的礼堂里举行。"),
    "elsewhere": ("海大的船", "海大的实习船在渔港靠岸。"),
    "farming": ("春耕", "今年的农业保险来得早，农业技术员到了田头。"),
    "bank": ("新网点", "农业银行在镇上开了新网点，方便了农业大户。"),
    "soy": ("厨房里的味道", "珠江桥牌的酱油，老厨师用了三十年。"),
    "boy": ("放学路上", "小明把伞借给了同桌。"),
    "stock": ("收盘", "A股三大指数今日收涨。"),
    "wide": ("编号", "展柜的编号是ＡＢＣ１２３，旁边还有一枚旧印章。"),
    "phone-joined": ("iPhone15评测", "用了两周，说说感受。"),
    "phone-apart": ("换机", "他把旧手机换成了 iPhone 15。"),
    "phone-lower": ("二手店", "柜台里摆着一台iphone15。"),
    "phone-other": ("旧物", "抽屉里还有一台 iPhone 4。"),
    "battery": ("废旧电池回收", "7号电池请投进红色的桶里。"),
    "battery-other": ("遥控器", "遥控器要用两节5号电池。"),
    "traditional": ("臺灣軟體園區", "園區裡的軟體公司多了起來。"),
    "program": ("台湾软件业", "台湾软件公司来校招聘。"),
    "simple": ("写作课", "老师说，先写一段简单的话。"),
    "village": ("乡村振兴在路上", "村里的路灯亮了。"),
    "entry": ("词条", "词条：习近平。"),
    "emoji": ("留言簿", "最后一页写着：谢谢😀！"),
    "rare": ("老招牌", "𠮷野村口的招牌上，𠮷字少见。"),
    "tea": (
        "云溪茶会开幕",
        "茶农罗秋满带来了新茶，茶会开了三天，县里的十二个村都搬来了茶桌，山路上整天是挑着茶担、扛着板凳的人。",
    ),
    "tea-reprint": (
        "云溪茶会开幕（图）",
        "【转载】茶农罗秋满带来了新茶，茶会开了三天，县里的十二个村都搬来了茶桌，山路上整天是挑着茶担、扛着板凳的人。",
    ),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Services:
    folder = tmp_path_factory.mktemp("portal")
    with closing(open_store(f"sqlite:///{folder}/articles.sqlite3")) as store:
        store.put(article(name, title=title, body=body) for name, (title, body) in TEXTS.items())
        articles = [change.article for change in store.changes() if change.article is not None]
    return services(folder / "index", articles, engine="whoosh")


def ask(asked: Services, text: str) -> Answer:
    return asked.search(Question(text=text, size=100))


def ids(answer: Answer) -> list[str]:
    return [hit.article.id for hit in answer.hits]


def strict(answer: Answer) -> set[str]:
    """What was found without giving up a word. It comes first."""
    all_words = answer.understood.rung in ("words", "inside")
    return set(ids(answer)[: None if all_words else answer.understood.stricter])


def marked(answer: Answer, article_id: str) -> set[str]:
    hit = next(hit for hit in answer.hits if hit.article.id == article_id)
    return {part.text[a:b] for part in (hit.title, hit.snippet) for a, b in part.marks}


# Quotes, exclusion, names inside names


@pytest.mark.parametrize("text", ['"上海科技大学"', "“上海科技大学”", "「上海科技大学」"])
def test_a_quoted_name_is_found(asked: Services, text: str) -> None:
    answer = ask(asked, text)
    assert ids(answer) == ["graduate"]
    assert marked(answer, "graduate") == {"上海科技大学"}


@pytest.mark.parametrize("text", ["农业 -银行", "农业\u3000－银行", "农业 NOT 银行"])
def test_an_excluded_word_is_excluded(asked: Services, text: str) -> None:
    assert ids(ask(asked, text)) == ["farming"]


def test_a_name_is_not_cut_across_its_words(asked: Services) -> None:
    assert "海大" not in {token.text for token in analyzer().query("上海大学")}
    answer = ask(asked, "上海大学")
    assert ids(answer)[0] == "alumni"
    assert set(ids(answer)) <= {"alumni", "graduate"}


def test_a_brand_within_a_longer_one(asked: Services) -> None:
    answer = ask(asked, "珠江桥")
    assert strict(answer) == {"soy"}
    assert marked(answer, "soy") == {"珠江桥"}


def test_a_question(asked: Services) -> None:
    answer = ask(asked, "农业银行吗？")
    assert strict(answer) == {"bank"}
    assert answer.understood.ignored == ("吗",)


def test_characters_across_two_words(asked: Services) -> None:
    answer = ask(asked, "段简")
    assert strict(answer) == {"simple"}
    assert marked(answer, "simple") == {"段简"}


def test_characters_typed_together_come_before_the_same_ones_apart(tmp_path: Path) -> None:
    apart = [
        article(f"apart-{n}", title=f"段先生写简报，段先生改简报（{n}）", body="段先生，简报。" * 5)
        for n in range(12)
    ]
    together = article("together", title="写作课", body="老师说，先写一段简单的话。")
    with closing(services(tmp_path, [*apart, together], engine="whoosh")) as asked:
        answer = ask(asked, "段简")
    assert len(answer.hits) == 13
    assert answer.hits[0].article.id == "together"


# One character


@pytest.mark.parametrize(("text", "found"), [("明", "boy"), ("股", "stock"), ("𠮷", "rare")])
def test_one_character_is_found_inside_a_word(asked: Services, text: str, found: str) -> None:
    answer = ask(asked, text)
    assert found in strict(answer)
    assert marked(answer, found) == {text}


def test_a_stopword_alone_is_searched(asked: Services) -> None:
    answer = ask(asked, "的")
    assert "farming" in strict(answer)
    assert "stock" not in ids(answer)
    assert answer.understood.ignored == ()


@pytest.mark.parametrize("text", ["*", '"', "(((", "，", "“", "-", "OR", "（）", "｜", "？！……"])
def test_operators_and_punctuation_alone_are_no_error(asked: Services, text: str) -> None:
    answer = ask(asked, text)
    assert answer.understood.parsed
    for hit in answer.hits:
        assert text.lower() in f"{hit.article.title}{hit.article.lead}{hit.article.body}".lower()


def test_a_comma_is_found_as_it_stands_and_told(asked: Services) -> None:
    answer = ask(asked, "，")
    assert "soy" in ids(answer)
    assert "village" not in ids(answer)
    assert answer.understood.notes


# Width, Latin and digits


@pytest.mark.parametrize("text", ["ＡＢＣ１２３", "ABC123", "abc123", "abc 123", "１２３"])
def test_full_width_and_half_width_find_each_other(asked: Services, text: str) -> None:
    answer = ask(asked, text)
    assert strict(answer) == {"wide"}
    assert marked(answer, "wide") <= {"ＡＢＣ１２３", "１２３"}


@pytest.mark.parametrize(
    "text", ["iPhone 15", "iphone15", "iPhone15", "IPHONE 15", "ｉＰｈｏｎｅ１５"]
)
def test_a_model_is_found_with_and_without_a_blank(asked: Services, text: str) -> None:
    assert strict(ask(asked, text)) == {"phone-joined", "phone-apart", "phone-lower"}


def test_a_model_with_a_chinese_word(asked: Services) -> None:
    answer = ask(asked, "iPhone15评测")
    assert ids(answer)[0] == "phone-joined"
    assert answer.understood.stricter == 1
    assert marked(answer, "phone-joined") == {"iPhone15评测"}


def test_a_product_finds_all_its_models(asked: Services) -> None:
    phones = {name for name in TEXTS if name.startswith("phone")}
    assert strict(ask(asked, "iphone")) == phones


def test_a_number_in_a_name_is_kept(asked: Services) -> None:
    assert strict(ask(asked, "7号电池")) == {"battery"}
    assert strict(ask(asked, "5号电池")) == {"battery-other"}


# Traditional and simplified


@pytest.mark.parametrize("text", ["臺灣軟體", "台湾软体", "台灣 軟體"])
def test_traditional_text_is_found_and_marked(asked: Services, text: str) -> None:
    answer = ask(asked, text)
    assert "traditional" in strict(answer)
    assert "臺灣軟體" in marked(answer, "traditional")


@pytest.mark.parametrize("text", ["台湾软件", "臺灣軟件"])
def test_simplified_text_is_found_by_traditional_words(asked: Services, text: str) -> None:
    assert "program" in strict(ask(asked, text))


@pytest.mark.parametrize("text", ["台湾软件", "臺灣軟體"])
def test_what_each_side_calls_software_finds_the_other(asked: Services, text: str) -> None:
    answer = ask(asked, text)
    assert strict(answer) == {"program", "traditional"}
    assert marked(answer, "program") == {"台湾软件"}
    assert "臺灣軟體" in marked(answer, "traditional")


def test_quotes_mean_the_very_word(asked: Services) -> None:
    assert strict(ask(asked, '"软件"')) == {"program"}


# Misspelt and in pinyin


def test_a_misspelt_name_is_corrected(asked: Services) -> None:
    answer = ask(asked, "习进平")
    assert answer.understood.correction == Correction("习近平", applied=True)
    assert ids(answer) == ids(ask(asked, "习近平"))


def test_a_misspelt_name_that_is_insisted_on_finds_no_nonsense(asked: Services) -> None:
    assert asked.search(Question(text="习进平", correct=False)).hits == ()


@pytest.mark.parametrize("typed", ["xiangcunzhenxing", "xczx", "x", "乡cun", "乡村振"])
def test_characters_pinyin_and_initials_suggest(asked: Services, typed: str) -> None:
    assert "乡村振兴在路上" in [each.text for each in asked.suggest(typed).items]


# Reprints


def test_a_reprint_is_not_a_second_hit(asked: Services) -> None:
    assert len(ask(asked, "罗秋满").hits) == 1


# What is pasted, and characters beyond the usual


@pytest.mark.parametrize("text", [TEXTS["tea"][1] * 150, "茶会" * 2500, "x" * 5000, '"(-' * 1700])
def test_a_long_paste_is_cut_with_a_note(asked: Services, text: str) -> None:
    answer = ask(asked, text)
    assert "查询太长，只用了前 500 个字符。" in answer.understood.notes


def test_a_long_paste_finds_the_article_that_it_came_from(asked: Services) -> None:
    assert ids(ask(asked, TEXTS["tea"][1] * 150))[0] in ("tea", "tea-reprint")


def test_an_emoji_is_found(asked: Services) -> None:
    answer = ask(asked, "😀")
    assert ids(answer) == ["emoji"]
    assert marked(answer, "emoji") == {"😀"}


def test_an_emoji_that_stands_nowhere_finds_nothing(asked: Services) -> None:
    assert ask(asked, "🦀").total == 0


@pytest.mark.parametrize("text", ["𠮷野村", '"𠮷野"', "𠮷字"])
def test_characters_of_extension_b_are_found(asked: Services, text: str) -> None:
    assert strict(ask(asked, text)) == {"rare"}


@pytest.mark.parametrize("text", ["subject:茶会", "地点：茶会", "http://茶会"])
def test_an_unknown_field_is_text(asked: Services, text: str) -> None:
    answer = ask(asked, text)
    assert "tea" in ids(answer)
    assert answer.understood.parsed == text


def test_a_query_of_sixty_words(asked: Services) -> None:
    words = [f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(59)]
    answer = ask(asked, " ".join([*words, "罗秋满"]))
    assert "tea" in ids(answer)
    assert answer.understood.rung == "any"
    assert answer.understood.notes == ()

"""The editors' lists in the words of the desk: what each is called, what it does, and how its lines are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from indexer.editorial.entries import LISTS, ListName


@dataclass(frozen=True, slots=True)
class ListText:
    """What a page says of a list. ``how`` tells how its lines are written, for those who paste them."""

    name: str
    what: str
    how: str


LIST_TEXTS: Final[dict[ListName, ListText]] = {
    "synonyms": ListText(
        "同义词",
        "搜其中一个词，也能找到写着另一个词的文章。",
        "每行一组，词之间用逗号隔开：软件, 软体 互为同义；番茄 => 西红柿 只让番茄也找西红柿；-土豆, 马铃薯 表示这两个词不算同义。一行最多 32 个词。",
    ),
    "stopwords": ListText(
        "停用词",
        "搜索时略去的词，比如“请问”。文章里的字不受影响。",
        "每行一个词：请问。前面加减号的，是自带停用词里要照常搜索的词：-什么",
    ),
    "words": ListText(
        "分词词表",
        "切分文章和搜索词时当作一个词的名称，或者不许当作一个词的字串。应用以后才生效。",
        "每行一个词：晴川谷。后面可以写词频：晴川谷 2000。前面加减号的不当作一个词：-科技",
    ),
    "pins": ListText(
        "置顶",
        "搜某个词时，把一篇文章放在指定的位置。",
        "每行一条：春运 => a-1 2，后面可以写日期和 off：春运 => a-1 2 2026-01-20..2026-03-01 off。位置从 1 到 100。编号里有空格的，用双引号括起来。",
    ),
    "hides": ListText(
        "隐藏",
        "搜某个词时，不显示一篇文章。文章自己的页面还在，搜别的词也照样找得到。",
        "每行一条：春运 => a-9，后面可以写日期和 off：春运 => a-9 2026-01-20.. off",
    ),
    "picks": ListText(
        "推荐",
        "把一篇文章放进相关文章或热门文章里。",
        "每行一条：related a-1 => a-2 1 是 a-1 页面的相关文章，related => a-2 3 是所有页面的，hot => a-2 1 是热门文章。最后是位置，从 1 到 100。",
    ),
    "bans": ListText(
        "不推荐",
        "不让一篇文章出现在相关文章或热门文章里。",
        "每行一条：related a-1 => a-9、related => a-9 或 hot => a-9。related a-1 => * 让 a-1 的页面没有相关文章。",
    ),
    "blocked": ListText(
        "屏蔽词",
        "含有这个词的搜索词，不出现在联想、热搜和相关搜索里。照样可以搜。",
        "每行一个词。",
    ),
    "hot": ListText(
        "热搜",
        "排在热门搜索最前面的搜索词，按这里的顺序。",
        "每行一个搜索词，后面可以写日期：春运 2026-01-20..2026-03-01",
    ),
    "golden": ListText(
        "必查查询",
        "新的索引版本启用之前，这些搜索词的第一页必须有这些文章。",
        "每行一条：春运抢票 => a-1 a-2。最多 10 篇，编号之间用空格隔开。",
    ),
    "nothing": ListText(
        "确无内容",
        "本来就没有内容可找的搜索词，不再列进无结果查询。",
        "每行一个搜索词。",
    ),
}

WORD_LISTS: Final[tuple[ListName, ...]] = ("synonyms", "stopwords", "words", "blocked")
PLACE_LISTS: Final[tuple[ListName, ...]] = (
    "pins", "hides", "picks", "bans", "hot", "golden", "nothing"
)  # fmt: skip
SECTIONS: Final = (("词", WORD_LISTS), ("搜索词和文章", PLACE_LISTS))

assert set(LIST_TEXTS) == set(LISTS) == {*WORD_LISTS, *PLACE_LISTS}

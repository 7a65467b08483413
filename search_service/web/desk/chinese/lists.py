"""Why a line cannot be an entry of a list of the editors."""

from __future__ import annotations

from typing import Final

TEXTS: Final = {
    "{list}, {where}: {why}": "{list}，{where}：{why}",
    "{path}, line {line}: {why}": "{path} 第 {line} 行：{why}",
    "is not UTF-8: save the file as UTF-8": "不是 UTF-8 编码，请另存为 UTF-8",
    "a line that is empty or begins with # is no entry": "空行和 # 开头的行不是条目",
    "would be kept as a line that begins with {sign}, which means something else there: leave the sign away or put another word first": (
        "开头的 {sign} 在这张表里另有含义，请去掉它，或把别的词放在前面"
    ),
    "the word is missing": "没有写词",
    "{text!r}... is longer than {limit} characters": "“{text}…”超过 {limit} 个字符",
    "holds U+{code:04X}, which does not show: take it out": "里面有看不见的字符 U+{code:04X}，请去掉",
    "holds U+{code:04X}: part word and frequency by one space": "里面有字符 U+{code:04X}：词和词频之间请用一个空格隔开",
    "{text!r} has neither letter nor digit: nobody would search for it": "“{text}”里没有字，也没有数字",
    # Synonyms
    "needs two words or more, parted by commas, such as 软件, 软体 or 番茄 => 西红柿": "至少要两个词，用逗号隔开，例如 软件, 软体 或 番茄 => 西红柿",
    "needs a word on either side, such as 软件, 软体 or 番茄 => 西红柿": "=> 的两边都要有词，例如 番茄 => 西红柿",
    "has {count} words: {limit} are allowed, part it into lines": "有 {count} 个词，最多 {limit} 个，请分成几行",
    "{word!r} stands there twice: traditional and simplified, full width and half width, capitals and small letters are the same word anyway": (
        "“{word}”写了两次。繁体和简体、全角和半角、大写和小写本来就算同一个词"
    ),
    "{word!r} stands on both sides of {arrow}: take one away": "“{word}”在 {arrow} 两边都有，请去掉一个",
    # Words
    "{word!r} begins with {sign}: such a word cannot be listed": "“{word}”以 {sign} 开头，这样的词不能收进来",
    "has a frequency behind a refused word: write -{word} alone": "不当作一个词的，后面不写词频，只写 -{word}",
    "has {count} fields: a line is a word without spaces and, after one space, its frequency": "有 {count} 段。一行只写一个不带空格的词，后面可以空一格写词频",
    "frequency {digits!r} must be a whole number from 1 to {limit}, or 0 to remove the word": "词频“{digits}”不对，要是 1 到 {limit} 的整数",
    "{word!r} has {count} characters: a word has from 2 to {limit}; single ones need no entry": "“{word}”有 {count} 个字符，一个词要有 2 到 {limit} 个",
    "{word!r} has neither letter nor digit: it could never be found": "“{word}”里没有字，也没有数字",
    "{word!r} holds characters that stand for others: write {plain!r}": "“{word}”里有代替别的字的字符，请写“{plain}”",
    "{word!r} stands in line {line} already: remove one": "“{word}”在第 {line} 行已经有了，请删掉一个",
    # Articles in places
    "needs {place}, {arrow} and the id of an article, such as {example}; in a shell put the line in quotes": "要写{place}、{arrow} 和文章的编号，例如 {example}",
    "needs a query, => and the ids of articles, such as 春运抢票 => a-1 a-2; in a shell put the line in quotes": "要写搜索词、=> 和文章的编号，例如 春运抢票 => a-1 a-2",
    "names {count} articles: a first page has {limit}": "写了 {count} 篇文章，第一页只有 {limit} 篇",
    "needs a position from 1 to {last} behind the article, such as {example} 1": "文章后面要写位置，1 到 {last}，例如 {example} 1",
    "{part!r} is neither days, such as 2026-01-20..2026-03-01 or 2026-01-20.., nor off": "“{part}”不是 2026-01-20..2026-03-01 或 2026-01-20.. 这样的日期，也不是 off",
    "{text!r} names a day that does not exist ({why})": "“{text}”里有不存在的日期",
    "{text!r} ends before it begins": "“{text}”的结束早于开始",
    'the quotes around an id do not fit: one before it, one behind it, "" for each in it': '编号的引号不成对：前后各一个，编号里面的引号写成 ""',
    "{text} names no list of articles: write hot, related for every page, or related a-1 for the page of a-1": (
        "{text} 不对：请写 hot（热门）、related（所有页面的相关文章）或 related a-1（a-1 页面的相关文章）"
    ),
    "{text} names no list of articles: related takes one id, with blanks only in double quotes; in a shell put the line in quotes, or * becomes the names of files": (
        "{text} 不对：related 后面只写一个编号，编号里有空格的，用双引号括起来"
    ),
    "* only bans all related articles of one page, such as related a-1 => *": "* 只用来让一篇文章的页面没有相关文章，例如 related a-1 => *",
}  # fmt: skip

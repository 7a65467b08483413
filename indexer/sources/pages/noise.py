"""What stands on a page around an article: headings of lists, boilerplate, lines of controls.

General words of Chinese portals, and the names that they give to elements. No rule names a site.
"""

from __future__ import annotations

import re
from typing import Final

_LIST_HEADINGS: Final = (
    "(?:相关|更多|延伸|推荐|热门|热点|最新|精彩|编辑|猜你|为你|为您|大家|今日|本周|一周|图片|视频|新闻|往期|你可能|您可能|热|阅读)"
    "(?:相关|热门|热点|最新|精彩|感兴趣|还|也|都|在)*(?:的)?"
    "(?:阅读|推荐|新闻|文章|内容|资讯|报道|链接|专题|话题|喜欢|看|点击|图文|图片|视频|评论|排行|排行榜|回顾|搜索|导读|动态|消息|信息|标签|产品|头条|要闻|热点|关注|精选)+"
)
_LIST_HEADING: Final = re.compile(
    rf"[【\[《■●▪◆>|\s]*(?:{_LIST_HEADINGS}|相关|热榜|排行榜|点击排行|猜你喜欢|大家都在看|网友评论|最新评论|热门评论|全部评论|评论列表|发表评论|我要评论"
    r"|相關閱讀|相關新聞|延伸閱讀|推薦閱讀|熱門文章|最新文章|猜你喜歡)(?:\s*(?:TOP\s*\d*|榜))?[】\]》\s:：>»…|]*(?:更多|换一换|more)?[\s>»]*",
    re.I,
)
"""The heading of a list of other articles, as a whole line."""

ELEMENT_NAME: Final = re.compile(
    r"(?:^|[-_\s])(?:relat(?:e|ed|ion)|relevant|recommend(?:ed|s|ation)?|xiangguan|tuijian|xgyd|comments?|pinglun|share|sharing|fenxiang|bdshare\w*"
    r"|sidebar|aside|footer?|bottom-?bar|copyright|breadcrumbs?|crumbs?|navbar|nav|menu|toolbar|pagination|pager|pagebar|prev(?:-?next)?|next"
    r"|shangyipian|xiayipian|advert(?:isement)?s?|ads?|adbox|guanggao|qr-?code|erweima|ewm|login|popup|dialog|modal|disclaimer|shengming|statement"
    r"|hot(?:-?(?:news|list|article|topic|rank)s?)?|rank(?:ing|list)?|paihang|latest|newest)(?:$|[-_\s])",
    re.I,
)
"""A class or an id of what is not the article."""

_BOILERPLATE: Final = re.compile(
    r"[【（(\[『「*※▲■\s]*(?:"
    r"(?:特别|免责|版权|郑重|重要|法律|风险|温馨|本网|本站|郑重)?(?:声明|提示|免责|说明|版权所有)[】）)\]』」]?\s*(?:[:：】]|$)"
    r"|(?:本文|文章|以上|本站|本网|平台|图片|内容|网友|上述|文中)[^。]{0,40}(?:仅代表|不代表|并不表明|不构成|仅供参考|仅供其|如有侵权|来自网络|源于网络|来源网络|版权归)"
    r"|(?:Notice|Copyright|Powered by|All rights)\b|[^。]{0,30}©"
    r"|(?:[^。]{0,60}(?:ICP[备证]|公网安备|All Rights Reserved)|[^。]{0,20}版权所有)"
    r"|(?:未经|如需|欢迎|禁止|转载|凡)[^。]{0,20}(?:授权|转载|注明|联系)[^。]{0,60}。?$"
    r"|(?:关注|扫描|扫一扫|扫码|长按|微信扫|识别|点击|打开|下载|更多)[^。]{0,20}(?:二维码|公众号|手机|微信|微博|客户端|APP|原文|关注|专题|下载|精彩|菜单|更多)[^。]{0,40}[。！!]?$"
    r"|(?:觉得|如果您?觉得|喜欢)[^。]{0,20}(?:点赞|分享|转发|收藏|在看)[^。]{0,20}$"
    r"|[^。]{0,12}(?:举报(?:电话|邮箱)|意见反馈|报料(?:热线|电话)?|客服(?:热线|电话)|投稿邮箱)[^。]{0,60}$"
    r"|(?:END|完)$|[-—=·*_]{4,}|[-—=·*_\s]{3,}$)",
    re.I,
)
"""A line of boilerplate, such as stand below an article: rights, warnings, invitations to follow."""

EDITED: Final = r"(?:责任编辑|责编|网络编辑|收集编辑|执行编辑|值班编辑|本期编辑|编辑|编审|审核|初审|复审|终审|校对|监制|签发|录入)"
_BEGINS: Final = r"[【\[（(|｜·•>»《<\s]*"
_ENDS: Final = r"(?=$|[\s:：】\]）)|｜/／（(\[【\d>»︱丨])"
_END: Final = re.compile(
    rf"{_BEGINS}(?:{EDITED}|本文来源|文章来源|信息来源|稿件来源|来源|稿源|原文链接|上一(?:篇|条|页)|下一(?:篇|条|页)|上篇|下篇|返回(?:首页|列表|顶部|目录)?|打印(?:本页|此页|文章)?"
    r"|关闭(?:窗口|本页|页面)?|收藏(?:本文)?|点赞|举报|纠错|分享(?:到|至)?|分享让更多人看到|我要(?:纠错|分享|评论|反馈)|展开(?:全文)?|收起|阅读(?:全文|原文)|查看(?:更多|全文|原文)|点击(?:加载)?更多"
    r"|(?:文章)?(?:标签|关键词|关键字)|评论|参与(?:评论|互动)?|我的跟贴|顶一下|踩一下|扫一扫|热词|发表评论|更多)\s?"
    + _ENDS
)
"""The beginning of a short line that stands below an article: who edited it, where to go next."""
_FACTS: Final = re.compile(
    rf"{_END.pattern}|{_BEGINS}(?:作者|记者|撰文|时间|日期|发布|发布(?:时间|日期|于)|发表于|更新(?:时间|于)?|来源于|浏览(?:次数|量)?|点击(?:数|率|次数)?|阅读(?:数|量|次数)?|人气|字号|字体|大|中|小|微信|微博|QQ空间|朋友圈|Qzone|原创|订阅|已?关注"
    rf"|(?:当前|现在|所在|您的|您现在的|您所在的|您当前的|您的当前)*位置|首页|正文){_ENDS}"
    r"|\W*\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}(?!\d(?!\d?:)).{0,60}$|[\d\W]{1,12}$|[\dA-Za-z+\W]{1,6}$",
    re.I,
)
"""The beginning of a short line that stands between the title of an article and its text."""
_LONGEST_CONTROL: Final = 80
"""Characters of such a line. A paragraph that begins with one of these words is longer."""
_LONGEST_LIST_HEADING: Final = 16
_MOST_BOILERPLATE: Final = 500
"""Characters at the beginning of a line that are looked at. The patterns above look at no more than 150."""


def is_list_heading(text: str) -> bool:
    """Whether a line is the heading of a list of other articles."""
    return len(text) <= _LONGEST_LIST_HEADING and _LIST_HEADING.fullmatch(text) is not None


def is_boilerplate(text: str) -> bool:
    """Whether a line is about the site, not about the subject of an article."""
    return _BOILERPLATE.match(text[:_MOST_BOILERPLATE]) is not None


def ends_article(text: str) -> bool:
    """Whether a line stands below articles."""
    control = len(text) <= _LONGEST_CONTROL and _END.match(text) is not None
    return control or is_boilerplate(text) or is_list_heading(text)


def is_fact(text: str) -> bool:
    """Whether a line begins with a fact or a control, such as stand between the title of an article and its text."""
    return len(text) <= _LONGEST_CONTROL and _FACTS.match(text) is not None


def is_label(text: str) -> bool:
    """Whether a text is nothing but the name of a fact or a control."""
    return len(text) <= _LONGEST_CONTROL and _FACTS.fullmatch(text) is not None


_TIME: Final = re.compile(
    r"(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?[\sT]*\d{1,2}[:：]\d\d"
)


def gives_time(text: str) -> bool:
    """Whether a line no longer than one of facts has a date with the time of day, as no paragraph begins."""
    return len(text) <= _LONGEST_CONTROL and _TIME.search(text) is not None


def is_number(text: str) -> bool:
    """Whether a line is a count: figures and signs."""
    return re.fullmatch(r"[\W\d_]{1,12}", text) is not None

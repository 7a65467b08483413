"""The Chinese names of what may stand in a sentence, by what the sentence calls it; and reasons that come from elsewhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import Final

from indexer.article import ATTRIBUTE_RULE, ID_RULE
from indexer.promotion_checks import CheckName
from search_service.web.desk.layout import KIND_NAMES, PHASE_NAMES
from search_service.web.desk.list_names import LIST_TEXTS

FIELD_NAMES: Final[dict[str, str]] = {
    "id": "编号",
    "url": "网址",
    "title": "标题",
    "lead": "导语",
    "body": "正文",
    "channel": "频道",
    "channels": "其他频道",
    "source": "来源",
    "author": "作者",
    "editor": "责任编辑",
    "tags": "标签",
    "site": "站点",
    "image_url": "图片网址",
    "published_at": "发布时间",
    "updated_at": "更新时间",
    "expires_at": "过期时间",
    "status": "状态",
    "attributes": "其他属性",
}
CHECK_NAMES: Final[Mapping[CheckName, str]] = {
    "count": "文章数",
    "checksums": "文件完好",
    "golden": "必查查询",
    "zero hits": "无结果比例",
    "own titles": "按标题能找到",
    "overlap": "首页结果重合",
}

_FILES: Final = {
    "JSON": " JSON",
    "a table (CSV)": "表格（CSV）",
    "a workbook": "工作簿（Excel）",
    "a page (HTML)": "网页（HTML）",
    "a feed (RSS or Atom)": "订阅源（RSS 或 Atom）",
    "a folder": "文件夹",
    "a database": "数据库",
    "a PDF": " PDF",
    "an SQLite database": " SQLite 数据库",
    "an RTF document": " RTF 文档",
    "a picture (PNG)": "图片（PNG）",
    "a picture (JPEG)": "图片（JPEG）",
    "a picture (GIF)": "图片（GIF）",
    "a picture (BMP)": "图片（BMP）",
    "a picture (TIFF)": "图片（TIFF）",
    "a picture, a sound or a film (RIFF)": "图片、声音或视频（RIFF）",
    "a sound (MP3)": "声音（MP3）",
    "packed with bzip2": "用 bzip2 压缩的",
    "packed with xz": "用 xz 压缩的",
    "packed with zstd": "用 zstd 压缩的",
    "packed with 7-Zip": "用 7-Zip 压缩的",
    "packed with RAR": "用 RAR 压缩的",
    "an empty zip archive": "空的 zip 压缩包",
    "a Parquet file": " Parquet 文件",
    "a program": "程序",
    "a web archive (MHTML)": "网页存档（MHTML）",
    "a Word document": " Word 文档",
    "a PowerPoint presentation": " PowerPoint 演示文稿",
    "an OpenDocument file without sheets": "没有工作表的 OpenDocument 文件",
    "a book (EPUB)": "电子书（EPUB）",
    "protected by a password": "用密码保护的",
}

NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "field": FIELD_NAMES,
    "check": dict(CHECK_NAMES.items()),
    "phase": PHASE_NAMES,
    "list": {name: text.name for name, text in LIST_TEXTS.items()},
    "state": {"missing": "稿库缺的", "stale": "内容不同的", "orphaned": "来源已没有的"},
    "type": {
        "str": "文字",
        "int": "整数",
        "float": "小数",
        "bool": "真假值",
        "list": "列表",
        "dict": "对象",
        "NoneType": "空值",
        "bytes": "二进制数据",
        "date": "日期",
        "datetime": "时间",
    },
    "unit": {"hour": "时", "minute": "分", "second": "秒"},
    "rule": {
        ID_RULE: " 1 到 256 个字节的可见文字，不能是 . 或 ..",
        ATTRIBUTE_RULE: " 1 到 128 个英文字母、数字或 . _ ~ -",
    },
    "place": {**dict(KIND_NAMES.items()), "a query": "搜索词", "a list of articles": "放在哪里"},
    "age": {"an older": "旧版本", "a newer": "更新版本"},
    "advice": {
        "make room on its disk": "腾出磁盘空间",
        "set its owner": "检查这个文件夹的权限",
    },
    "what": _FILES,
    "wanted": _FILES,
    "fix": {
        "save the sheet as CSV (UTF-8)": "把工作表另存为 CSV（UTF-8）",
        "save its text as a page, or export the articles from where they were written": "把文字另存为网页，或从写稿的系统里导出",
        "read it by its URL, such as sqlite:///news.sqlite3, with --table or --query": "请管理员在服务器上用命令导入",
        "save it as a page (HTML)": "另存为网页（HTML）",
        "save the page as HTML": "把网页另存为 HTML",
        "it holds no text": "换一个有文字的文件",
        "unpack it first": "先解开",
        "pack the files again": "重新压缩",
        "export it as CSV or JSON": "导出成 CSV 或 JSON",
        "export the articles as JSON or CSV": "把文章导出成 JSON 或 CSV",
        "save it without one": "去掉密码再保存",
        "unpack it, and give one file": "解开，选一个文件",
        "unpack it, and give the folder of its pages": "解开，把里面的网页压成 zip",
    },
}  # fmt: skip
"""By the name of the fact. What has no name here is shown as it is."""

WHYS: Final[Mapping[str, str]] = {
    **{
        os.strerror(number): text
        for number, text in (
            (errno.ENOSPC, "磁盘满了"),
            (errno.EDQUOT, "超出磁盘配额"),
            (errno.ENOENT, "没有这个文件或文件夹"),
            (errno.EACCES, "没有权限"),
            (errno.EPERM, "没有权限"),
            (errno.EROFS, "磁盘是只读的"),
            (errno.EIO, "磁盘读写出错"),
            (errno.EISDIR, "是一个文件夹"),
            (errno.ENOTDIR, "不是文件夹"),
            (errno.EMFILE, "打开的文件太多"),
        )
    },
    # The decoder of JSON
    "Expecting value": "这里应该有一个值",
    "Expecting ',' delimiter": "这里少了一个逗号，或者前面的引号、括号不对",
    "Expecting ':' delimiter": "这里少了一个冒号",
    "Expecting property name enclosed in double quotes": "这里应该是双引号括起来的名称",
    "Illegal trailing comma before end of object": "最后一项后面多了一个逗号",
    "Illegal trailing comma before end of array": "最后一项后面多了一个逗号",
    "Extra data": "后面多出了内容",
    "Unterminated string starting at": "引号没有收尾",
    "Invalid control character at": "引号里有换行或控制字符，要写成 \\n 这样",
    "Invalid \\escape": "反斜杠后面的字符不对",
    "Invalid \\uXXXX escape": "\\u 后面要有四位十六进制数",
    # Packed files
    "File is not a zip file": "不是 zip 文件，或者不完整",
    "Compressed file ended before the end-of-stream marker was reached": "压缩的内容没有到头",
    # The process that reads workbooks
    "is protected by a password: save it without one": "用密码保护，请去掉密码再保存",
}
"""Reasons of the operating system and of packages."""

"""What all pages of the desk share in their templates: the navigation, names, times, sizes and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import g, request, url_for

from indexer.store.accounts import Role
from indexer.store.jobs import Kind, State
from search_service.desk.actions import NAMES

ROLE_NAMES: Final[Mapping[Role, str]] = {"editor": "编辑", "admin": "管理员"}

SECTIONS: Final[tuple[tuple[str, tuple[tuple[str, str, Role], ...]], ...]] = (
    ("", (("desk.overview", "概览", "editor"),)),
    (
        "编辑",
        (
            ("desk.queries", "查询", "editor"),
            ("desk.lists", "词表", "editor"),
            ("desk.articles", "文章", "editor"),
        ),
    ),
    (
        "索引",
        (
            ("desk.rebuilds", "重建", "admin"),
            ("desk.generations", "版本", "admin"),
            ("desk.jobs", "任务", "admin"),
            ("desk.imports", "导入", "admin"),
        ),
    ),
    (
        "管理",
        (
            ("desk.keys", "密钥", "admin"),
            ("desk.accounts", "账号", "admin"),
            ("desk.audit", "记录", "admin"),
        ),
    ),
)
"""The navigation: groups of pages, each with its endpoint, its name, and who may see it."""

KIND_NAMES: Final[Mapping[Kind, str]] = {
    "import": "导入",
    "reconcile": "核对",
    "rebuild": "重建",
    "promote": "启用",
    "rollback": "退回",
    "words": "应用分词词表",
    "preview": "预览分词词表",
    "check": "检查",
    "regroup": "查找重复",
}

ARGUMENT_NAMES: Final[Mapping[str, str]] = {
    "file": "文件",
    "uploaded": "上传的文件",
    "source": "来源",
    "of_source": "来源的选项",
    "rejects": "不合格的记录存到",
    "mapping": "字段对照",
    "channels": "频道对照表",
    "markup": "按网页（HTML）读的字段",
    "hook": "处理程序",
    "hook_folder": "处理程序所在目录",
    "deleted": "哪些记录表示删除",
    "strict": "有一个值不合格就不收这篇文章",
    "changes_only": "只读上次以后的改动",
    "only": "只核对",
    "apply": "发现不同就改正",
    "promote": "完成后启用",
    "generation": "版本",
    "force": "不管检查结果",
}
"""The arguments of jobs."""

STATE_NAMES: Final[Mapping[State, str]] = {
    "queued": "排队中",
    "running": "进行中",
    "succeeded": "已完成",
    "failed": "失败",
    "cancelled": "已取消",
}

PHASE_NAMES: Final[Mapping[str, str]] = {
    "import": "读入文章",
    "reconcile": "核对文章",
    "scan": "收集新词",
    "index": "写入索引",
    "catch up": "补上新改动",
    "check": "检查",
    "compare": "与线上版本比较",
    "promote": "启用",
    "rollback": "退回",
    "words": "应用分词词表",
    "preview": "预览分词词表",
    "regroup": "查找重复",
}
"""The phases of jobs. One without a name is shown as the runner calls it."""

OF_INDEX: Final = frozenset(("rebuild", "promote", "rollback", "words"))
"""The kinds of jobs that make a generation, or make another one live."""

_UNITS: Final = ("B", "KB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Link:
    """A page in the navigation. ``current``: it is shown, or one of its pages is."""

    url: str
    name: str
    current: bool


def navigation() -> list[tuple[str, list[Link]]]:
    """The groups of pages that this session may see."""
    role = g.session.account.role
    groups = []
    for heading, pages in SECTIONS:
        seen = [
            Link(url_for(endpoint), name, _is_current(url_for(endpoint)))
            for endpoint, name, needed in pages
            if role in ("admin", needed)
        ]
        if seen:
            groups.append((heading, seen))
    return groups


def _is_current(url: str) -> bool:
    here = f"{request.script_root}{request.path}"
    return here == url or (here.startswith(f"{url}/") and url != url_for("desk.overview"))


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars over days, as the macro ``plot`` draws them: a name, a value and a text for each bar. ``summary`` says it in words.

    ``warm``: the more, the worse.
    """

    name: str
    summary: str
    bars: Sequence[tuple[str, float, str]]
    warm: bool = False

    WIDTH = 100.0
    HEIGHT = 40.0

    def drawn(self) -> list[dict[str, Any]]:
        """The bars as rectangles in a box of WIDTH by HEIGHT."""
        most = max((value for _, value, _ in self.bars), default=0.0) or 1.0
        step = self.WIDTH / max(1, len(self.bars))
        return [
            {
                "x": round(at * step + step * 0.1, 2),
                "y": round(self.HEIGHT - self.HEIGHT * value / most, 2),
                "width": round(step * 0.8, 2),
                "height": round(self.HEIGHT * value / most, 2),
                "name": name,
                "text": text,
            }
            for at, (name, value, text) in enumerate(self.bars)
        ]


def size_text(size: float | None) -> str:
    """A number of bytes: 1.2 GB; 未知 if it is not known."""
    if size is None:
        return "未知"
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"


def duration_text(seconds: float) -> str:
    """A length of time: 45 秒, 3 分 20 秒, 2 小时 5 分."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} 秒"
    if whole < 3600:
        return f"{whole // 60} 分 {whole % 60} 秒"
    return f"{whole // 3600} 小时 {whole % 3600 // 60} 分"


def desk_values(zone: ZoneInfo) -> dict[str, Any]:
    """What the templates of the desk may use."""

    def moment(time: datetime | str | None) -> str:
        """A time to the second, also one in the form of ISO 8601."""
        if not time:
            return ""
        given = datetime.fromisoformat(time) if isinstance(time, str) else time
        return given.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")

    return {
        "navigation": navigation,
        "moment": moment,
        "size_text": size_text,
        "duration_text": duration_text,
        "action_name": lambda code: NAMES.get(code, code),
        "role_names": ROLE_NAMES,
        "kind_names": KIND_NAMES,
        "argument_names": ARGUMENT_NAMES,
        "of_index": OF_INDEX,
        "state_names": STATE_NAMES,
        "phase_names": PHASE_NAMES,
    }

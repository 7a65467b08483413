"""What can be done at the desk and is noted in its log: a code for the database, and what people call it."""

from __future__ import annotations

from typing import Final, Literal, get_args

Action = Literal[
    "session.begin",
    "session.end",
    "password.change",
    "password.reset",
    "account.make",
    "account.invite",
    "account.role",
    "account.disable",
    "account.enable",
    "key.create",
    "key.revoke",
    "job.start",
    "job.cancel",
    "import.upload",
    "list.add",
    "list.remove",
    "list.replace",
    "article.withdraw",
    "article.publish",
    "article.delete",
    "backup.restore",
]

NAMES: Final[dict[Action, str]] = {
    "session.begin": "登录",
    "session.end": "退出",
    "password.change": "修改密码",
    "password.reset": "重设密码",
    "account.make": "建立账号",
    "account.invite": "发出邀请",
    "account.role": "调整角色",
    "account.disable": "停用账号",
    "account.enable": "恢复账号",
    "key.create": "新建密钥",
    "key.revoke": "撤销密钥",
    "job.start": "提交任务",
    "job.cancel": "取消任务",
    "import.upload": "上传文件",
    "list.add": "写入词表",
    "list.remove": "从词表删除",
    "list.replace": "整张替换词表",
    "article.withdraw": "撤下文章",
    "article.publish": "重新发布文章",
    "article.delete": "删除文章",
    "backup.restore": "恢复备份",
}
"""The names of the actions, in the order in which they are offered."""

assert tuple(NAMES) == get_args(Action)

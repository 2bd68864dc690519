"""The documentation's page of the lifecycle: `python -m tests.alerts.lifecycle_page` writes docs/lifecycle.md.

The table is the docstring of `alerts.lifecycle`, which a test holds against the code that decides.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

from alerts import lifecycle
from alerts.allowed import ROLES
from alerts.repeating import RECORDED
from alerts.vocabulary import CommandType
from huiying.core.messages import text
from huiying.core.model import Role

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"
HEAD = """# 生命周期 The lifecycle

<!-- written by python -m tests.alerts.lifecycle_page -->

## 中文

下表由程序生成：每一步谁可以做，记下哪些处置记录。缺什么条件，拒绝时用一句话说明；条件列在英文表中。责任单位的步骤，值班员可以代录，并写明代谁。

| 步骤 | 谁 | 处置记录 |
|---|---|---|
"""


def page() -> str:
    """Return the page."""
    table, rest = (lifecycle.__doc__ or "").split("\n\n", 2)[1:]
    rows = "\n".join(_row(type) for type in CommandType)
    return f"{HEAD}{rows}\n\n## English\n\n```text\n{table}\n```\n\n{rest.strip()}\n"


def _row(type: CommandType) -> str:
    may = "、".join(text(f"role.{role}", "zh") for role in Role if role in ROLES[type])
    records = "、".join(f"{text(f'event.{event}', 'zh')} `{event}`" for event in RECORDED[type][0])
    return f"| {_commands()[str(type)]} `{type}` | {may} | {records} |"


@cache
def _commands() -> dict[str, str]:
    written = (resources.files("alerts.web") / "messages" / "zh.toml").read_text(encoding="utf-8")
    names: dict[str, str] = tomllib.loads(written)["command"]
    return names


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

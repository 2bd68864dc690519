"""The demonstration desk's folder and its accounts: invented units, simple passwords, for this machine only."""

from __future__ import annotations

import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from huiying.core.config_text import DESK_FILES, MACHINE_FILE
from huiying.core.model import Role


class DemoAccount(NamedTuple):
    """An account that the demonstration prints on the terminal; nobody real has it."""

    login: str
    password: str
    name: str
    role: Role
    unit: str | None


ACCOUNTS = (
    DemoAccount("zhiban", "yanshi-zhiban", "值班员（演示）", Role.DUTY, None),
    DemoAccount("danwei", "yanshi-danwei", "水务局经办（演示）", Role.UNIT, "shuiwu"),
    DemoAccount("zhuren", "yanshi-zhuren", "值班主任（演示）", Role.SUPERVISOR, None),
    DemoAccount("fuzhuren", "yanshi-fuzhuren", "值班副主任（演示）", Role.SUPERVISOR, None),
    DemoAccount("shenji", "yanshi-shenji", "审计员（演示）", Role.AUDITOR, None),
    DemoAccount("admin", "yanshi-admin", "管理员（演示）", Role.ADMINISTRATOR, None),
)


def unit_accounts() -> list[DemoAccount]:
    """Return an account for each unit that has none among ACCOUNTS: whoever answered in the past quarter."""
    units = tomllib.loads((_folder("units.toml") / "units.toml").read_text(encoding="utf-8"))["units"]
    known = {account.unit for account in ACCOUNTS}
    return [
        DemoAccount(unit["id"], f"yanshi-{unit['id']}", f"{unit['name']}经办（演示）", Role.UNIT, unit["id"])
        for unit in units
        if unit["id"] not in known
    ]


def desk_texts(port: int) -> dict[str, str]:
    """Return the demonstration desk's files by name; its outlets are at `port`."""
    return {
        name: (_folder(name) / name).read_text(encoding="utf-8").replace("{port}", str(port))
        for name in (MACHINE_FILE, *DESK_FILES)
    }


def _folder(name: str) -> Traversable:
    """Return where a file lies: topics and policy are the ones that every new desk is given."""
    given = {"topics.toml": "pipeline", "policy.toml": "alerts"}
    return resources.files(given[name]) / "data" if name in given else resources.files("huiying.example") / "desk"


def make_desk(folder: Path, port: int) -> None:
    """Write the demonstration desk into `folder`; `port` is the invented sites'. A file that exists stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in desk_texts(port).items():
        if not (folder / name).exists():
            (folder / name).write_text(text, encoding="utf-8")

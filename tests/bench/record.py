"""Writes what a benchmark measured into docs/benchmarks.md, under its own heading, with the date and the versions."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_TITLE = "# 测量 Benchmarks\n\n每张表由写在表上的命令写出。 Each table is written by the command above it.\n"


def machine() -> str:
    """Return how many cores and how much memory this machine has."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB"


def record(
    heading: str, intro: str, columns: Sequence[str], rows: Sequence[Sequence[str]], packages: Sequence[str]
) -> None:
    """Replace the section `heading`; `packages` are those whose versions matter."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    stamp = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {versions}; {machine()}."
    table = ["| " + " | ".join(line) + " |" for line in (columns, ["---"] * len(columns), *rows)]
    section = "\n".join((f"## {heading}", "", intro, stamp, "", *table, ""))
    written = PAGE.read_text(encoding="utf-8") if PAGE.exists() else _TITLE
    whole = re.compile(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if whole.search(written):
        written = whole.sub(lambda _: section + "\n", written)
    else:
        written = f"{written.rstrip()}\n\n{section}"
    PAGE.write_text(written.rstrip() + "\n", encoding="utf-8")

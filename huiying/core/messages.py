"""Sentences for people, from TOML catalogues: `messages/zh.toml` and `messages/en.toml` in each package.

A key is looked up in every registered catalogue; a missing key is an error in tests and shows as itself on the screen.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("zh", "en")
PACKAGES = ("huiying", "crawlers", "pipeline", "alerts", "alerts.reports", "alerts.web")


def _flatten(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat |= _flatten(value, f"{name}.")
        else:
            flat[name] = str(value)
    return flat


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return every sentence of `language`, by dotted key, over all packages."""
    sentences: dict[str, str] = {}
    for package in PACKAGES:
        file = resources.files(package) / "messages" / f"{language}.toml"
        if file.is_file():
            sentences |= _flatten(tomllib.loads(file.read_text(encoding="utf-8")))
    return sentences


def text(key: str, language: str = "zh", /, **fields: object) -> str:
    """Return the sentence `key` in `language` with `fields` put in; the key itself where none is known."""
    found = catalogue(language).get(key)
    if found is None:
        return key if not fields else f"{key} {fields}"
    return found.format_map(fields) if fields else found

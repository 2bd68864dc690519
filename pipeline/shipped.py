"""What comes with the project of topics, contexts and severities: pipeline/data/topics.toml, written as a desk's."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from huiying.core.config_text import read_lists
from huiying.core.topic_rules import Context, Severity, TopicRule


@cache
def _lists() -> dict[str, tuple[Any, ...]]:
    return read_lists("topics.toml", shipped_text())


def shipped_text() -> str:
    """Return the file's text, from which a new desk begins."""
    return (resources.files("pipeline") / "data" / "topics.toml").read_text(encoding="utf-8")


def shipped_topics() -> tuple[TopicRule, ...]:
    """Return the twenty-five topics."""
    return _lists()["topics"]


def shipped_contexts() -> tuple[Context, ...]:
    """Return the contexts in which words say nothing."""
    return _lists()["contexts"]


def shipped_severity() -> tuple[Severity, ...]:
    """Return the counts that raise a level."""
    return _lists()["severity"]

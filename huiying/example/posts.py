"""The posts and responses written for the demonstration, read from `posts/*.toml` and `responses.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Written:
    """One post. It stands since `hours` before the start, or is the `turn`-th published while the demonstration runs,
    or was published in the played quarter: on its `day`, the quarter's first being 1, at the office's `time`.

    `topic` and `place` name the problem that it reports; ordinary news has neither. `near` says why it only looks like
    one, `reprint` and `follows` which post it copies or takes up again. A reprint that says no text has the other's;
    `first` and `last` stand for that one's first and last paragraph.
    """

    id: int
    outlet: str
    title: str
    text: tuple[str, ...]
    hours: float | None = None
    turn: int | None = None
    day: int | None = None
    time: str = ""
    topic: str | None = None
    place: str | None = None
    near: str | None = None
    reprint: int | None = None
    follows: int | None = None

    def at(self, first: date) -> datetime:
        """Return when a post of the played quarter is published, where that begins on `first`."""
        return office_time(first, self.day or 1, self.time)


@dataclass(frozen=True, slots=True)
class Response:
    """A page that the county may publish on the problem of `post`: `kind` is "reply" or "outcome".

    `outlet` is the official site that it belongs on: all are edited on the county government's.
    """

    post: int
    kind: str
    title: str
    text: tuple[str, ...]
    outlet: str = "yunze-gov"


@cache
def written() -> tuple[Written, ...]:
    """Return every post that stands at the start or comes after it, in the files' order."""
    return tuple(post for post in all_posts() if post.day is None)


@cache
def ordinary() -> tuple[Written, ...]:
    """Return every post of the played quarter that is none of its problems, in the files' order."""
    return tuple(post for post in all_posts() if post.day is not None)


@cache
def responses() -> tuple[Response, ...]:
    """Return every response in the file's order."""
    return tuple(Response(**entry | {"text": paragraphs(entry["text"])}) for entry in _entries("responses"))


def paragraphs(text: str) -> tuple[str, ...]:
    """Return the lines of `text` that hold something, without blanks around them."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def office_time(first: date, day: int, clock: str) -> datetime:
    """Return the instant of `clock` (hh:mm, the office's) on the `day`-th day from `first`, which is 1."""
    return datetime.combine(first + timedelta(days=day - 1), time.fromisoformat(clock), ZONE)


@cache
def all_posts() -> tuple[Written, ...]:
    """Return every post of `posts/`, by file name and order."""
    files = sorted((resources.files("huiying.example") / "posts").iterdir(), key=lambda file: file.name)
    entries = [entry for file in files for entry in tomllib.loads(file.read_text(encoding="utf-8"))["posts"]]
    texts = {entry["id"]: paragraphs(entry["text"]) for entry in entries if "text" in entry}
    return tuple(Written(**_fields(entry), text=texts.get(entry["id"]) or _copied(entry, texts)) for entry in entries)


def _fields(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in ("text", "first", "last")}


def _copied(entry: dict[str, Any], texts: dict[int, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the text of the post that `entry` reprints, with its own first and last paragraph where it says some."""
    lines = list(texts[entry["reprint"]])
    if "first" in entry:
        lines[0] = entry["first"]
    if "last" in entry:
        lines[-1] = entry["last"]
    return tuple(lines)


def _entries(name: str) -> Iterable[dict[str, Any]]:
    file = resources.files("huiying.example") / f"{name}.toml"
    entries: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))[name]
    return entries

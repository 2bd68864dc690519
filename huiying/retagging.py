"""What a changed list of topics would have tagged: the posts of the last days, by the recorded list and by the new one.

FILE ─ read, as topics.toml of the recorded desk ─► tagger ┐
ledger's newest ─► tagger ─────────────────────────────────┴ index, newest first ─► post by post ─► added │ removed
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from huiying.check import errors
from huiying.core.config import Desk
from huiying.core.config_text import read_desk
from huiying.core.errors import ConfigError
from huiying.core.model import Post
from huiying.core.ports import Query
from huiying.recorded import Recorded
from huiying.wiring import Runtime
from pipeline.steps import topic_tagger
from pipeline.topics import Looked

_FILE = "topics.toml"
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Change:
    """A topic that a post gains or loses, with the words that gave it and, where it is known, what strikes them now."""

    post: Post
    topic: str
    added: bool
    words: tuple[tuple[str, str, int, int], ...]
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """How many posts were looked at, and what changes, the newest post first; `desk` is the one with the new list."""

    desk: Desk
    posts: int
    changes: tuple[Change, ...]


def try_topics(runtime: Runtime, file: Path, days: int) -> Tried:
    """Tag the posts of the last `days` by `file` and by the recorded list. What is wrong in it is a ConfigError."""
    recorded = Recorded(runtime.ledger)
    _, now_in_force = recorded()
    desk = read_changed(dict(recorded.texts()), file)
    before, after = topic_tagger(now_in_force), topic_tagger(desk)
    posts, changes = 0, []
    for post in _posts(runtime, days):
        posts += 1
        changes += compared(post, before.look(post.title, post.text), after.look(post.title, post.text))
    return Tried(desk, posts, tuple(changes))


def read_changed(texts: dict[str, str], file: Path) -> Desk:
    """Return the recorded desk with `file` as its topics.toml; what is wrong in it is said of `file`."""
    try:
        texts[_FILE] = file.read_text(encoding="utf-8")
    except FileNotFoundError as cause:
        raise ConfigError("config_missing", file=str(file)) from cause
    except (OSError, UnicodeDecodeError) as cause:
        raise ConfigError("config_unreadable", file=str(file), detail=str(cause)) from cause
    try:
        desk = read_desk(texts)
        for wrong in errors(desk):
            raise wrong
    except ConfigError as wrong:
        if wrong.fields.get("file") != _FILE:
            raise
        raise ConfigError(wrong.code, **{**wrong.fields, "file": str(file)}) from wrong
    return desk


def _posts(runtime: Runtime, days: int) -> Iterator[Post]:
    index, since = runtime.index(writer=False), runtime.clock.now() - timedelta(days=days)
    after: str | None = None
    while True:
        page = index.search(Query(since=since, limit=_PAGE, after=after))
        yield from page.posts
        if page.next is None:
            return
        after = page.next


def compared(post: Post, before: Looked, after: Looked) -> list[Change]:
    """Return the topics that `post` gains, then those that it loses with the first thing now said against them."""
    had, has = {hit.topic: hit for hit in before.hits}, {hit.topic: hit for hit in after.hits}
    said = {one.topic: one for one in reversed(after.struck)}
    gained = [Change(post, topic, True, hit.words) for topic, hit in has.items() if topic not in had]
    lost = [
        Change(post, topic, False, hit.words, *((said[topic].reason, said[topic].by) if topic in said else ()))
        for topic, hit in had.items()
        if topic not in has
    ]
    return gained + lost

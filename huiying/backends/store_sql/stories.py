"""Stories: an inverted index from fingerprints to posts, and the story each post was given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

from sqlalchemy import Connection, Engine, and_, delete, func, insert, select, update

from huiying.backends import sql
from huiying.backends.store_sql.tables import FINGERPRINTS, STORIES
from huiying.core.states import Candidate

_CAP = 20  # a clause held by more posts is boilerplate; measured in the project's notes on near-duplicates
_IN = 500


class SqlStories:
    """See `huiying.core.states.Stories`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def assign(
        self,
        post: str,
        fingerprints: Sequence[int],
        day: date,
        since: date,
        choose: Callable[[Sequence[Candidate]], str | None],
    ) -> str:
        """Return the story of `post`, chosen once under the lock of stories."""
        prints = sorted({_signed(number) for number in fingerprints})
        with sql.writing(self._engine, "store", alone="stories") as connection:
            story = connection.execute(select(STORIES.c.story).where(STORIES.c.post == post)).scalar()
            chosen = choose(_candidates(connection, post, prints, since))
            if story is None:
                story = chosen or post
                row = {"post": post, "story": story, "day": day.isoformat(), "size": len(prints)}
                connection.execute(insert(STORIES).values(row))
            else:
                connection.execute(update(STORIES).where(STORIES.c.post == post).values(size=len(prints)))
                connection.execute(delete(FINGERPRINTS).where(FINGERPRINTS.c.post == post))
            if prints:
                rows = [{"fingerprint": number, "post": post, "day": day.isoformat()} for number in prints]
                connection.execute(insert(FINGERPRINTS), rows)
        return story

    def posts(self, story: str) -> list[str]:
        """Return the posts of `story` in the order they were assigned."""
        wanted = select(STORIES.c.post).where(STORIES.c.story == story).order_by(STORIES.c.number)
        with sql.reading(self._engine, "store") as connection:
            return list(connection.execute(wanted).scalars())

    def expire(self, before: date) -> int:
        """Forget fingerprints of days before `before`; return how many."""
        with sql.writing(self._engine, "store", alone="stories") as connection:
            return connection.execute(delete(FINGERPRINTS).where(FINGERPRINTS.c.day < before.isoformat())).rowcount


def _signed(number: int) -> int:
    """Return an unsigned 64-bit number as the signed one that databases hold."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _candidates(connection: Connection, post: str, prints: list[int], since: date) -> list[Candidate]:
    shared: Counter[str] = Counter()
    for begin in range(0, len(prints), _IN):
        held = and_(
            FINGERPRINTS.c.fingerprint.in_(prints[begin : begin + _IN]),
            FINGERPRINTS.c.day >= since.isoformat(),
            FINGERPRINTS.c.post != post,
        )
        rare = select(FINGERPRINTS.c.fingerprint).where(held).group_by(FINGERPRINTS.c.fingerprint)
        rare = rare.having(func.count() <= _CAP)
        shared.update(
            connection.execute(select(FINGERPRINTS.c.post).where(held, FINGERPRINTS.c.fingerprint.in_(rare))).scalars()
        )
    posts = sorted(shared)
    found = []
    for begin in range(0, len(posts), _IN):
        rows = connection.execute(select(STORIES).where(STORIES.c.post.in_(posts[begin : begin + _IN])))
        found += [Candidate(row.post, row.story, shared[row.post], row.size) for row in rows]
    return sorted(found, key=lambda candidate: candidate.post)

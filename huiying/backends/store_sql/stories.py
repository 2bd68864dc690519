"""Stories: an inverted index from fingerprints to posts, by day, and the story each post was given.

a batch of posts ─► who holds their fingerprints (one question) ─► each in turn, seeing those before it ─► rows, at once
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from huiying.backends import sql
from huiying.backends.store_sql.tables import FINGERPRINTS, STORIES
from huiying.core.states import Candidate, Signed

_CAP = 20  # a clause held by more posts is boilerplate; measured in the project's notes on near-duplicates
_KEPT = 2 * _CAP  # of a clause and day: more tell nothing further, and a page's footer must not fill the disk
_IN = 500
Choice = Callable[[Signed, Sequence[Candidate]], str | None]


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
        signed = Signed(post, tuple(fingerprints), day, since)
        return self.assign_all([signed], lambda _, candidates: choose(candidates))[0]

    def assign_all(self, signed: Sequence[Signed], choose: Choice) -> list[str]:
        """Return the story of each post, all chosen in one transaction under the lock of stories."""
        with sql.writing(self._engine, "store", alone="stories") as connection:
            batch = _Batch(connection, signed)
            stories = [batch.place(one, choose) for one in signed]
            batch.write(connection)
        return stories

    def posts(self, story: str) -> list[str]:
        """Return the posts of `story` in the order they were assigned."""
        wanted = select(STORIES.c.post).where(STORIES.c.story == story).order_by(STORIES.c.number)
        with sql.reading(self._engine, "store") as connection:
            return list(connection.execute(wanted).scalars())

    def expire(self, before: date) -> int:
        """Forget fingerprints of days before `before`; return how many."""
        with sql.writing(self._engine, "store", alone="stories") as connection:
            return connection.execute(delete(FINGERPRINTS).where(FINGERPRINTS.c.day < before.isoformat())).rowcount


class _Batch:
    """What the store knows of the posts of a batch, and what it is to know after it."""

    def __init__(self, connection: Connection, signed: Sequence[Signed]) -> None:
        self._prints = {one: sorted(_signed(one.fingerprints)) for one in signed}
        self._holders: dict[int, dict[str, str]] = defaultdict(dict)  # fingerprint: day by post
        self._known: dict[str, tuple[str, int]] = {}  # post: story and size
        self._days: dict[str, str] = {}
        self._begun: dict[str, dict[str, Any]] = {}
        self._kept: dict[str, list[tuple[int, str, str]]] = {}
        self._before: dict[str, list[int]] = {one.post: [] for one in signed}  # what the posts held before
        self._full: set[tuple[int, str]] = set()  # fingerprint and day
        self._read(connection, signed)

    def _read(self, connection: Connection, signed: Sequence[Signed]) -> None:
        if not signed:
            return
        widest = min(one.since for one in signed).isoformat()
        narrowest = max(one.since for one in signed).isoformat()
        for part in _parts({number for numbers in self._prints.values() for number in numbers}):
            for number, post, day in _among(
                connection, "fingerprint, post, day FROM fingerprints", "fingerprint", part
            ):
                if day >= widest:
                    self._holders[number][post] = day
                    if post in self._before:
                        self._before[post].append(number)
        posts = {one.post for one in signed}
        for holders in self._holders.values():
            # Posts of the batch may let go of what they hold: then the others are few enough to count.
            if len(holders) <= _CAP or _others(holders, self._before, narrowest) <= _CAP:
                posts.update(holders)
        for part in _parts(posts):
            for post, story, size, day in _among(connection, "post, story, size, day FROM stories", "post", part):
                self._known[post], self._days[post] = (story, size), day

    def place(self, one: Signed, choose: Choice) -> str:
        """Return the story of `one`: its own where it has one, else the chosen; those after it see it."""
        prints, known = self._prints[one], self._known.get(one.post)
        self._drop(one.post)
        chosen = choose(one, self._candidates(one, prints))
        story = known[0] if known else chosen or one.post
        if known is None:
            self._begun[one.post] = {"post": one.post, "story": story, "day": one.day.isoformat(), "size": 0}
        self._known[one.post] = story, len(prints)
        self._kept[one.post] = list(self._keep(one, prints))
        return story

    def _drop(self, post: str) -> None:
        """Let go of what the post held before its text changed."""
        for number in (*self._before.pop(post, ()), *(row[0] for row in self._kept.get(post, ()))):
            if day := self._holders[number].pop(post, None):
                self._full.discard((number, day))

    def _candidates(self, one: Signed, prints: Iterable[int]) -> list[Candidate]:
        shared: dict[str, int] = {}
        opening: dict[str, int] = {}
        first = None if one.opening is None else _signed(one.opening)
        since = one.since.isoformat()
        for number in prints:
            holders = self._holders.get(number)
            if holders:
                recent = [post for post, day in holders.items() if day >= since]
                if len(recent) <= _CAP:
                    opens = first is None or number in first
                    for post in recent:
                        shared[post] = shared.get(post, 0) + 1
                        opening[post] = opening.get(post, 0) + opens
        return [_candidate(post, self._known[post], shared[post], opening[post]) for post in sorted(shared)]

    def _keep(self, one: Signed, prints: Iterable[int]) -> Iterator[tuple[int, str, str]]:
        day = one.day.isoformat()
        for number in prints:
            holders = self._holders[number]
            if len(holders) < _KEPT or not self._is_full(number, day, holders):
                holders[one.post] = day
                yield number, one.post, day

    def _is_full(self, number: int, day: str, holders: Mapping[str, str]) -> bool:
        """Say whether as many posts of `day` hold the fingerprint as are kept; within a batch they become no fewer."""
        if (number, day) not in self._full and sum(held == day for held in holders.values()) >= _KEPT:
            self._full.add((number, day))
        return (number, day) in self._full

    def write(self, connection: Connection) -> None:
        """Write the rows of the batch; those of a post's earlier text go."""
        stale = [{"of": post, "on": self._days[post]} for post in self._kept if post in self._days]
        if stale:
            # No index leads from a post to its fingerprints: they all lie in its day.
            gone = delete(FINGERPRINTS).where(
                FINGERPRINTS.c.day == bindparam("on"), FINGERPRINTS.c.post == bindparam("of")
            )
            connection.execute(gone, stale)
            sizes = [{"of": post, "now": self._known[post][1]} for post in self._kept if post in self._days]
            resized = update(STORIES).where(STORIES.c.post == bindparam("of")).values(size=bindparam("now"))
            connection.execute(resized, sizes)
        if self._begun:
            begun = [{**row, "size": self._known[post][1]} for post, row in self._begun.items()]
            connection.execute(insert(STORIES).inline(), begun)
        if rows := [row for kept in self._kept.values() for row in kept]:
            connection.exec_driver_sql(f"INSERT INTO fingerprints VALUES ({_marks(connection, 3)})", rows)


def _among(connection: Connection, what: str, column: str, values: Sequence[Any]) -> Iterable[Any]:
    """Return `what` ("columns FROM table") of the rows whose `column` is one of `values`."""
    wanted = f"SELECT {what} WHERE {column} IN ({_marks(connection, len(values))})"
    return connection.exec_driver_sql(wanted, tuple(values)).all()


def _marks(connection: Connection, count: int) -> str:
    """Return the places of `count` values that go to the driver as they are.

    Numbers, ids and days need no conversion, and what SQLAlchemy does for each value cost more than the database.
    """
    return ", ".join(["?" if connection.dialect.paramstyle == "qmark" else "%s"] * count)


def _others(holders: Mapping[str, str], besides: Container[str], since: str) -> int:
    return sum(day >= since and post not in besides for post, day in holders.items())


def _candidate(post: str, known: tuple[str, int], shared: int, opening: int) -> Candidate:
    story, size = known
    return Candidate(post, story, shared, size, opening)


def _parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Cut into lists that a statement can hold."""
    every = list(values)
    for begin in range(0, len(every), _IN):
        yield every[begin : begin + _IN]


def _signed(numbers: Iterable[int]) -> set[int]:
    """Return unsigned 64-bit numbers as the signed ones that databases hold."""
    return {number - (1 << 64) if number >= 1 << 63 else number for number in numbers}

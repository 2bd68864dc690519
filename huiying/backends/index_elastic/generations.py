"""A desk's indices: one a month and generation, the generation in use behind an alias.

huiying.DESK.posts        alias  ─► huiying.DESK.posts.1.2026-01, huiying.DESK.posts.1.2026-02
huiying.DESK.building     alias  ─► huiying.DESK.posts.2.2026-01 … while one is filled; writers write to both
switch: in one change of the cluster's state the alias goes from the old ones to the new; then the old ones are deleted

A desk's id holds no dot, so that no desk's names begin like another's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch

from huiying.backends.index_elastic.connection import ElasticSettings
from huiying.backends.index_elastic.documents import LATER, REFRESH, template
from huiying.core.errors import BackendError

_EXISTS = "resource_already_exists_exception"
_FILLING = "30s"  # nobody reads a generation that is being filled: fewer, larger segments
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Layout:
    """The generation behind the alias, the one being filled, and the (generation, month) of every index."""

    reading: int
    building: int | None
    held: frozenset[tuple[int, str]]
    strays: tuple[str, ...]

    def targets(self, only: int | None) -> tuple[int, ...]:
        """Return the generations that a post is written to: those in use, or `only` that one if it is in use."""
        used = (self.reading,) if self.building is None else (self.reading, self.building)
        if only is None:
            return used
        abandoned = only < self.reading or self.building not in (None, only, self.reading)
        if abandoned and only not in used:
            raise BackendError("index_failed", detail=f"generation {only} was dropped")
        return (only,)


class Generations:
    """The indices of one desk, as they are in the cluster now: nothing is remembered from one call to the next."""

    def __init__(self, client: Elasticsearch, settings: ElasticSettings) -> None:
        self.alias = f"huiying.{settings.desk}.posts"
        self._building = f"huiying.{settings.desk}.building"
        self._client = client
        self._settings = settings
        self._pattern = re.compile(rf"{re.escape(self.alias)}\.(\d+)\.(\d{{4}}-\d{{2}})")

    def name(self, generation: int, month: str) -> str:
        """Return the name of an index."""
        return f"{self.alias}.{generation}.{month}"

    def install(self) -> None:
        """Put the template. Indices that exist keep the mapping they were made with and get new fields."""
        self._client.indices.put_index_template(
            name=self.alias,
            index_patterns=[f"{self.alias}.*"],
            # A bulk request must never make an index: outside the alias nobody would find its posts.
            allow_auto_create=False,
            priority=500,  # the templates that Elasticsearch brings along end at 200
            template=template(self._settings),
        )
        self._client.indices.put_mapping(index=f"{self.alias}.*", properties=LATER, allow_no_indices=True)

    def layout(self) -> Layout:
        """Read which indices there are and which aliases they have."""
        found = self._client.indices.get_alias(index=f"{self.alias}.*", expand_wildcards="all")
        held: dict[tuple[int, str], set[str]] = {}
        for name, entry in found.body.items():
            if match := self._pattern.fullmatch(name):
                held[int(match[1]), match[2]] = set(entry["aliases"])
        built = [generation for (generation, _), names in held.items() if self._building in names]
        building = max(built, default=None)
        read = {generation for (generation, _), names in held.items() if self.alias in names}
        reading = max(read, default=1 if building is None else building - 1)
        strays = [self.name(*key) for key, names in held.items() if self.alias in names and key[0] < reading]
        return Layout(reading, building, frozenset(held), tuple(strays))

    def ready(self, months: Iterable[str], only: int | None) -> Layout:
        """Make what is missing for posts of `months`; return the layout that holds it."""
        wanted = sorted(set(months))
        for _ in range(_TRIES):
            layout = self.layout()
            # A writer that read the layout just before a switch may have made a month of the old generation after it.
            self._drop(layout.strays)
            if layout.building == layout.reading:
                # Or have made a month of the new one that the switch did not see.
                self._swap(layout, layout.reading)
                continue
            targets = layout.targets(only)
            missing = [(generation, month) for generation in targets for month in wanted]
            missing = [key for key in missing if key not in layout.held]
            if not missing and not layout.strays:
                return layout
            for generation, month in missing:
                self._create(generation, month, layout.reading)
        raise BackendError("index_failed", detail="indices change too fast")

    def begin(self) -> int:
        """Drop what an unfinished generation left and begin the next, with every month of the one in use."""
        self.install()
        layout = self.layout()
        self._drop([self.name(*key) for key in layout.held if key[0] != layout.reading])
        number = max([layout.reading, *(generation for generation, _ in layout.held)]) + 1
        for generation, month in sorted(layout.held):
            if generation == layout.reading:
                self._create(number, month, layout.reading)
        return number

    def switch(self, number: int) -> None:
        """Put generation `number` behind the alias in place of the other, then delete every other. Twice is as once."""
        layout = self.layout()
        if layout.held and (number != layout.reading or number == layout.building):
            self._swap(layout, number)
        # Not in the same change: a node shuts a deleted index before its searches learn of the new alias.
        left = self.layout()
        self._drop([self.name(*key) for key in left.held if key[0] not in (number, left.building)])

    def _swap(self, layout: Layout, number: int) -> None:
        new = [self.name(*key) for key in layout.held if key[0] == number]
        old = [self.name(*key) for key in layout.held if key[0] == layout.reading != number]
        if not new:
            raise BackendError("index_failed", detail=f"generation {number} does not exist")
        self._client.indices.put_settings(index=new, settings={"index": {"refresh_interval": REFRESH}})
        self.refresh(",".join(new))
        actions: list[dict[str, Any]] = [{"add": {"index": name, "alias": self.alias}} for name in new]
        actions += [{"remove": {"index": name, "alias": self._building, "must_exist": False}} for name in new]
        actions += [{"remove": {"index": name, "alias": self.alias}} for name in old]
        self._client.indices.update_aliases(actions=actions)

    def expire(self, first: str) -> int:
        """Drop the months before `first` ("2026-01") in every generation; return how many were in use."""
        layout = self.layout()
        old = [key for key in layout.held if key[1] < first]
        self._drop([self.name(*key) for key in old])
        return sum(generation == layout.reading for generation, _ in old)

    def refresh(self, names: str) -> None:
        """Let searches of `names` see everything that was written."""
        shards = self._client.indices.refresh(index=names, ignore_unavailable=True)["_shards"]
        if shards["failed"]:
            raise BackendError("index_failed", detail=f"refresh failed in {shards['failed']} shards")

    def _create(self, generation: int, month: str, reading: int) -> None:
        """Make an index with its alias from its first instant on; another writer may be faster."""
        used = generation == reading
        alias = self.alias if used else self._building
        settings = {"index": {"refresh_interval": REFRESH if used else _FILLING}}
        try:
            self._client.indices.create(index=self.name(generation, month), aliases={alias: {}}, settings=settings)
        except BadRequestError as cause:
            if cause.message != _EXISTS:
                raise

    def _drop(self, names: Iterable[str]) -> None:
        if given := list(names):
            self._client.indices.delete(index=given, ignore_unavailable=True)

"""The index in a folder, by tantivy: one writer process, readers in any process.

folder/CURRENT     the name of the generation in use
folder/gen2-1/     a generation; a later one is filled beside it, and CURRENT is replaced by a file that names it

The first number of a name is that of the fields. A writer lets go of generations with other fields than its own: the
index is filled anew from the log.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from huiying.backends.index_tantivy_generation import TantivyGeneration, exists, failures, make
from huiying.core.errors import BackendError
from huiying.core.model import Post
from huiying.core.ports import Counts, Page, Query

POINTER = "CURRENT"
_FIELDS = "gen2-"
T = TypeVar("T")


def begun(folder: Path) -> bool:
    """Say whether `folder` holds an index with the fields of today."""
    try:
        return (folder / POINTER).read_text(encoding="ascii").startswith(_FIELDS)
    except FileNotFoundError:
        return False


class TantivyIndex:
    """Index (see `ports`) in `folder`. A second writer is BackendError("index_locked")."""

    def __init__(self, folder: Path, writer: bool) -> None:
        self._folder = folder
        self._writes = writer
        self._lock = threading.Lock()
        self._opened: dict[int, TantivyGeneration] = {}
        if writer:
            with failures(folder):
                folder.mkdir(parents=True, exist_ok=True)
                if not begun(folder):
                    for earlier in folder.iterdir():
                        shutil.rmtree(earlier) if earlier.is_dir() else earlier.unlink()
                    make(self._place(1))
                    self._point(1)
                used, _ = self.generations()
                self._drop(one for one in self._folders() if one < used)
            for number in self._used():
                self.generation(number)

    def put(self, posts: Sequence[Post]) -> None:
        """Add or replace posts by id, in the generation being filled too; older versions are ignored."""
        self._may_write()
        for number in self._used():
            self.generation(number).put(posts)

    def get(self, post: str) -> Post | None:
        """Return the post with this id."""
        return self._ask(lambda used: used.get(post), None)

    def versions(self, posts: Sequence[str]) -> Mapping[str, int]:
        """Return the version held of each of these posts."""
        return self._ask(lambda used: used.versions(posts), {})

    def search(self, query: Query) -> Page:
        """Return a page, newest first seen first, then by id."""
        return self._ask(lambda used: used.search(query), Page((), 0, None))

    def counts(self, query: Query) -> Counts:
        """Count what `query` finds by topic, place, outlet and day of the query's zone."""
        return self._ask(lambda used: used.counts(query), Counts({}, {}, {}, {}))

    def expire(self, before: date) -> int:
        """Delete whole months (UTC) that end before `before`; return how many were in use."""
        self._may_write()
        months, *_ = [self.generation(number).expire(before) for number in self._used()]
        return months

    def generations(self) -> tuple[int, int | None]:
        """Return the number of the generation in use, and of the one being filled."""
        with failures(self._folder):
            used = self._current() or 1
            return used, max((one for one in self._held() if one > used), default=None)

    def begin_generation(self) -> int:
        """Drop an unfinished generation and begin the next; puts from now on go to it too, searches do not."""
        self._may_write()
        with failures(self._folder):
            used, held = self._current() or 1, self._folders()
            self._drop(one for one in held if one != used)
            number = max([used, *held]) + 1
            make(self._place(number))
        self.generation(number)
        return number

    def generation(self, number: int) -> TantivyGeneration:
        """Return generation `number`, released with this index. One that does not exist is a BackendError."""
        with self._lock:
            if number not in self._opened:
                self._opened[number] = TantivyGeneration(self._place(number), self._writes)
            return self._opened[number]

    def switch(self, number: int) -> None:
        """Let every reader search generation `number` from now on, and delete those before it."""
        self._may_write()
        with failures(self._folder):
            if number not in self._held():
                raise BackendError("index_failed", detail=f"generation {number} does not exist")
            if number != self._current():
                self._point(number)
            self._drop(one for one in self._folders() if one < number)

    def close(self) -> None:
        """Finish merges and let the writer's lock go."""
        for number in list(self._opened):
            self._opened.pop(number).close()

    def _may_write(self) -> None:
        if not self._writes:
            raise BackendError("index_read_only", path=str(self._folder))

    def _ask(self, question: Callable[[TantivyGeneration], T], nothing: T) -> T:
        """Return what the generation in use answers, `nothing` before there is one."""
        while True:
            with failures(self._folder):
                number = self._current()
            if number is None:
                return nothing
            try:
                return question(self._follow(number))
            except BackendError:
                with failures(self._folder):
                    if self._current() == number:
                        raise
            # Its folder was deleted under a reader that had read the pointer just before it was replaced.

    def _follow(self, number: int) -> TantivyGeneration:
        """Return generation `number`; a reader lets go of any other, whose deleted files would fill the disk."""
        if not self._writes:
            for other in [one for one in self._opened if one != number]:
                self._opened.pop(other, None)
        return self.generation(number)

    def _used(self) -> list[int]:
        return [number for number in self.generations() if number is not None]

    def _place(self, number: int) -> Path:
        return self._folder / f"{_FIELDS}{number}"

    def _folders(self) -> list[int]:
        found = (re.fullmatch(rf"{_FIELDS}(\d+)", entry.name) for entry in self._folder.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def _held(self) -> list[int]:
        return [number for number in self._folders() if exists(self._place(number))]

    def _current(self) -> int | None:
        if not begun(self._folder):
            return None
        return int((self._folder / POINTER).read_text(encoding="ascii").strip().removeprefix(_FIELDS))

    def _point(self, number: int) -> None:
        draft = self._folder / f"{POINTER}.new"
        with draft.open("w", encoding="ascii") as file:
            file.write(self._place(number).name)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / POINTER)

    def _drop(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            if (opened := self._opened.pop(number, None)) is not None:
                opened.close()
            shutil.rmtree(self._place(number))

"""Calls that gather: one act for all that wait, each caller its own answer, and nobody fails for another one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from crawlers.keeping import Gathered
from huiying.core.errors import BackendError, StorageFull


class Backend:
    """Doubles numbers, remembers its calls, and refuses what it is told to."""

    def __init__(self, *refused: int, why: type[BackendError] = BackendError) -> None:
        self.calls: list[list[int]] = []
        self._refused, self._why = refused, why

    def __call__(self, given: Sequence[int]) -> list[int]:
        self.calls.append(list(given))
        if set(given) & set(self._refused):
            raise self._why("store_failed", detail="x")
        return [2 * one for one in given]


def gather(backend: Backend, *calls: list[int]) -> list[list[int] | BaseException]:
    async def asked() -> list[list[int] | BaseException]:
        with ThreadPoolExecutor(1) as thread:
            gathered = Gathered(backend, thread)
            return await asyncio.gather(*map(gathered, calls), return_exceptions=True)

    return asyncio.run(asked())


def test_calls_that_wait_become_one_and_each_gets_its_own_answer() -> None:
    backend = Backend()
    assert gather(backend, [1, 2], [], [3]) == [[2, 4], [], [6]]
    assert backend.calls == [[1, 2, 3]]


def test_what_comes_while_a_call_is_made_is_the_next_one() -> None:
    async def asked() -> list[list[int]]:
        backend = Backend()
        with ThreadPoolExecutor(1) as thread:
            gathered = Gathered(backend, thread)
            first = asyncio.ensure_future(gathered([1]))
            while not backend.calls:
                await asyncio.sleep(0)
            await asyncio.gather(first, gathered([2]), gathered([3]))
        return backend.calls

    assert asyncio.run(asked()) in ([[1], [2, 3]], [[1], [2], [3]])


def test_only_whoever_gave_what_is_refused_fails() -> None:
    answers = gather(Backend(2), [1], [2], [3])
    assert (answers[0], answers[2]) == ([2], [6])
    assert isinstance(answers[1], BackendError)


@pytest.mark.parametrize(("why", "calls"), [(BackendError, 3), (StorageFull, 1)])
def test_a_backend_that_is_away_is_not_asked_for_each(why: type[BackendError], calls: int) -> None:
    backend = Backend(*range(9), why=why)
    assert all(isinstance(one, why) for one in gather(backend, *([one] for one in range(9))))
    assert len(backend.calls) == calls


def test_who_gives_up_waiting_holds_up_nobody() -> None:
    async def asked() -> list[int]:
        with ThreadPoolExecutor(1) as thread:
            gathered = Gathered(Backend(), thread)
            given_up, waiting = asyncio.ensure_future(gathered([1])), asyncio.ensure_future(gathered([2]))
            await asyncio.sleep(0)
            given_up.cancel()
            return await waiting

    assert asyncio.run(asked()) == [4]

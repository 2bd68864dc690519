"""The request for a new generation of the index: a small file that `process` sees, carries out and takes away.

huiying reindex ─► data/reindex.request ─► process: fill, check, switch ─► the file is gone
       └ follow: how far it is, as the log's groups tell it

Searching and indexing go on meanwhile. The new generation is filled from POSTS_READY: posts whose records are older
than that topic's retention ([log.retention], 400 days) are no longer found after it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from time import sleep

from huiying.core.ports import Index, Log
from pipeline.reindexing import progress

_FILE = "reindex.request"
_STILL = 60.0  # seconds; a slice of 256 posts takes well under one


def reindex(data: Path, now: datetime) -> str:
    """Ask for a new generation; return the request's name. One that is still under way is left and returned."""
    pending = wanted(data)
    if pending is not None:
        return pending
    request = f"reindex-{now.astimezone(UTC):%Y%m%dT%H%M%S}-{token_hex(4)}"
    draft = data / f"{_FILE}.new"
    with draft.open("w", encoding="ascii") as file:
        file.write(request)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(data / _FILE)
    return request


def wanted(data: Path) -> str | None:
    """Return the request that is not yet carried out."""
    try:
        return (data / _FILE).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def done(data: Path, request: str) -> None:
    """Take `request` away; another one stays."""
    if wanted(data) == request:
        (data / _FILE).unlink()


def follow(
    data: Path, log: Log, index: Index, request: str, tell: Callable[[int, int], None], pause: float = 0.5
) -> bool:
    """Tell how far `request` is until it is carried out; False where nothing has moved for a minute: nobody runs it."""
    seen, still = -1, 0.0
    while wanted(data) == request:
        done, total = progress(log, index, request)
        tell(done, total)
        seen, still = done, still + pause if done == seen else 0.0
        if still >= _STILL:
            return False
        sleep(pause)
    return True

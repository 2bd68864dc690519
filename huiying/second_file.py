"""The second file: the newest checkpoint in a folder of its own, replaced only by who has seen the one before it.

folder/latest           the newest note
folder/000000012.note   every note, by the number of events that it covers
folder/witnessed/       those that a witness signed: see `witnessing`

A ledger that was put back to an earlier state, or written anew, does not agree with it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huiying.core import note
from huiying.core.errors import HuiyingError, Refused

LATEST = "latest"
FOLDER = "checkpoints"


def second_folder(folder: Path, data: Path, named: str | None) -> Path:
    """Return where the desk in `folder` keeps it: `named` in huiying.toml, else "checkpoints" in the data folder."""
    return folder / named if named else data / FOLDER


def latest(folder: Path) -> str | None:
    """Return the newest note, None before the first."""
    try:
        return (folder / LATEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as cause:
        raise HuiyingError("second_file_unreadable", file=str(folder / LATEST)) from cause


def swap(folder: Path, before: str | None, signed: str) -> None:
    """Put `signed` in place of `before`, durably; where another one stands there by now it is Refused.

    A folder that cannot be written is an OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if latest(folder) not in (before, signed):
            raise Refused("second_file_swapped", file=str(folder / LATEST))
        _write(folder / f"{note.checkpoint(signed).size:09}.note", signed)
        _write(folder / LATEST, signed)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def put(file: Path, text: str) -> None:
    """Write `text` to `file` in a folder that need not exist, durably and whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    _write(file, text)


def _write(file: Path, text: str) -> None:
    beside = file.with_name(f"{file.name}.new")
    with beside.open("w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(beside, file)
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)

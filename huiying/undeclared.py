"""A ledger that was restored must say so before anything is recorded in it: the note that it has not done so yet."""

from __future__ import annotations

from pathlib import Path

from huiying.core.errors import Refused

PENDING = "restored.json"  # in the data folder, until the ledger declares it


def refuse_undeclared(data: Path) -> None:
    """Refuse to run on a data folder whose ledger was restored and has not declared it."""
    if (data / PENDING).exists():
        raise Refused("restore_undeclared", folder=str(data))

"""A scene for every test of alerts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A fresh test ledger with the small desk's configuration."""
    made = Scene(tmp_path)
    yield made
    made.ledger.close()

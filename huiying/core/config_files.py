"""A desk's folder of TOML files on disk: folder ─ read_texts ─► {file: text}, of which config_text makes a Desk."""

from __future__ import annotations

from pathlib import Path

from huiying.core.config import Machine
from huiying.core.config_text import DESK_FILES, MACHINE_FILE, parse_machine
from huiying.core.errors import ConfigError


def read_texts(folder: Path) -> dict[str, str]:
    """Return the recorded files of a desk's folder by name. A missing or unreadable one is a ConfigError."""
    texts = {}
    for name in DESK_FILES:
        try:
            texts[name] = (folder / name).read_text(encoding="utf-8")
        except FileNotFoundError as cause:
            raise ConfigError("config_missing", file=str(folder / name)) from cause
        except (OSError, UnicodeDecodeError) as cause:
            raise ConfigError("config_unreadable", file=str(folder / name), detail=str(cause)) from cause
    return texts


def read_machine(folder: Path) -> Machine:
    """Read huiying.toml of a desk's folder."""
    file = folder / MACHINE_FILE
    try:
        written = file.read_text(encoding="utf-8")
    except OSError as cause:
        raise ConfigError("not_a_desk", file=str(folder)) from cause
    return parse_machine(written)

"""Make a desk's folder: the commented files, the data folder, the key, and the ledger's first event."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alerts.events import EventType
from huiying.core.config_files import read_machine
from huiying.core.config_text import DESK_FILES, MACHINE_FILE, parse_machine, read_desk
from huiying.core.errors import HuiyingError, Refused
from huiying.core.model import Draft, Role
from huiying.core.ports import Clock
from huiying.wiring import NO_SECRETS, new_ledger
from pipeline.shipped import shipped_text

KINDS = ("office", "demonstration", "test")


def init(
    folder: Path,
    fields: Mapping[str, str],
    servers: Mapping[str, str] = NO_SECRETS,
    secrets: Mapping[str, str] = NO_SECRETS,
) -> None:
    """Write the commented files of a new office's desk and create its ledger.

    `fields`: desk, title, contact, area_code, area_name, language. `servers`: addresses by "kafka", "elasticsearch" and
    "postgresql", "" where there is none. A folder that holds a desk already is Refused.
    """
    refuse_existing(folder)
    files = shipped_files()
    for name, address in servers.items():
        if address:
            files[MACHINE_FILE] = re.sub(
                rf'(?m)^# {name} = ".*"', f"{name} = {json.dumps(address)}", files[MACHINE_FILE]
            )
    for name, written in files.items():
        for field, value in fields.items():
            written = written.replace("{" + field + "}", value.replace('"', "").replace("\\", ""))
        files[name] = written
    # Everything is read before anything is written, so that a wrong option leaves no half of a desk behind.
    parse_machine(files[MACHINE_FILE])
    read_desk(files)
    folder.mkdir(parents=True, exist_ok=True)
    for name, written in files.items():
        (folder / name).write_text(written, encoding="utf-8")
    try:
        create_ledger(folder, "office", secrets=secrets)
    except HuiyingError:
        # A server that is away or a wrong password: the next try must not stumble over our files.
        for name in files:
            (folder / name).unlink(missing_ok=True)
        raise


def refuse_existing(folder: Path) -> None:
    """Refuse to write over a desk."""
    if any((folder / name).exists() for name in (MACHINE_FILE, *DESK_FILES)):
        raise Refused("desk_exists", folder=str(folder))


def shipped_files() -> dict[str, str]:
    """Return the files of a new desk by name, as they are shipped with their comments."""
    files = {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in (resources.files("huiying") / "templates").iterdir()
        if entry.name.endswith(".toml")
    }
    files["topics.toml"] = shipped_text()
    files["policy.toml"] = (resources.files("alerts") / "data" / "policy.toml").read_text(encoding="utf-8")
    return files


def create_ledger(folder: Path, kind: str, clock: Clock | None = None, secrets: Mapping[str, str] = NO_SECRETS) -> None:
    """Create the ledger with its key and first event; `kind` is fixed for ever. An existing ledger is Refused."""
    if kind not in KINDS:
        raise ValueError(kind)
    machine = read_machine(folder)
    ledger = new_ledger(folder, machine, clock, secrets)
    try:
        if ledger.head():
            raise Refused("desk_exists", folder=str(folder))
        payload = {"kind": kind, "origin": f"{machine.desk}/1", "public_key": _new_key(folder / machine.data)}
        ledger.append([Draft(EventType.LEDGER_CREATED, None, "system", Role.SYSTEM, payload=payload)], key="created")
    finally:
        ledger.close()


def _new_key(data: Path) -> str:
    """Make the ledger's Ed25519 key, readable by its owner only; return the public half as hex."""
    key = Ed25519PrivateKey.generate()
    file = data / "ledger.key"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as private:
        private.write(key.private_bytes_raw().hex())
    return key.public_key().public_bytes_raw().hex()

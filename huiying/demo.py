"""`huiying demo`: the example desk with its invented outlets, in a demonstration ledger that is never convertible.

folder ─► files of the example ─► ledger (demonstration) ─► accounts ─► configuration recorded ─► outlets + four roles
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

from huiying.apply import apply
from huiying.core.config_files import read_machine
from huiying.core.config_text import MACHINE_FILE
from huiying.core.errors import Refused
from huiying.core.messages import text
from huiying.example.make import ACCOUNTS, make_desk
from huiying.example.site import addresses, serve
from huiying.init import create_ledger
from huiying.people import new_account
from huiying.roles import Stopping, log_to_stderr
from huiying.up import free_port, supervise
from huiying.wiring import kind_of, open_desk, system_now

_ADDRESSES = "addresses"  # the file that remembers which port the invented outlets were given


def run(folder: Path, port: int, language: str) -> None:
    """Make the demonstration desk in `folder` if it is not there, and run it on `port` until Ctrl-C."""
    if not (folder / MACHINE_FILE).exists():
        make(folder, port, language)
        print(text("cli.demo_made", language, folder=folder))
    elif read_machine(folder).port != port:
        _move(folder, port, language)
    machine = read_machine(folder)
    runtime = open_desk(folder)
    try:
        runtime.ledger.verify()
        if kind_of(runtime.ledger, folder) != "demonstration":
            raise Refused("demo_not_demonstration", folder=str(folder))
    finally:
        runtime.close()
    outlets = int((folder / _ADDRESSES).read_text(encoding="ascii"))
    free_port(machine.host, machine.port)
    for page in addresses(outlets).values():
        free_port(str(urlsplit(page).hostname), outlets)
    address = f"http://{machine.host}:{machine.port}/"
    _introduce(folder, address, outlets, language)
    site = [sys.executable, "-m", "huiying", "outlets-site", str(outlets), str(folder), "--parent", str(os.getpid())]
    supervise(folder, folder / machine.data, address, language, others=[("outlets", site)])


def make(folder: Path, port: int, language: str) -> None:
    """Write the files, create the ledger and the accounts, and record the configuration in the supervisor's name."""
    make_desk(folder, port + 1)
    _move(folder, port, language)
    (folder / _ADDRESSES).write_text(str(port + 1), encoding="ascii")
    create_ledger(folder, "demonstration")
    runtime = open_desk(folder)
    try:
        for each in ACCOUNTS:
            account = new_account(each.login, each.password, each.name, str(each.role), each.unit, language)
            runtime.store.accounts.add(account)
        supervisor = next(each for each in runtime.store.accounts.all() if each.role == "supervisor")
        apply(folder, runtime.ledger, supervisor)
    finally:
        runtime.close()


def _move(folder: Path, port: int, language: str) -> None:
    """Write the pages' port and the language into the machine's file; the outlets keep the port they were given."""
    file = folder / MACHINE_FILE
    written = re.sub(r"(?m)^port = \d+", f"port = {port}", file.read_text(encoding="utf-8"))
    file.write_text(re.sub(r'(?m)^language = "\w+"', f'language = "{language}"', written), encoding="utf-8")


def serve_outlets(port: int, folder: Path, parent: int | None) -> None:
    """Serve the invented outlets until told to stop; what was published is kept in the data folder."""
    log_to_stderr()
    data = folder / read_machine(folder).data
    asyncio.run(serve(port, Stopping(parent), system_now, data))


def _introduce(folder: Path, address: str, outlets: int, language: str) -> None:
    print(text("cli.demo_ready", language, address=address))
    print(text("cli.demo_accounts", language))
    for each in ACCOUNTS:
        role = text(f"role.{each.role}", language)
        fields = {"login": each.login, "password": each.password, "role": role, "name": each.name}
        print(text("cli.demo_account", language, **fields))
    print(text("cli.demo_publish", language, address=addresses(outlets)["publish"]))
    print(text("cli.demo_stop", language, folder=folder), flush=True)

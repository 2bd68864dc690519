"""The file of the rules, as the page that edits them reads, checks and records it: the command's own way.

text ─► read with the other files ─► the boundary ─► file ─► `huiying apply` ─► configuration_changed
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from huiying.apply import apply
from huiying.check import drift, errors
from huiying.core.config import Desk
from huiying.core.config_files import read_texts
from huiying.core.config_text import read_desk
from huiying.core.errors import Refused
from huiying.core.model import Event, Role
from huiying.core.ports import Ledger
from huiying.core.states import Account

RULES = "rules.toml"


class FolderRules:
    """See `alerts.web.editing.RulesFile`."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder = folder
        self._ledger = ledger
        self._lock = threading.Lock()

    def text(self) -> str:
        """Return the file's text."""
        return read_texts(self._folder)[RULES]

    def read(self, text: str) -> Desk:
        """Return the folder's configuration with `text` for its rules, or raise the first thing that is wrong."""
        desk = read_desk(read_texts(self._folder) | {RULES: text})
        for wrong in errors(desk):
            raise wrong
        return desk

    def save(self, text: str, was: str, account: Account) -> Event | None:
        """Write `text` and record the configuration in the name of `account`, a supervisor; None if nothing differs."""
        if account.role is not Role.SUPERVISOR:
            raise Refused("supervisor_only", login=account.login)
        with self._lock:
            before = read_texts(self._folder)
            if hashlib.sha256(before[RULES].encode()).hexdigest() != was:
                raise Refused("rules_changed")
            differ = [name for name in drift(before, self._ledger) if name != RULES]
            if differ:
                raise Refused("files_differ", files=", ".join(differ))
            self.read(text)
            self._write(text)
            try:
                return apply(self._folder, self._ledger, account)
            except BaseException:
                self._write(before[RULES])
                raise

    def _write(self, text: str) -> None:
        beside = self._folder / f"{RULES}.new"
        beside.write_text(text, encoding="utf-8")
        beside.replace(self._folder / RULES)

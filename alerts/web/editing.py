"""What the rules page asks of the folder of files: the rules' text, whether another is right, and to record it."""

from __future__ import annotations

from typing import Protocol

from huiying.core.config import Desk
from huiying.core.model import Event
from huiying.core.states import Account


class RulesFile(Protocol):
    """The file of the rules in the desk's folder. Every method may be called from any thread."""

    def text(self) -> str:
        """Return the file's text; one that cannot be read is a ConfigError."""
        ...

    def read(self, text: str) -> Desk:
        """Return the folder's configuration with `text` for its rules, or raise the first thing that is wrong."""
        ...

    def save(self, text: str, was: str, account: Account) -> Event | None:
        """Write `text` and record the configuration in the name of `account`, a supervisor; None if nothing differs.

        `was` is the SHA-256 of the text that was edited: where the file is another now it is Refused("rules_changed").
        Refused("files_differ") where another file of the folder was changed and not yet recorded. What is refused
        leaves the file as it was.
        """
        ...

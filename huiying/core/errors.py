"""Every error of the project, each with a cause for the log and a sentence for the person who must act.

HuiyingError
 ├─ ConfigError        a configuration file is wrong: file, line, sentence
 ├─ Refused            the lifecycle, a role or the boundary says no: code and fields
 ├─ Conflict           somebody acted first: expected and actual versions
 ├─ KeyReused          an idempotency key came back with other content
 ├─ Dead               a record can never succeed: reason, it goes to DEAD
 ├─ Tampered           the ledger's stored bytes do not hash to what was recorded
 └─ BackendError       a store, log, index or ledger could not be reached or written
     └─ StorageFull    the disk is full; nothing was written
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from huiying.core.messages import text

Field = str | int | tuple[str, ...]


class HuiyingError(Exception):
    """Base of all errors: `code` names the sentence in the catalogues, `fields` fill it."""

    def __init__(self, code: str, /, **fields: Field) -> None:
        self.code = code
        self.fields: Mapping[str, Field] = MappingProxyType(fields)
        super().__init__(code, dict(fields))

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.fields.items())
        return f"{self.code}({inside})"

    def sentence(self, language: str = "zh") -> str:
        """Return the sentence that says what to do, in `language` ("zh" or "en")."""
        return text(f"error.{self.code}", language, **self.fields)


class ConfigError(HuiyingError):
    """A configuration file is wrong. Fields always hold `file`, and `line` where one is known (1-based)."""


class Refused(HuiyingError):
    """A command, an outlet or a rule is not allowed; the sentence says what is missing."""


class Conflict(HuiyingError):
    """Another command was recorded first. Fields: `alert`, `expected`, `actual` (sequence numbers)."""


class KeyReused(HuiyingError):
    """An idempotency key was used before for different content."""


class Dead(HuiyingError):
    """The record can never be handled; it goes to DEAD with this reason and is counted there."""


class Tampered(HuiyingError):
    """Stored bytes do not give the recorded hashes. Fields: `seq` (the first bad one), `reason`."""


class BackendError(HuiyingError):
    """A backend failed; the cause is chained. Safe to try again: nothing was acknowledged."""


class StorageFull(BackendError):
    """The disk is full. Nothing was written; free space and try again."""

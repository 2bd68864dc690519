"""A report as a file that a person is given, and what gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
FORMS = tuple(MEDIA_TYPES)


@dataclass(frozen=True, slots=True)
class Paper:
    """One file: the name under which it is saved, its media type, its bytes."""

    name: str
    media_type: str
    body: bytes


class Papers(Protocol):
    """Issues reports and brings issued ones to paper. Every method may be called from any thread."""

    def issue(self, name: str, key: str | None = None) -> int:
        """Issue the report of the period called `name` as of now; return the number of its event.

        With a `key` used before it is the report of then. Raises Refused for a name that is no period and where the
        ledger's private key is not at hand, Tampered while a doubt stands against the ledger.
        """
        ...

    def paper(self, seq: int, form: str, language: str) -> Paper:
        """Return the report that event `seq` issued as a file of the form `form`, one of FORMS.

        Refused("no_report") where there is none; Tampered where its figures, computed anew, are not those issued.
        """
        ...

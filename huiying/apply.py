"""Record a desk's files as `configuration_changed`: the whole texts, and what differs from those before."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from pathlib import Path

from alerts.events import EventType
from huiying.check import check
from huiying.core.config_files import read_texts
from huiying.core.errors import Refused
from huiying.core.model import Draft, Event, Role
from huiying.core.ports import Ledger
from huiying.core.states import Account
from huiying.recorded import Recorded


def apply(folder: Path, ledger: Ledger, account: Account) -> Event | None:
    """Record the files in `folder` in the name of `account`, a supervisor; return the event, None if nothing differs.

    The first error that `check` finds is raised and nothing is recorded.
    """
    if account.role is not Role.SUPERVISOR:
        raise Refused("supervisor_only", login=account.login)
    for finding in check(folder):
        if finding.error:
            raise finding.what
    texts = read_texts(folder)
    before = Recorded(ledger).texts()
    if texts == before:
        return None
    payload = {"files": texts, "differs": differs(before, texts)}
    draft = Draft(EventType.CONFIGURATION_CHANGED, None, account.pseudonym, account.role, payload=payload)
    digest = hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:32]
    (event,) = ledger.append([draft], key=f"configuration:{ledger.head()}:{digest}")
    return event


def differs(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the changed lines by file, as "+ …" and "- …"; a file's first recording is all "+"."""
    changed = {}
    for name, text in sorted(after.items()):
        lines = difflib.unified_diff(before.get(name, "").splitlines(), text.splitlines(), n=0, lineterm="")
        kept = [f"{line[0]} {line[1:]}" for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        if kept:
            changed[name] = kept
    return changed

"""outlets.toml as text: outlets and sources are added to what stands there, comments and all.

text ─► the outlet's own table? ─ yes ─► its source after its last one │ no ─► a new table at the end ─► text
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from huiying.core.addresses import host
from huiying.core.config import Outlet, Source

_TABLE = re.compile(r"^\s*\[\[\s*outlets\s*\]\]", re.M)
_ID = re.compile(r"^\s*id\s*=\s*[\"']([^\"']*)[\"']", re.M)
_ENDINGS = frozenset(("com", "cn", "net", "org", "gov", "edu", "www", "m", "info"))
_ORDER = ("kind", "address", "every", "items", "link", "title", "time")


def id_for(name: str, taken: Iterable[str]) -> str:
    """Return an id for an outlet at host `name` that is not among `taken`."""
    labels = [label for label in re.sub(r"[^a-z0-9.-]", "-", name.lower()).split(".") if label]
    own = [label for label in labels if label not in _ENDINGS] or labels or ["outlet"]
    begun = "-".join(own).strip("-")[:50] or "outlet"
    used = set(taken)
    return next(
        one for number in range(1, 10_000) if (one := begun if number == 1 else f"{begun}-{number}") not in used
    )


def owner(outlets: Iterable[Outlet], address: str) -> Outlet | None:
    """Return the outlet that has the host of `address`."""
    name = host(address)
    return next((one for one in outlets if any(name == host(f"http://{own}") for own in one.hosts)), None)


def with_outlet(written: str, outlet: Outlet, notes: Mapping[str, str]) -> str:
    """Return `written` with a table for `outlet` at its end; `notes` are comments by key, or by "" above the table."""
    lines = [*_comment(notes.get("")), "[[outlets]]"]
    fields: dict[str, object] = {
        "id": outlet.id,
        "name": outlet.name,
        "tier": str(outlet.tier),
        "hosts": list(outlet.hosts),
    }
    more: dict[str, object] = {"official": True, "unit": outlet.unit} if outlet.official else {}
    more |= {"test_site": True, "pace": outlet.pace} if outlet.test_site else {}
    lines += [f"{key} = {_value(value)}{_note(notes.get(key))}" for key, value in (fields | more).items()]
    for source in outlet.sources:
        lines += _source(source, notes)
    return f"{written.rstrip()}\n\n" * bool(written.strip()) + "\n".join(lines) + "\n"


def with_source(written: str, id: str, source: Source, notes: Mapping[str, str]) -> str:
    """Return `written` with `source` after the last one of the outlet `id`, whose table must stand there."""
    begins = [found.start() for found in _TABLE.finditer(written)] + [len(written)]
    for at, until in pairwise(begins):
        table = written[at:until]
        if (named := _ID.search(table)) and named[1] == id:
            own, after = _split(table)
            return written[:at] + own + "\n".join(("", *_source(source, notes), "")) + after + written[until:]
    raise KeyError(id)


def _split(table: str) -> tuple[str, str]:
    """Split off the blank lines and comments at a table's end: they mostly belong to what follows."""
    lines = table.splitlines(keepends=True)
    end = max(number for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#"))
    own = "".join(lines[:end])
    return own if own.endswith("\n") else f"{own}\n", "".join(lines[end:])


def _source(source: Source, notes: Mapping[str, str]) -> list[str]:
    fields = {key: value for key, value in source.model_dump().items() if key in source.model_fields_set}
    kept = {key: fields[key] for key in _ORDER if fields.get(key) is not None}
    return ["[[outlets.sources]]", *(f"{key} = {_value(value)}{_note(notes.get(key))}" for key, value in kept.items())]


def _value(value: object) -> str:
    """Return `value` as TOML: JSON's strings, lists and numbers are TOML's too, but for the character DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(note: str | None) -> list[str]:
    return [f"# {line}" for line in note.splitlines()] if note else []


def _note(note: str | None) -> str:
    return f"  # {note}" if note else ""

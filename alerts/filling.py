"""Reading what a person typed into a command: each thing that is missing or wrong is a refusal of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from huiying.core import addresses
from huiying.core.config import Desk
from huiying.core.errors import Refused
from huiying.core.model import Json

LONGEST = 2000  # characters of a sentence
E = TypeVar("E", bound=StrEnum)


def readable(written: Json) -> None:
    """Raise Refused("text_unreadable") where a text in `written` holds half a character (a lone surrogate)."""
    if isinstance(written, str):
        try:
            written.encode()
        except UnicodeEncodeError as cause:
            raise Refused("text_unreadable") from cause
    elif isinstance(written, Mapping):
        for value in written.values():
            readable(value)
    elif isinstance(written, list | tuple):
        for value in written:
            readable(value)


def host_names(hosts: Iterable[str]) -> frozenset[str]:
    """Return configured `hosts` as `addresses.host` writes those of addresses: lower case, without port."""
    return frozenset(addresses.host(f"https://{host}") for host in hosts)


def words(payload: Mapping[str, Json], name: str) -> str:
    """Return the sentence `name`, stripped. Refused("<name>_missing") or Refused("text_too_long")."""
    written = payload.get(name)
    if not isinstance(written, str) or not written.strip():
        raise Refused(f"{name}_missing")
    readable(written)
    if len(written.strip()) > LONGEST:
        raise Refused("text_too_long", most=LONGEST)
    return written.strip()


def words_if_any(payload: Mapping[str, Json], name: str) -> dict[str, str]:
    """Return {name: sentence}, or nothing where none was written."""
    return {name: words(payload, name)} if payload.get(name) else {}


def choice(payload: Mapping[str, Json], name: str, kind: type[E]) -> E:
    """Return the member of `kind` that `name` holds. Refused("<name>_missing") for anything else."""
    try:
        return kind(str(payload.get(name)))
    except ValueError as cause:
        raise Refused(f"{name}_missing") from cause


def number(payload: Mapping[str, Json], name: str, least: int, most: int) -> int:
    """Return the whole number `name` between `least` and `most`. Refused("<name>_out_of_range") for anything else."""
    written = payload.get(name)
    if isinstance(written, bool) or not isinstance(written, int) or not least <= written <= most:
        raise Refused(f"{name}_out_of_range", least=least, most=most)
    return written


def address(written: Json) -> str:
    """Return the canonical address. Refused("address_missing") where it is no address of the web."""
    if not isinstance(written, str) or not addresses.host(written) or len(written) > LONGEST:
        raise Refused("address_missing")
    return addresses.canonical(written)


def official_address(payload: Mapping[str, Json], desk: Desk, under: Desk) -> str:
    """Return the canonical address on an official outlet of `desk` that was one under the configuration `under` too.

    Refused("address_not_official") for other hosts, ("address_official_since") for one that became official later: an
    outlet that is called official after it reported is no place of reply.
    """
    found = address(payload.get("address"))
    host = addresses.host(found)
    if host not in host_names(desk.official_hosts()):
        raise Refused("address_not_official", host=host)
    if host not in host_names(under.official_hosts()):
        raise Refused("address_official_since", host=host)
    return found


def evidence(payload: Mapping[str, Json]) -> list[Json]:
    """Return the pieces of evidence, at least one. Refused("evidence_missing") where there is none."""
    written = payload.get("evidence")
    if not isinstance(written, list | tuple) or not written:
        raise Refused("evidence_missing")
    return [_piece(piece) for piece in written]


def _piece(piece: Json) -> dict[str, Json]:
    kind = piece.get("kind") if isinstance(piece, Mapping) else None
    if kind == "address":
        return {"kind": "address", "value": address(piece.get("value"))}
    if kind == "capture" and isinstance(piece.get("value"), str) and piece["value"].strip():
        return {"kind": "capture", "value": piece["value"].strip()}
    if kind == "file" and _is_file(piece):
        return {name: piece[name] for name in ("kind", "value", "sha256", "name", "size")}
    raise Refused("evidence_missing")


def _is_file(piece: Mapping[str, Json]) -> bool:
    texts = all(isinstance(piece.get(name), str) and piece[name] for name in ("value", "sha256", "name"))
    return texts and type(piece.get("size")) is int and piece["size"] > 0 and len(piece["name"]) <= LONGEST

"""What an owner of the database can do to its rows: change, drop, insert, renumber, hash and sign anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from huiying.core import codec, merkle, note
from tests.attacks.office import Row

Body = dict[str, Any]


def body(row: Row) -> Body:
    """Return what the bytes of `row` say."""
    found: Body = json.loads(row["raw"][1:])
    return found


def edited(row: Row, change: Callable[[Body], object]) -> Row:
    """Return `row` with other bytes; hashes are left as they are."""
    said = body(row)
    change(said)
    return row | {"raw": codec.EVENT_VERSION + codec.canonical(said), "alert": said["alert"]}


def changed(rows: Iterable[Row], seq: int, change: Callable[[Body], object]) -> list[Row]:
    """Return all rows, that of `seq` with other bytes."""
    return [edited(row, change) if row["seq"] == seq else row for row in rows]


def hashed(rows: Iterable[Row], key: Ed25519PrivateKey | None = None) -> list[Row]:
    """Number and hash all rows anew; with the signing `key` also sign every recorded checkpoint anew."""
    made: list[Row] = []
    leaves: list[bytes] = []
    chain, line = codec.GENESIS, ""
    for seq, given in enumerate(rows, 1):
        row = edited(given, lambda said, seq=seq: said.update(seq=seq))  # type: ignore[misc]
        said = body(row)
        if said["type"] in ("ledger_created", "restored"):
            kind = body(made[0])["payload"]["kind"] if made else said["payload"]["kind"]
            line = said["payload"]["origin"] if kind == "office" else f"{kind}/{said['payload']['origin']}"
        if said["type"] == "restored":
            row = edited(
                row, lambda said, last=seq - 1, chain=chain: said["payload"].update(last=last, chain=chain.hex())
            )  # type: ignore[misc]
        if said["type"] == "checkpoint_issued" and key is not None:
            covered = note.Checkpoint(line, len(leaves), merkle.root(leaves))
            payload = {"size": covered.size, "root": covered.root.hex(), "note": note.sign(covered.text(), line, key)}
            row = edited(row, lambda said, payload=payload: said["payload"].update(payload))  # type: ignore[misc]
        leaf = codec.leaf_hash(row["raw"])
        chain = codec.chain_hash(chain, leaf)
        leaves.append(leaf)
        made.append(row | {"seq": seq, "leaf": leaf, "chain": chain})
    return made


def without_checkpoints(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that are no recorded checkpoints."""
    return [row for row in rows if body(row)["type"] != "checkpoint_issued"]

"""The ledger's projection: a row that says how far it has come, and a row a piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, Engine, delete, select

from huiying.backends import sql
from huiying.backends.store_sql.rows import replace, replace_all
from huiying.backends.store_sql.tables import FOLDINGS, PIECES
from huiying.core.states import Folding, Piece


class SqlProjection:
    """See `huiying.core.states.Projection`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load(self) -> tuple[Folding, list[Piece]] | None:
        """Return what was saved last, from one state of the database."""
        with sql.reading(self._engine, "store") as connection:
            folding = _folding(connection)
            if folding is None:
                return None
            rows = connection.execute(select(PIECES).order_by(PIECES.c.number, PIECES.c.kind, PIECES.c.id))
            return folding, [Piece(row.kind, row.id, row.number, bytes(row.body)) for row in rows]

    def save(self, folding: Folding, pieces: Sequence[Piece], before: Folding | None) -> bool:
        """Keep `folding` and `pieces` if `before` is what stands, or in place of everything."""
        with sql.writing(self._engine, "store", alone="projection") as connection:
            if before is None:
                connection.execute(delete(PIECES))
            elif _folding(connection) != before:
                return False
            replace(connection, FOLDINGS, {"one": True}, asdict(folding))
            replace_all(connection, PIECES, ("kind", "id"), [asdict(piece) for piece in pieces])
            return True


def _folding(connection: Connection) -> Folding | None:
    row = connection.execute(select(FOLDINGS)).one_or_none()
    return None if row is None else Folding(row.seq, bytes(row.chain), row.version, bytes(row.checksum))

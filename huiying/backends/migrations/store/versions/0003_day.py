"""Keep results of captures by the day after which a page is looked at again; those from before are of day 0."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from huiying.core.errors import Refused

revision = "0003"
down_revision = "0002"
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_WORDS = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_KEPT = "event, attempt, address, reference, first_fetched, at, failure"


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, _WORDS, nullable=nullable)


def _make(*keys: sa.Column[Any]) -> None:
    """Make the table anew, since SQLite changes no primary key, and take over its rows."""
    op.rename_table("captured", "captured_before")
    op.create_table(
        "captured",
        *keys,
        _text("address"),
        _text("reference", nullable=True),
        _text("first_fetched", nullable=True),
        _text("at"),
        _text("failure"),
    )


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, _NUMBER if name == "event" else sa.Integer, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Add `day` to the key."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX captured_pkey RENAME TO captured_before_pkey")
    _make(_number("event"), _number("day"), _number("attempt"))
    op.execute(f"INSERT INTO captured (day, {_KEPT}) SELECT 0, {_KEPT} FROM captured_before")
    op.drop_table("captured_before")


def downgrade() -> None:
    """Take `day` out of the key while nothing was looked at again."""
    if op.get_bind().exec_driver_sql("SELECT 1 FROM captured WHERE day > 0 LIMIT 1").first() is not None:
        raise Refused("no_way_back", what="store", revision=revision)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX captured_pkey RENAME TO captured_before_pkey")
    _make(_number("event"), _number("attempt"))
    op.execute(f"INSERT INTO captured ({_KEPT}) SELECT {_KEPT} FROM captured_before")
    op.drop_table("captured_before")

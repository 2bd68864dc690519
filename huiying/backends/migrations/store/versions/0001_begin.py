"""Begin the store: the tables as they stand in `huiying.backends.store_sql.tables` at this revision."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from huiying.core.errors import Refused

revision = "0001"
down_revision = None
_TABLES = (
    *("sources", "posts", "pages", "stories", "fingerprints", "accounts", "names", "sessions", "failures"),
    *("deliveries", "captured", "alarms", "cursors"),
)
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_WORDS = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_PROSE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, nullable: bool = False, **options: Any) -> sa.Column[str]:
    return sa.Column(name, _WORDS, nullable=nullable, **options)


def upgrade() -> None:
    """Make every table of the first version."""
    op.create_table("sources", _text("source", primary_key=True), sa.Column("state", _PROSE, nullable=False))
    op.create_table(
        "posts",
        _text("post", primary_key=True),
        _text("source"),
        sa.Column("version", sa.Integer, nullable=False),
        *(_text(name) for name in ("item_hash", "body_hash", "first_seen", "fetched")),
    )
    op.create_table(
        "pages", _text("address", primary_key=True), _text("sha256", primary_key=True), _text("first_fetched")
    )
    op.create_table(
        "stories",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        _text("post", unique=True),
        _text("story", index=True),
        _text("day"),
        sa.Column("size", sa.Integer, nullable=False),
    )
    op.create_table(
        "fingerprints",
        sa.Column("fingerprint", sa.BigInteger, primary_key=True, autoincrement=False),
        _text("post", primary_key=True),
        _text("day", index=True),
    )
    _people()
    _following()


def _people() -> None:
    op.create_table(
        "accounts",
        _text("login", primary_key=True),
        _text("pseudonym", unique=True),
        _text("role"),
        _text("unit", nullable=True),
        _text("language"),
        _text("password"),
        sa.Column("active", sa.Boolean, nullable=False),
    )
    op.create_table("names", _text("pseudonym", primary_key=True), _text("name"))
    op.create_table(
        "sessions", _text("id", primary_key=True), _text("login", index=True), _text("token"), _text("until")
    )
    op.create_table(
        "failures",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        _text("who", index=True),
        _text("at"),
    )


def _following() -> None:
    op.create_table(
        "deliveries",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("seq", _NUMBER, nullable=False),
        _text("channel"),
        _text("subject"),
        sa.Column("attempts", sa.Integer, nullable=False),
        _text("due", nullable=True, index=True),
        _text("delivered", nullable=True),
        sa.Column("answer", _PROSE, nullable=False),
    )
    op.create_table(
        "captured",
        sa.Column("event", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        _text("address"),
        _text("reference", nullable=True),
        _text("first_fetched", nullable=True),
        _text("at"),
        _text("failure"),
    )
    op.create_table(
        "alarms",
        _text("source", primary_key=True),
        _text("reason", primary_key=True),
        _text("since"),
        sa.Column("detail", _PROSE, nullable=False),
    )
    op.create_table("cursors", _text("name", primary_key=True), sa.Column("seq", _NUMBER, nullable=False))


def downgrade() -> None:
    """Remove every table while none holds anything: names and sessions could not be computed again."""
    for table in _TABLES:
        if op.get_bind().exec_driver_sql(f"SELECT 1 FROM {table} LIMIT 1").first() is not None:
            raise Refused("no_way_back", what="store", revision=revision)
    for table in _TABLES:
        op.drop_table(table)

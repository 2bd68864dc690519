"""Keep fingerprints in their own order: on SQLite the key is the table, half the pages to write for each."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
_WORDS = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _make(with_rowid: bool) -> None:
    """Make the table anew on SQLite, which changes no table's kind, and take over its rows; PostgreSQL has one kind."""
    if op.get_bind().dialect.name == "postgresql":
        return
    op.drop_index("ix_fingerprints_day", "fingerprints")
    op.rename_table("fingerprints", "fingerprints_before")
    op.create_table(
        "fingerprints",
        sa.Column("fingerprint", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("post", _WORDS, primary_key=True),
        sa.Column("day", _WORDS, nullable=False, index=True),
        sqlite_with_rowid=with_rowid,
    )
    op.execute("INSERT INTO fingerprints SELECT fingerprint, post, day FROM fingerprints_before")
    op.drop_table("fingerprints_before")


def upgrade() -> None:
    """Make the key the table."""
    _make(with_rowid=False)


def downgrade() -> None:
    """Keep rows beside the key again."""
    _make(with_rowid=True)

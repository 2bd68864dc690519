"""Keep what watch folded of the ledger, so that a role need not fold from the first event at its start."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_WORDS = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables, empty: watch fills them."""
    op.create_table(
        "foldings",
        sa.Column("one", sa.Boolean, primary_key=True),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
        sa.Column("version", _WORDS, nullable=False),
        sa.Column("checksum", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "pieces",
        sa.Column("kind", _WORDS, primary_key=True),
        sa.Column("id", _WORDS, primary_key=True),
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Remove the tables: the ledger holds everything that they do."""
    op.drop_table("pieces")
    op.drop_table("foldings")

"""Count by day what was read and what was buried, until the day is recorded in the ledger."""

import sqlalchemy as sa
from alembic import op

from huiying.core.errors import Refused

revision = "0004"
down_revision = "0003"
_WORDS = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    keys = [sa.Column(name, _WORDS, primary_key=True) for name in ("day", "kind", "name")]
    op.create_table("tallies", *keys, sa.Column("count", sa.Integer, nullable=False))


def downgrade() -> None:
    """Remove the table while it holds nothing: what was counted could not be counted again."""
    if op.get_bind().exec_driver_sql("SELECT 1 FROM tallies LIMIT 1").first() is not None:
        raise Refused("no_way_back", what="store", revision=revision)
    op.drop_table("tallies")

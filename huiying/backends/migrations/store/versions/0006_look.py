"""Keep how each account wants its pages to look."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
_WORDS = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the column, empty: as the browser has it."""
    op.add_column("accounts", sa.Column("look", _WORDS, nullable=False, server_default=""))


def downgrade() -> None:
    """Drop the column: what it holds can be chosen again."""
    op.drop_column("accounts", "look")

"""Give each name the salt that its pseudonym commits with; those from before have none and commit to nothing."""

import sqlalchemy as sa
from alembic import op

from huiying.core.errors import Refused

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column, empty."""
    op.add_column("names", sa.Column("salt", sa.String, nullable=False, server_default=""))


def downgrade() -> None:
    """Drop the column while every salt is empty: a salt could not be computed again."""
    if op.get_bind().exec_driver_sql("SELECT 1 FROM names WHERE salt <> '' LIMIT 1").first() is not None:
        raise Refused("no_way_back", what="store", revision=revision)
    op.drop_column("names", "salt")

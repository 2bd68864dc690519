"""Begin the ledger: one table of events that no statement updates or deletes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table, its indexes and, on SQLite, the triggers that refuse accidents."""
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("alert", sa.String),
        sa.Column("key", sa.String),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
    )
    op.create_index("events_alert", "events", ["alert", "seq"])
    op.create_index("events_key", "events", ["key"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER events_no_{verb.lower()} BEFORE {verb} ON events "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )

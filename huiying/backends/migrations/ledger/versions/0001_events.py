"""Begin the ledger: one table of events that no statement updates or deletes."""

import sqlalchemy as sa
from alembic import op

from huiying.core.errors import Refused

revision = "0001"
down_revision = None


_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table, its indexes, and what refuses to change or delete an event."""
    op.create_table(
        "events",
        sa.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("alert", sa.String),
        sa.Column("key", sa.String),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
    )
    op.create_index("events_alert", "events", ["alert", "seq"])
    op.create_index("events_key", "events", ["key"])
    {"sqlite": _sqlite, "postgresql": _postgresql}[op.get_bind().dialect.name]()


def _sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER events_no_{verb.lower()} BEFORE {verb} ON events "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )


def _postgresql() -> None:
    """Take the rights from the ledger's own role, and refuse whoever has them all the same; make the row to lock."""
    op.execute(
        "CREATE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for verb in ("UPDATE", "DELETE", "TRUNCATE"):
        name = f"events_no_{verb.lower()}"
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON events EXECUTE FUNCTION events_refuse()")
        # Without ALWAYS, session_replication_role = replica would pass it by.
        op.execute(f"ALTER TABLE events ENABLE ALWAYS TRIGGER {name}")
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON events FROM PUBLIC, CURRENT_USER")
    op.execute("CREATE TABLE head (one boolean PRIMARY KEY CHECK (one))")
    op.execute("INSERT INTO head VALUES (true)")


def downgrade() -> None:
    """Remove the table while it holds nothing; events are never dropped."""
    if op.get_bind().exec_driver_sql("SELECT 1 FROM events LIMIT 1").first() is not None:
        raise Refused("no_way_back", what="ledger", revision=revision)
    op.drop_table("events")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_table("head")
        op.execute("DROP FUNCTION events_refuse()")

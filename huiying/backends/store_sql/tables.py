"""Tables of the store. Instants are ISO 8601 text in UTC, as the codec writes them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, String, Table, Text

METADATA = MetaData()

SOURCES = Table(
    "sources",
    METADATA,
    Column("source", String, primary_key=True),
    Column("state", Text, nullable=False),
)
POSTS = Table(
    "posts",
    METADATA,
    Column("post", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("item_hash", String, nullable=False),
    Column("body_hash", String, nullable=False),
    Column("first_seen", String, nullable=False),
    Column("fetched", String, nullable=False),
)
PAGES = Table(
    "pages",
    METADATA,
    Column("address", String, primary_key=True),
    Column("sha256", String, primary_key=True),
    Column("first_fetched", String, nullable=False),
)
STORIES = Table(
    "stories",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("post", String, nullable=False, unique=True),
    Column("story", String, nullable=False, index=True),
    Column("day", String, nullable=False),
    Column("size", Integer, nullable=False),
)
FINGERPRINTS = Table(
    "fingerprints",
    METADATA,
    Column("fingerprint", BigInteger, primary_key=True, autoincrement=False),
    Column("post", String, primary_key=True),
    Column("day", String, nullable=False, index=True),
)
ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("login", String, primary_key=True),
    Column("pseudonym", String, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("unit", String),
    Column("language", String, nullable=False),
    Column("password", String, nullable=False),
    Column("active", Boolean, nullable=False),
)
NAMES = Table(
    "names",
    METADATA,
    Column("pseudonym", String, primary_key=True),
    Column("name", String, nullable=False),
)
SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", String, primary_key=True),
    Column("login", String, nullable=False, index=True),
    Column("token", String, nullable=False),
    Column("until", String, nullable=False),
)
FAILURES = Table(
    "failures",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("who", String, nullable=False, index=True),
    Column("at", String, nullable=False),
)
DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("seq", Integer, nullable=False),
    Column("channel", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", String, index=True),
    Column("delivered", String),
    Column("answer", Text, nullable=False),
)
CAPTURED = Table(
    "captured",
    METADATA,
    Column("event", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("address", String, nullable=False),
    Column("reference", String),
    Column("first_fetched", String),
    Column("at", String, nullable=False),
    Column("failure", String, nullable=False),
)
ALARMS = Table(
    "alarms",
    METADATA,
    Column("source", String, primary_key=True),
    Column("reason", String, primary_key=True),
    Column("since", String, nullable=False),
    Column("detail", Text, nullable=False),
)
CURSORS = Table(
    "cursors",
    METADATA,
    Column("name", String, primary_key=True),
    Column("seq", Integer, nullable=False),
)

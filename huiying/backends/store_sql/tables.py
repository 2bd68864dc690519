"""Tables of the store. Instants are ISO 8601 text in UTC, as the codec writes them.

Texts compare by their code points: the migrations give them the collation "C" on PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, MetaData, Table

from huiying.backends.sql import Prose, Words

METADATA = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself for its type INTEGER only

SOURCES = Table(
    "sources",
    METADATA,
    Column("source", Words, primary_key=True),
    Column("state", Prose, nullable=False),
)
POSTS = Table(
    "posts",
    METADATA,
    Column("post", Words, primary_key=True),
    Column("source", Words, nullable=False),
    Column("version", Integer, nullable=False),
    Column("item_hash", Words, nullable=False),
    Column("body_hash", Words, nullable=False),
    Column("first_seen", Words, nullable=False),
    Column("fetched", Words, nullable=False),
)
PAGES = Table(
    "pages",
    METADATA,
    Column("address", Words, primary_key=True),
    Column("sha256", Words, primary_key=True),
    Column("first_fetched", Words, nullable=False),
)
STORIES = Table(
    "stories",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("post", Words, nullable=False, unique=True),
    Column("story", Words, nullable=False, index=True),
    Column("day", Words, nullable=False),
    Column("size", Integer, nullable=False),
)
FINGERPRINTS = Table(
    "fingerprints",
    METADATA,
    Column("fingerprint", BigInteger, primary_key=True, autoincrement=False),
    Column("post", Words, primary_key=True),
    Column("day", Words, nullable=False, index=True),
)
ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("login", Words, primary_key=True),
    Column("pseudonym", Words, nullable=False, unique=True),
    Column("role", Words, nullable=False),
    Column("unit", Words),
    Column("language", Words, nullable=False),
    Column("password", Words, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("look", Words, nullable=False),
)
NAMES = Table(
    "names",
    METADATA,
    Column("pseudonym", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("salt", Words, nullable=False),
)
SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", Words, primary_key=True),
    Column("login", Words, nullable=False, index=True),
    Column("token", Words, nullable=False),
    Column("until", Words, nullable=False),
)
FAILURES = Table(
    "failures",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("who", Words, nullable=False, index=True),
    Column("at", Words, nullable=False),
)
DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("seq", _NUMBER, nullable=False),
    Column("channel", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Words, index=True),
    Column("delivered", Words),
    Column("answer", Prose, nullable=False),
)
CAPTURED = Table(
    "captured",
    METADATA,
    Column("event", _NUMBER, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("address", Words, nullable=False),
    Column("reference", Words),
    Column("first_fetched", Words),
    Column("at", Words, nullable=False),
    Column("failure", Words, nullable=False),
)
ALARMS = Table(
    "alarms",
    METADATA,
    Column("source", Words, primary_key=True),
    Column("reason", Words, primary_key=True),
    Column("since", Words, nullable=False),
    Column("detail", Prose, nullable=False),
)
TALLIES = Table(
    "tallies",
    METADATA,
    Column("day", Words, primary_key=True),
    Column("kind", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("count", Integer, nullable=False),
)
CURSORS = Table(
    "cursors",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("seq", _NUMBER, nullable=False),
)
FOLDINGS = Table(
    "foldings",
    METADATA,
    Column("one", Boolean, primary_key=True),
    Column("seq", _NUMBER, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    Column("version", Words, nullable=False),
    Column("checksum", LargeBinary, nullable=False),
)
PIECES = Table(
    "pieces",
    METADATA,
    Column("kind", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("number", _NUMBER, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

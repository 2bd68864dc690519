"""A report as values: what every writer prints, and nothing of how it looks.

Report ─ Section ─ Block: Paragraph │ Definition │ Table │ Chart │ Sealed
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; `strong` is what a reader must not miss."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """What the figure above means, in a line of its own."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under a header; `widths` are shares of the line, one a column."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of `parts` of `wholes`, one a label; the numbers stand in the table beside it."""

    caption: str
    labels: tuple[str, ...]
    parts: tuple[int, ...]
    wholes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """The checkpoint: its note as text and QR code, with `lines` above it and the proofs that lead to it below."""

    lines: tuple[str, ...]
    note: str
    proofs: tuple[str, ...]


Block = Paragraph | Definition | Table | Chart | Sealed


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of level 1 or 2 with what stands under it."""

    heading: str
    blocks: tuple[Block, ...]
    level: int = 1


@dataclass(frozen=True, slots=True)
class Issue:
    """What the ledger says of an issued report: number of its event, SHA-256 of its figures, note, proofs as lines."""

    seq: int
    sha256: str
    note: str
    proofs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `mark` stands on each page: "演示" for a demonstration's, "草稿" for one not issued, else nothing.

    `lines` stand under the title, `created` is the cut-off (UTC) and the only date that a file carries, `identity` says
    in the file's properties which report it is. `annex` begins on a new page; a `brief` report is set smaller.
    """

    language: str
    title: str
    office: str
    mark: str
    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    annex: tuple[Section, ...]
    created: datetime
    identity: str
    brief: bool = False

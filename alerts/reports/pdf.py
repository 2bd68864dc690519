"""The report on paper: typst sets it after GB/T 9704-2012 as PDF/A-2b, the same bytes for the same report.

Report ─► data.json, charts, QR code in a folder of their own ─► report.typ ─► PDF

No text of ours or of an outlet is ever put into the source: typst reads it as data, so that "#" prints as "#".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alerts.reports import charts, qr
from alerts.reports.model import Block, Chart, Definition, Paragraph, Report, Sealed, Section, Table
from alerts.reports.setting import setting
from huiying.core.messages import text

_SOURCE = "report.typ"


def write(report: Report) -> bytes:
    """Return `report` as PDF/A-2b."""
    pdf = _compiled(report, format="pdf", pdf_standards="a-2b", timestamp=int(report.created.timestamp()))
    assert isinstance(pdf, bytes)
    return pdf


def pictures(report: Report, ppi: float = 96) -> list[bytes]:
    """Return each page of the PDF as a PNG, for looking at."""
    pages = _compiled(report, format="png", ppi=ppi)
    return pages if isinstance(pages, list) else [pages]


def _compiled(report: Report, **how: Any) -> Any:
    import typst

    with TemporaryDirectory() as name:
        folder = Path(name)
        source = (resources.files("alerts.reports") / _SOURCE).read_text(encoding="utf-8")
        (folder / _SOURCE).write_text(source, encoding="utf-8")
        (folder / "data.json").write_text(json.dumps(_data(report, folder), ensure_ascii=False), encoding="utf-8")
        return typst.Compiler(folder / _SOURCE, root=folder).compile(**how)


def _data(report: Report, folder: Path) -> dict[str, Any]:
    pictures = _Pictures(folder)
    return {
        "language": report.language,
        "title": report.title,
        "office": report.office,
        "mark": report.mark,
        "lines": report.lines,
        "identity": report.identity,
        "setting": f"huiying-setting:{setting('pdf')}",
        "brief": report.brief,
        "created": list(report.created.astimezone(UTC).timetuple()[:6]),
        "sections": list(_sections(report.sections, pictures)),
        "annex": list(_sections(report.annex, pictures)),
        "annex_title": text("report.annex", report.language),
    }


def _sections(sections: Iterable[Section], pictures: _Pictures) -> Iterator[dict[str, Any]]:
    for section in sections:
        blocks = [_block(block, pictures) for block in section.blocks]
        yield {"heading": section.heading, "level": section.level, "blocks": blocks}


def _block(block: Block, pictures: _Pictures) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"kind": "paragraph", "text": block.text, "strong": block.strong}
        case Definition():
            return {"kind": "definition", "text": block.text}
        case Table():
            return {"kind": "table", "header": block.header, "rows": block.rows, "widths": block.widths}
        case Chart():
            alt = "; ".join(f"{label} {part}/{whole}" for label, part, whole in _bars(block))
            return {"kind": "chart", "file": pictures.keep(charts.draw(block, "svg")), "alt": alt}
        case Sealed():
            file = pictures.keep(qr.draw(block.note, "svg"))
            texts = {"lines": block.lines, "note": block.note, "proofs": block.proofs}
            return {"kind": "sealed", "file": file, **texts}


def _bars(chart: Chart) -> Iterable[tuple[str, int, int]]:
    return zip(chart.labels, chart.parts, chart.wholes, strict=True)


class _Pictures:
    """The pictures of one report, numbered in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def keep(self, svg: bytes) -> str:
        """Write a picture; return its file name."""
        self._count += 1
        name = f"{self._count}.svg"
        (self._folder / name).write_bytes(svg)
        return name

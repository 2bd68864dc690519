"""The report as a workbook: a sheet for each section, native charts, every text a text.

A title such as "=1+1" comes from outside: nothing is ever made a formula, a number or a link.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any

from alerts.reports.model import Block, Chart, Definition, Paragraph, Report, Sealed, Section, Table
from alerts.reports.setting import setting

_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_FORBIDDEN = str.maketrans("[]:*?/\\'", "（） ＊？／＼ ")
_LONGEST_NAME, _LONGEST_CELL = 31, 32767  # limits of the format


def write(report: Report) -> bytes:
    """Return `report` as xlsx, the same bytes for the same report; numbers of tables are numbers, to be added up."""
    import xlsxwriter

    out = BytesIO()
    book = xlsxwriter.Workbook(out, _PLAIN)
    created = datetime.fromtimestamp(int(report.created.timestamp()), report.created.tzinfo).replace(tzinfo=None)
    book.set_properties(
        {
            "title": f"{report.office} {report.title}",
            "keywords": f"{report.identity} huiying-setting:{setting('xlsx')}",
            "author": "Huiying",
            "created": created,
        }
    )
    used: set[str] = set()
    head = Section(report.title, tuple(Paragraph(line) for line in (report.mark, report.office, *report.lines) if line))
    for section in (head, *report.sections, *report.annex):
        _sheet(book, book.add_worksheet(_name(section.heading, used)), section)
    book.close()
    return out.getvalue()


def _name(heading: str, used: set[str]) -> str:
    """Return a name for a sheet that is none yet."""
    plain = heading.translate(_FORBIDDEN).strip() or "-"
    name, number = plain[:_LONGEST_NAME], 2
    while name.casefold() in used:
        name = f"{plain[: _LONGEST_NAME - 4]} {number}"
        number += 1
    used.add(name.casefold())
    return name


def _sheet(book: Any, sheet: Any, section: Section) -> None:
    bold = book.add_format({"bold": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 36, wrapped)
    sheet.set_column(1, 8, 22, wrapped)
    sheet.write_string(0, 0, section.heading[:_LONGEST_CELL], bold)
    row = 2
    for block in section.blocks:
        row = _block(book, sheet, block, row, bold) + 1


def _block(book: Any, sheet: Any, block: Block, row: int, bold: Any) -> int:
    """Write a block from `row` on; return the row after it."""
    match block:
        case Paragraph() | Definition():
            sheet.write_string(row, 0, block.text[:_LONGEST_CELL])
            return row + 1
        case Table():
            return _table(sheet, block, row, bold)
        case Chart():
            return _chart(book, sheet, block, row, bold)
        case Sealed():
            lines = (*block.lines, *block.note.split("\n"), *block.proofs)
            for number, line in enumerate(lines):
                sheet.write_string(row + number, 0, line[:_LONGEST_CELL])
            return row + len(lines)


def _table(sheet: Any, table: Table, row: int, bold: Any) -> int:
    for column, words in enumerate(table.header):
        sheet.write_string(row, column, words, bold)
    for number, cells in enumerate(table.rows, row + 1):
        for column, words in enumerate(cells):
            if words.isascii() and words.isdigit() and len(words) < 10:
                sheet.write_number(number, column, int(words))
            else:
                sheet.write_string(number, column, words[:_LONGEST_CELL])
    return row + 1 + len(table.rows)


def _chart(book: Any, sheet: Any, chart: Chart, row: int, bold: Any) -> int:
    """Write the chart's numbers, and beside them a native chart of them."""
    count, name = len(chart.labels), sheet.get_name()
    for number, (label, part, whole) in enumerate(zip(chart.labels, chart.parts, chart.wholes, strict=True), row + 1):
        sheet.write_string(number, 0, label)
        sheet.write_number(number, 1, part)
        sheet.write_number(number, 2, whole)
    sheet.write_string(row, 0, chart.caption, bold)
    drawn = book.add_chart({"type": "bar"})
    for column, fill in ((1, {"color": "#404040"}), (2, {"color": "#FFFFFF"})):
        drawn.add_series(
            {
                "categories": [name, row + 1, 0, row + count, 0],
                "values": [name, row + 1, column, row + count, column],
                "fill": fill,
                "border": {"color": "#000000"},
                "data_labels": {"value": True},
            }
        )
    drawn.set_title({"name": chart.caption})
    drawn.set_legend({"none": True})
    drawn.set_y_axis({"reverse": True})
    sheet.insert_chart(row, 4, drawn)
    return row + max(count + 1, 16)

"""The workbook: texts stay texts, numbers are numbers, charts are its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile

from lxml import etree

from alerts.reports import xlsx
from alerts.reports.model import Report
from tests.alerts.reports.conftest import FORMULA, ISSUE

Build = Callable[..., Report]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def parts(made: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(made)) as book:
        return {name: book.read(name) for name in book.namelist()}


def test_a_title_that_begins_like_a_formula_is_a_text(report: Build) -> None:
    found = parts(xlsx.write(report()))
    sheets = [body for name, body in found.items() if name.startswith("xl/worksheets/sheet")]
    assert not any(b"<f>" in body or b"<hyperlink" in body for body in sheets)
    texts = {"".join(one.itertext()) for one in etree.fromstring(found["xl/sharedStrings.xml"]).iter(f"{MAIN}si")}
    assert FORMULA in texts


def test_counts_are_numbers_and_fractions_are_texts(report: Build) -> None:
    found = parts(xlsx.write(report()))
    sheet = etree.fromstring(found["xl/worksheets/sheet2.xml"])
    kinds = {cell.get("r"): (cell.get("t"), cell.findtext(f"{MAIN}v")) for cell in sheet.iter(f"{MAIN}c")}
    numbers = [value for address, (kind, value) in kinds.items() if address.startswith("B") and kind is None]
    assert numbers[:4] == ["3", "1", "1", "0"]  # fell due, correct, not correct, still observed


def test_there_is_a_sheet_for_each_section_under_a_name_of_its_own(report: Build) -> None:
    made = report()
    book = etree.fromstring(parts(xlsx.write(made))["xl/workbook.xml"])
    names = [sheet.get("name") or "" for sheet in book.iter(f"{MAIN}sheet")]
    assert len(names) == 1 + len(made.sections) + len(made.annex)
    assert len({name.casefold() for name in names}) == len(names)
    assert not any(len(name) > 31 or re.search(r"[\[\]:*?/\\]", name) for name in names)


def test_charts_are_native_and_the_file_says_which_report_it_is(report: Build) -> None:
    made = report()
    found = parts(xlsx.write(made))
    drawn = sum(type(block).__name__ == "Chart" for section in made.sections for block in section.blocks)
    assert sum(name.startswith("xl/charts/chart") for name in found) == drawn == 3
    assert f"huiying:100:{ISSUE.sha256}".encode() in found["docProps/core.xml"]


def test_the_same_report_is_the_same_bytes(report: Build) -> None:
    assert xlsx.write(report()) == xlsx.write(report())

"""The document that the office edits: the standard's grid and fonts, and a template that cannot run anything."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile

import pytest
from docx import Document
from docx.document import Document as DocumentObject
from docx.oxml.ns import qn
from docx.shared import Mm

from alerts.reports import docx
from alerts.reports.model import Report, Table
from huiying.core.errors import Refused
from tests.alerts.reports.conftest import HOSTILE, ISSUE

Build = Callable[..., Report]


def opened(made: bytes) -> DocumentObject:
    return Document(BytesIO(made))


def template(*lines: str) -> bytes:
    document = Document()
    for line in lines:
        document.add_paragraph(line)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def said(document: DocumentObject) -> list[str]:
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [line.text for line in document.paragraphs] + cells


def test_page_grid_and_fonts_are_the_standards(report: Build) -> None:
    document = opened(docx.write(report()))
    section = document.sections[0]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    wanted = (37, 35, 28, 25.8)
    assert [round((margin or 0) / Mm(1), 1) for margin in margins] == list(wanted)
    grid = section._sectPr.find(qn("w:docGrid"))
    assert (grid.get(qn("w:type")), grid.get(qn("w:linePitch"))) == ("lines", "579")
    normal = document.styles["Normal"]
    assert normal.font.size
    assert normal.font.size.pt == 16
    assert normal.element.rPr.rFonts.get(qn("w:eastAsia")) == "仿宋_GB2312"
    assert normal.element.rPr.find(qn("w:spacing")).get(qn("w:val")) == "-4"


def test_it_holds_every_table_of_the_report(report: Build) -> None:
    made = report()
    document = opened(docx.write(made))
    tables = [block for part in (*made.sections, *made.annex) for block in part.blocks if isinstance(block, Table)]
    written = [[tuple(cell.text for cell in row.cells) for row in table.rows] for table in document.tables]
    assert written == [[table.header, *table.rows] for table in tables]
    assert any(HOSTILE in line for line in said(document))
    assert document.core_properties.keywords == f"huiying:100:{ISSUE.sha256}"


def test_a_table_keeps_with_its_heading_and_repeats_its_header(report: Build) -> None:
    document = opened(docx.write(report()))
    headings = [line for line in document.paragraphs if line.text.startswith(("一、", "二、", "三、"))]
    assert len(headings) == 3
    assert all(line.paragraph_format.keep_with_next for line in headings)
    for table in document.tables:
        first = table.rows[0]._tr.trPr
        assert first.find(qn("w:tblHeader")) is not None
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)


def test_the_annex_begins_a_page_without_an_empty_one_before_it(report: Build) -> None:
    lines = opened(docx.write(report())).paragraphs
    (at,) = [number for number, line in enumerate(lines) if line.text.startswith("附件")]
    assert lines[at].paragraph_format.page_break_before
    assert [line for line in lines if line._p.xpath(".//w:br[@w:type='page']")] == []


def test_page_numbers_are_fields_and_pictures_are_described(report: Build) -> None:
    document = opened(docx.write(report()))
    section = document.sections[0]
    for footer in (section.footer, section.even_page_footer):
        (field,) = footer._element.iter(qn("w:fldSimple"))
        assert field.get(qn("w:instr")) == "PAGE"
        assert footer.paragraphs[0].text.replace(" ", "") == "——"
    assert section.header.paragraphs[0].text == "测试"
    described = [shape._inline.docPr.get("descr") for shape in document.inline_shapes]
    assert "QR" in described
    assert "C1 1/2; C2 1/2" in " ".join(described)


def test_the_same_report_is_the_same_bytes(report: Build) -> None:
    made = docx.write(report())
    assert docx.write(report()) == made
    with ZipFile(BytesIO(made)) as package:
        assert {part.date_time for part in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_an_offices_own_template_is_filled_in(report: Build) -> None:
    mine = template("{{ office }}文件", "{{ title }}（{{ period }}）{{ mark }}", "{{ body }}", "抄送：各单位")
    lines = [line.text for line in opened(docx.write(report(), mine)).paragraphs]
    assert lines[0] == "云泽县值班台文件"
    assert lines[1].startswith("媒体反映问题回应处置情况报告（2026年第1季度")
    assert lines[2] == "一、处置正确率"
    assert lines[-1] == "抄送：各单位"
    assert "{{" not in "".join(lines)


@pytest.mark.parametrize(
    "line",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ title.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% for one in range(1000000000) %}x{% endfor %}",
        "{{ secrets }}",
        "{{ title",
        "{{ 1 // 0 }}",
    ],
)
def test_a_template_that_tries_more_than_to_name_a_field_is_refused(report: Build, line: str) -> None:
    with pytest.raises(Refused, match="template_refused"):
        docx.write(report(), template(line, "{{ body }}"))


def test_a_template_without_a_place_for_the_report_and_a_file_that_is_none_are_refused(report: Build) -> None:
    with pytest.raises(Refused, match="template_without_body"):
        docx.write(report(), template("{{ title }}"))
    with pytest.raises(Refused, match="template_unreadable"):
        docx.write(report(), b"PK\x03\x04 no document")

"""The report as the document that an office edits: GB/T 9704-2012 in docx, off the same model as the PDF.

A template of the office's own, a .docx, gives styles, margins, header and footer; the report is put where it says
{{ body }}, and {{ title }}, {{ office }}, {{ period }} and {{ mark }} are filled in. Templates are filled in a sandbox.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Mm, Pt
from docx.text.paragraph import Paragraph as Line
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from alerts.reports import charts, qr
from alerts.reports.model import Block, Chart, Definition, Paragraph, Report, Sealed, Section, Table
from huiying.core.errors import Refused
from huiying.core.messages import text

BODY = "{{ body }}"
FANG, HEI, KAI, SONG, MONO = "仿宋_GB2312", "黑体", "楷体_GB2312", "方正小标宋简体", "DejaVu Sans Mono"
_DIGITS = "一二三四五六七八九十"
_PITCH = 579  # twentieths of a point: 225 mm of text in 22 lines
# Of a character's width, in twentieths of a point: 28 of them fill the line, measured in a converted page.
_TRACKING = -4
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write(report: Report, template: bytes | None = None) -> bytes:
    """Return `report` as docx, the same bytes for the same report.

    `template` is the office's own .docx; one that cannot be read, that lacks {{ body }} or that tries more than to name
    a field is Refused.
    """
    document = _opened(template) if template else _blank(report)
    after = _filled(document, report) if template else None
    page = _Page(document, report, after)
    if after is None:
        page.title()
    page.sections(report.sections, numbered=True)
    if report.annex:
        page.annex()
    if after is not None:
        after._p.getparent().remove(after._p)
    _properties(document, report)
    out = BytesIO()
    document.save(out)
    return _undated(out.getvalue())


def _opened(template: bytes) -> DocumentObject:
    try:
        return Document(BytesIO(template))
    except Exception as cause:
        raise Refused("template_unreadable") from cause


def _filled(document: DocumentObject, report: Report) -> Line:
    """Fill the template's fields; return its line {{ body }}, before which the report is put and which then goes."""
    fields = {"title": report.title, "office": report.office, "mark": report.mark, "period": report.lines[0]}
    sandbox = SandboxedEnvironment(undefined=StrictUndefined)
    found = None
    for line in _lines(document):
        if line.text.strip() == BODY:
            found = line
        elif "{{" in line.text or "{%" in line.text:
            try:
                line.text = sandbox.from_string(line.text).render(fields)
            except (TemplateError, TypeError, ValueError, ArithmeticError) as cause:
                raise Refused("template_refused", line=line.text[:60]) from cause
    if found is None:
        raise Refused("template_without_body")
    return found


def _lines(document: DocumentObject) -> Iterable[Line]:
    for section in document.sections:
        for part in (section.header, section.footer, section.even_page_header, section.even_page_footer):
            yield from part.paragraphs
    yield from document.paragraphs


def _blank(report: Report) -> DocumentObject:
    """Return an empty document with the standard's page, styles and page numbers."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = (Mm(22), Mm(22)) if report.brief else (Mm(37), Mm(35))
    section.left_margin, section.right_margin = (Mm(24), Mm(24)) if report.brief else (Mm(28), Mm(25.8))
    section.header_distance, section.footer_distance = Mm(15), Mm(28 if not report.brief else 12)
    grid = OxmlElement("w:docGrid")
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(_PITCH))
    if not report.brief:
        for old in section._sectPr.findall(qn("w:docGrid")):
            section._sectPr.remove(old)
        section._sectPr.append(grid)
    _style(document, report)
    document.settings.odd_and_even_pages_header_footer = True
    _number(section.footer.paragraphs[0], WD_ALIGN_PARAGRAPH.RIGHT)
    _number(section.even_page_footer.paragraphs[0], WD_ALIGN_PARAGRAPH.LEFT)
    for header in (section.header, section.even_page_header):
        header.paragraphs[0].text = report.mark
        header.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    return document


def _style(document: DocumentObject, report: Report) -> None:
    normal = document.styles["Normal"]
    normal.font.size = Pt(11 if report.brief else 16)
    normal.font.name = "Times New Roman"
    _east_asian(normal.element.get_or_add_rPr(), FANG)
    tongue = OxmlElement("w:lang")
    tongue.set(qn("w:eastAsia"), "zh-CN")
    normal.element.get_or_add_rPr().append(tongue)
    form = normal.paragraph_format
    form.space_before = form.space_after = Pt(0)
    if not report.brief:
        spacing = OxmlElement("w:spacing")
        spacing.set(qn("w:val"), str(_TRACKING))
        normal.element.get_or_add_rPr().append(spacing)


def _east_asian(properties: Any, font: str) -> None:
    # python-docx sets the Latin font alone; Chinese text takes w:eastAsia.
    fonts = properties.get_or_add_rFonts()
    fonts.set(qn("w:eastAsia"), font)


def _number(line: Line, side: WD_ALIGN_PARAGRAPH) -> None:
    """Write "— 1 —", 14 pt: a field, so that it stays right when the office edits."""
    line.alignment = side
    for part in ("— ", None, " —"):
        run = line.add_run(part or "")
        run.font.size = Pt(14)
        if part is None:
            field = OxmlElement("w:fldSimple")
            field.set(qn("w:instr"), "PAGE")
            line._p.append(field)


class _Page:
    """Writes blocks at the end of the document, or before the template's line {{ body }}."""

    def __init__(self, document: DocumentObject, report: Report, before: Line | None) -> None:
        self._document = document
        self._report = report
        self._before = before
        self._chinese = report.language == "zh"
        self._small = Pt(9 if report.brief else 11)

    def title(self) -> None:
        """Write office, title and what stands under them."""
        for words in (self._report.office, self._report.title):
            line = self._line(words, font=SONG, size=Pt(18 if self._report.brief else 22))
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER
            _off_grid(line)
        for words in self._report.lines:
            line = self._line(words, font=KAI, size=Pt(11 if self._report.brief else 14))
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER

    def annex(self) -> None:
        """Write the annex on a new page."""
        heading = self._heading(text("report.annex", self._report.language), HEI)
        # A break in a line of its own leaves an empty page where the page before is full.
        heading.paragraph_format.page_break_before = True
        self.sections(self._report.annex, numbered=False)

    def sections(self, sections: Sequence[Section], numbered: bool) -> None:
        """Write sections, numbered 一、（一） in Chinese and 1. (1) in English where `numbered`."""
        first = second = 0
        for section in sections:
            first, second = (first + 1, 0) if section.level == 1 else (first, second + 1)
            mark = self._mark(section.level, first, second) if numbered else ""
            self._heading(mark + section.heading, HEI if section.level == 1 else KAI)
            for block in section.blocks:
                self._block(block)

    def _mark(self, level: int, first: int, second: int) -> str:
        if level == 1:
            return f"{_chinese(first)}、" if self._chinese else f"{first}. "
        return f"（{_chinese(second)}）" if self._chinese else f"({second}) "

    def _heading(self, words: str, font: str) -> Line:
        line = self._line(words, font=font, indent=self._chinese)
        line.paragraph_format.keep_with_next = True
        return line

    def _line(self, words: str, font: str = "", size: Pt | None = None, indent: bool = False) -> Line:
        line = self._before.insert_paragraph_before() if self._before else self._document.add_paragraph()
        run = line.add_run(words)
        if font:
            run.font.name = font
            _east_asian(run._r.get_or_add_rPr(), font)
        if size:
            run.font.size = size
        if indent:
            line.paragraph_format.first_line_indent = Pt((11 if self._report.brief else 16) * 2)
        return line

    def _block(self, block: Block) -> None:
        match block:
            case Paragraph():
                self._line(block.text, font=HEI if block.strong else "", indent=self._chinese)
            case Definition():
                _off_grid(self._line(block.text, size=self._small))
            case Table():
                self._table(block)
            case Chart():
                alt = "; ".join(f"{a} {b}/{c}" for a, b, c in zip(block.labels, block.parts, block.wholes, strict=True))
                self._picture(charts.draw(block, "png"), Cm(15.4), alt)
            case Sealed():
                for words in (*block.lines, *block.note.split("\n"), *block.proofs):
                    _off_grid(self._line(words, font=MONO, size=Pt(7)))
                self._picture(qr.draw(block.note, "png"), Cm(3.6), "QR")

    def _picture(self, png: bytes, width: int, alt: str) -> None:
        line = self._line("")
        _off_grid(line)
        shape = line.runs[0].add_picture(BytesIO(png), width=width)
        shape._inline.docPr.set("descr", alt)

    def _table(self, block: Table) -> None:
        made = self._document.add_table(rows=0, cols=len(block.widths))
        made.autofit = False
        made.style = "Table Grid" if "Table Grid" in [style.name for style in self._document.styles] else None
        if self._before:
            self._before._p.addprevious(made._tbl)
        widths = [Mm(int(156 * width / sum(block.widths))) for width in block.widths]
        for column, width in zip(made.columns, widths, strict=True):
            column.width = width
        for number, row in enumerate((block.header, *block.rows)):
            cells = made.add_row()
            properties = cells._tr.get_or_add_trPr()
            properties.append(OxmlElement("w:cantSplit"))
            if number == 0:
                properties.append(OxmlElement("w:tblHeader"))
            for cell, words, width in zip(cells.cells, row, widths, strict=True):
                cell.width = width
                self._cell(cell.paragraphs[0], words, number)
        gap = self._line("")
        gap.paragraph_format.line_spacing = Pt(6)
        _off_grid(gap)

    def _cell(self, line: Line, words: str, number: int) -> None:
        run = line.add_run(words)
        run.font.size = self._small
        if number == 0:
            _east_asian(run._r.get_or_add_rPr(), HEI)
        line.paragraph_format.keep_with_next = number < 2  # the header with the first row
        _off_grid(line)


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    ten = ("" if tens == 1 else _DIGITS[tens - 1]) + "十" if tens else ""
    return ten + (_DIGITS[ones - 1] if ones else "")


def _off_grid(line: Line) -> None:
    """Let the line be as high as its text: the grid would give a table's row two lines."""
    snap = OxmlElement("w:snapToGrid")
    snap.set(qn("w:val"), "0")
    line._p.get_or_add_pPr().append(snap)


def _properties(document: DocumentObject, report: Report) -> None:
    said = document.core_properties
    said.title, said.keywords, said.author = f"{report.office} {report.title}", report.identity, "Huiying"
    said.comments = ""
    said.created = said.modified = datetime.fromtimestamp(int(report.created.timestamp()), report.created.tzinfo)
    said.last_modified_by = "Huiying"


def _undated(docx: bytes) -> bytes:
    """Return the same package with one date for all its parts: the same report is the same bytes."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(docx)) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in made.namelist():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, made.read(name))
    return out.getvalue()

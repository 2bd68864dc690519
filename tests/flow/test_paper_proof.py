"""A printed report is proved by making it anew: an edited PDF is found, whatever was edited in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from pypdf import PdfReader, PdfWriter

from huiying import paper_proof
from huiying.core.errors import Refused, Tampered
from huiying.paper_proof import proved
from huiying.papers import DeskPapers
from tests.attacks.office import Office, noted, opened


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path / "desk")
    made.configure()
    made.append(opened("A1"), noted("A1"))
    return made


@pytest.fixture
def desk(office: Office) -> Iterator[DeskPapers]:
    with office.ledger() as ledger:
        second, template = office.data / "checkpoints", office.folder / "none.docx"
        names = {"P-duty": "值班甲"}
        yield DeskPapers(ledger, office.data, second, office.clock, "county", "t", lambda: names, template)


@pytest.mark.parametrize("form", ["pdf", "xlsx"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_was_issued_is_proved_at_any_later_time(desk: DeskPapers, form: str, language: str) -> None:
    seq = desk.issue("2026-Q1")
    body = desk.paper(seq, form, language).body
    desk.ledger.append([noted("A1")])
    desk.people().pop("P-duty")  # type: ignore[attr-defined]
    assert proved(desk, body) == seq


def edited(body: bytes) -> bytes:
    """Return the PDF as an editor saves it after it changed a word of the content."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(body)))
    page = writer.pages[0]
    content = page.get_contents()
    assert content is not None
    content.set_data(content.get_data() + b"\nq 1 1 1 rg 100 600 80 20 re f Q\n")  # a white patch over a number
    page.replace_contents(content)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_an_edited_pdf_is_found(desk: DeskPapers) -> None:
    seq = desk.issue("2026-Q1")
    body = desk.paper(seq, "pdf", "zh").body
    flipped = bytearray(body)
    flipped[len(body) // 2] ^= 1
    for changed in (edited(body), bytes(flipped), body + b"\n"):
        with pytest.raises(Tampered) as found:
            proved(desk, changed)
        assert (found.value.fields["seq"], found.value.fields["reason"]) == (seq, "report")


def test_a_paper_of_a_report_that_was_never_issued_is_found(desk: DeskPapers, office: Office, tmp_path: Path) -> None:
    other = Office(tmp_path / "other")
    other.configure()
    other.append(opened("A1"), noted("A1"), noted("A1"), noted("A1"))
    with other.ledger() as ledger:
        twin = DeskPapers(ledger, other.data, other.data / "s", other.clock, "county", "t", dict, other.folder / "n")
        foreign = twin.paper(twin.issue("2026-Q1"), "pdf", "zh").body
    desk.issue("2026-Q1")
    with pytest.raises(Tampered):
        proved(desk, foreign)


def test_what_cannot_be_said_is_said(desk: DeskPapers, monkeypatch: pytest.MonkeyPatch) -> None:
    seq = desk.issue("2026-Q1")
    with pytest.raises(Refused, match="paper_docx"):
        proved(desk, desk.paper(seq, "docx", "zh").body)
    for none in (b"%PDF-1.7 a letter", b"PK\x03\x04 no zip", package(), desk.draft("2026-Q1", "pdf", "zh").body):
        with pytest.raises(Refused, match="paper_unknown"):
            proved(desk, none)
    pdf, xlsx = (desk.paper(seq, form, "zh").body for form in ("pdf", "xlsx"))
    monkeypatch.setattr(paper_proof, "setting", lambda form: "0" * 16)
    for body in (edited(pdf), xlsx + b"x"):
        with pytest.raises(Refused, match="paper_set_elsewhere"):
            proved(desk, body)


def package() -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as made:
        made.writestr("a.txt", "x")
    return out.getvalue()


def test_names_stand_in_the_docx_alone(desk: DeskPapers) -> None:
    desk.ledger.append([noted("A1")])
    office_days = desk.clock
    office_days.forward(days=40)  # type: ignore[attr-defined]
    desk.ledger.append([noted("A1")])
    seq = desk.issue("2026-Q1")
    with ZipFile(BytesIO(desk.paper(seq, "docx", "zh").body)) as made:
        assert "值班甲" in made.read("word/document.xml").decode()
    printed = "".join(page.extract_text() for page in PdfReader(BytesIO(desk.paper(seq, "pdf", "zh").body)).pages)
    assert "P-duty" in printed
    assert "值班甲" not in printed


def test_the_command_tells_three_answers_apart(desk: DeskPapers, office: Office, tmp_path: Path) -> None:
    seq = desk.issue("2026-Q1")
    body = desk.paper(seq, "pdf", "zh").body
    for name, content, code, said in (
        ("good.pdf", body, 0, f"#{seq}"),
        ("bad.pdf", edited(body), 1, "校验值不符"),
        ("no.pdf", b"%PDF-1.7", 2, "不是本系统制成的报告"),
    ):
        (tmp_path / name).write_bytes(content)
        argv = [sys.executable, "-m", "huiying", "verify", str(office.folder), "--report", str(tmp_path / name)]
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=60)
        assert (ran.returncode, said in ran.stdout + ran.stderr) == (code, True), ran

"""The PDF: 22 lines of 28 characters, PDF/A, the same bytes, nothing in a title that could be more than a title."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from pypdf import PdfReader

from alerts.reports import pdf
from alerts.reports.model import Paragraph, Report, Section, Table
from tests.alerts.reports.conftest import HOSTILE, ISSUE, Quarter

Build = Callable[..., Report]
AT = datetime(2026, 7, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


def plain(text: str, language: str = "zh") -> Report:
    return Report(language, "标题", "单位", "", ("期",), (Section("节", (Paragraph(text),)),), (), AT, "x")


def pages(made: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(made)).pages]


def test_a_full_page_has_22_lines_of_28_characters() -> None:
    lines = [line for line in pages(pdf.write(plain("国" * 28 * 60)))[1].splitlines() if line.strip()]
    assert [len(line) for line in lines[:-1]] == [28] * 22
    assert lines[-1] == "— 2 —"


def test_it_is_pdf_a_and_names_its_report(report: Build) -> None:
    made = pdf.write(report())
    assert b"pdfaid:part" in made
    said = PdfReader(BytesIO(made)).metadata
    assert said
    assert str(said["/Keywords"]).startswith(f"huiying:100:{ISSUE.sha256}")
    assert said.creation_date == report().created.replace(microsecond=0)


def test_the_same_report_is_the_same_bytes_in_another_process_and_zone(tmp_path: Path) -> None:
    script = (
        "import hashlib, sys; from tests.alerts.reports.test_pdf import plain; from alerts.reports import pdf; "
        "print(hashlib.sha256(pdf.write(plain('水' * 500))).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for zone, seed in (("Asia/Shanghai", "1"), ("America/Lima", "2"))
    }
    assert said == {hashlib.sha256(pdf.write(plain("水" * 500))).hexdigest()}


def test_a_title_from_outside_is_printed_as_it_is(report: Build) -> None:
    said = "".join("".join(pages(pdf.write(report()))).split())
    assert "".join(HOSTILE.split()) in said


def test_no_character_is_a_box() -> None:
    # A glyph that a font lacks has no text behind it: what comes back is what was given.
    assert "镕喆䶮" in "".join(pages(pdf.write(plain("镕喆䶮"))))
    fonts = _fonts(pdf.write(plain("镕喆䶮")))
    assert fonts
    assert all("CJK" in font or "Song" in font for font in fonts)


def _fonts(made: bytes) -> set[str]:
    names = set()
    for page in PdfReader(BytesIO(made)).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            names.add(str(font.get_object()["/BaseFont"]))
    return names


@pytest.mark.parametrize("table", [False, True])
def test_a_heading_stands_with_what_is_under_it(table: bool) -> None:
    under = Table(("项目", "件数"), (("停水", "3"),) * 4, (3, 1)) if table else Paragraph("水" * 60)
    parts = tuple(Section(f"节{number}", (under,), level=2) for number in range(40))
    made = pages(pdf.write(Report("zh", "标题", "单位", "", ("期",), parts, (), AT, "x")))
    ends = [[line for line in page.splitlines() if line.strip()][-2] for page in made]
    assert len(made) > 3
    assert not any("）节" in end for end in ends), ends


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_week_with_many_open_alerts_stays_on_two_pages(quarter: Quarter, language: str) -> None:
    from dataclasses import replace
    from zoneinfo import ZoneInfo

    from alerts.folded import fold_all
    from alerts.reports.build import build
    from alerts.wording import Wording
    from tests.alerts.scene import desk

    made, folded = quarter.figures("2026-W14"), fold_all(quarter.events)
    one = folded.states[quarter.running]
    for number in range(60):
        long = f"青河镇第{number}个小区停水三天居民生活受到影响何时恢复尚无消息"
        folded.states[f"A{number}"] = replace(one, id=f"A{number}", posts=(replace(one.posts[0], title=long),))
    report = build(
        made,
        folded,
        lambda _: [],
        desk(),
        Wording(language, ZoneInfo("Asia/Shanghai")),
        "云泽县值班台",
        "office",
        ISSUE,
    )
    assert len(pages(pdf.write(report))) == 2


def test_each_page_of_a_demonstration_says_so(report: Build) -> None:
    assert all("测试" in page for page in pages(pdf.write(report())))


def test_the_lines_of_the_note_are_whole(report: Build) -> None:
    said = "\n".join(pages(pdf.write(report())))
    for line in ISSUE.note.strip().split("\n"):
        assert line in said
    assert all(a != b for a, b in pairwise(ISSUE.proofs))
    assert all(line in said for line in ISSUE.proofs)

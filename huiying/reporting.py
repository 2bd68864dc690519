"""The command `huiying report`: issue a period's report, or take one that was issued, and write its files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from huiying.core.errors import Refused
from huiying.terminal import language, opened, say

Period = Annotated[
    str, typer.Option(help="2026-W38, 2026-09, 2026-Q3, 2026-H2, 2026 or 2026-07-01..2026-10-01; issues its report.")
]
Number = Annotated[int | None, typer.Option(help="Number of a report that was issued, to write its files again.")]
Forms = Annotated[str, typer.Option("--format", help="docx, pdf, xlsx, json, or several with commas.")]
Out = Annotated[Path, typer.Option(help="Folder to write to.")]
Draft = Annotated[bool, typer.Option("--draft", help="Record nothing: the paper is marked a draft.")]


def report(
    folder: Annotated[Path, typer.Argument(help="The desk's folder.", envvar="HUIYING_DESK")] = Path(),
    period: Period = "",
    number: Number = None,
    forms: Forms = "pdf",
    out: Out = Path(),
    draft: Draft = False,
) -> None:
    """Issue the report of a period: figures, their hash in the ledger, a checkpoint, then the files."""
    from huiying.papers import known
    from huiying.wiring import papers

    wanted = [form.strip() for form in forms.split(",") if form.strip()]
    for form in wanted:
        known(form)
    if bool(period) == (number is not None) or not wanted:
        raise Refused("report_which")
    with opened(folder) as runtime:
        desk = papers(runtime)
        seq = number if number is not None or draft else desk.issue(period)
        for form in wanted:
            made = desk.draft(period, form, language()) if seq is None else desk.paper(seq, form, language())
            file = out / made.name
            file.write_bytes(made.body)
            say("written", file=file)

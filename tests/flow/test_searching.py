"""`huiying search`: what is found, and where a wrong query is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from huiying.apply import apply
from huiying.cli import app
from huiying.core.errors import Refused
from huiying.people import new_account
from huiying.wiring import open_desk
from tests.contract.test_index import post


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    about = ["--desk", "mycounty", "--title", "某县值班台", "--contact", "duty@example.gov.cn"]
    made = CliRunner().invoke(app, ["init", str(folder), *about, "--area", "110105000000", "--area-name", "某县"])
    assert made.exit_code == 0, made.output
    runtime = open_desk(folder)
    try:
        apply(folder, runtime.ledger, new_account("z", "云泽-12345678", "主任", "supervisor", None, "zh"))
        shown = [post(f"{number:02}", title=f"城区停水第{number}天") for number in range(21)]
        runtime.index(writer=True).put([*shown, post("x", title="另一事", title_words="另 一事", text_words="")])
    finally:
        runtime.close()
    return folder


def search(desk: Path, *argv: str) -> Result:
    return CliRunner().invoke(app, ["search", *argv, "--desk", str(desk)])


def test_a_page_of_results_and_how_to_have_the_next(desk: Path) -> None:
    first = search(desk, "城区 停水")
    assert first.exit_code == 0
    assert "paper  城区停水第0天" in first.output
    assert "http://paper.test/00" in first.output
    assert "共 21 篇稿件" in first.output
    after = first.output.rstrip().rsplit(" ", 1)[1]
    assert "城区停水第20天" in search(desk, "城区 停水", "--after", after).output


def test_programs_get_what_the_api_answers(desk: Path) -> None:
    answer = json.loads(search(desk, "停水 -第1天", "--json", "--best").output)
    assert answer["query"] == "停水 NOT 第1天"
    assert (answer["total"], len(answer["posts"]), answer["outlets"]) == (21, 20, {"paper": 21})
    assert answer["posts"][0]["marks"]["title"]


def test_a_wrong_query_is_marked_where_it_is_wrong(desk: Path) -> None:
    wrong = search(desk, "停水 plaec:某县")
    assert wrong.exit_code == 1
    assert "停水 plaec:某县\n     ^\n" in wrong.stderr
    assert "是否要找：停水 place:某县" in wrong.stderr
    assert isinstance(wrong.exception, Refused)

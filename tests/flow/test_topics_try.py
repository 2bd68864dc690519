"""`huiying topics try FILE`: what a changed list would have tagged, against an office's index; nothing is recorded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from huiying.core.model import Post
from huiying.retagging import compared
from pipeline.steps import topic_tagger
from tests.alerts.scene import COUNTY, desk, post, texts
from tests.flow.office import RunningOffice

START = "2026-03-20T08:00:00+08:00"
TOPIC = '[[topics]]\nid = "{id}"\nname = "{name}"\nname_en = "{id}"\nany = {any}\nnone = {none}\n'


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    files = texts() | {"places.toml": f'code = "{COUNTY}"\nname = "云泽县"\n'}
    with RunningOffice(tmp_path_factory.mktemp("office") / "desk", files, START, roles=()) as made:
        index = made.runtime.index(writer=True)
        index.put([told(1, "青河镇停水三天", "2026-03-10"), told(2, "青河镇塌陷一处", "2026-03-11")])
        index.put([told(3, "柳渡镇停水五天", "2026-01-02")])
        index.close()
        yield made


def told(number: int, title: str, day: str) -> Post:
    return post(number, at=f"{day}T10:00:00+08:00", title=title, text="详情见后。", topics=(), places=())


def run(office: RunningOffice, file: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "huiying", "topics", "try", str(file), "--desk", str(office.folder), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def changed(folder: Path, **water: object) -> Path:
    file = folder / "changed.toml"
    wanted = {"id": "water", "name": "供水", "any": ["停水"], "none": []} | water
    roads = {"id": "roads", "name": "道路", "any": ["塌陷"], "none": []}
    file.write_text("".join(TOPIC.format(**topic) for topic in (wanted, roads)), encoding="utf-8")
    return file


def test_what_is_added_and_removed_is_listed_with_words_outlet_and_day(office: RunningOffice, tmp_path: Path) -> None:
    head = office.runtime.ledger.head()
    ran = run(office, changed(tmp_path, any=["塌陷", "停水"], none=["停水三天"]))
    assert ran.returncode == 0, ran.stderr
    added, removed, said = ran.stdout.splitlines()
    assert added == "+ 供水　2026-03-11　云泽新闻网　青河镇塌陷一处　［塌陷］"
    assert removed == "− 供水　2026-03-10　云泽新闻网　青河镇停水三天　［停水］　不算：none 中的词（停水三天）"
    assert said.startswith("最近 30 天共 2 篇稿件：增加 1 处主题，去掉 1 处。")
    assert office.runtime.ledger.head() == head


def test_more_days_reach_further_back(office: RunningOffice, tmp_path: Path) -> None:
    ran = run(office, changed(tmp_path, any=["没有的词"]), "--days", "100")
    assert [line[:4] for line in ran.stdout.splitlines()[:2]] == ["− 供水", "− 供水"]
    assert "共 3 篇稿件" in ran.stdout


def test_what_is_wrong_in_the_file_is_one_sentence(office: RunningOffice, tmp_path: Path) -> None:
    file = changed(tmp_path)
    file.write_text(file.read_text(encoding="utf-8").replace("none = []", "nonne = []", 1), encoding="utf-8")
    ran = run(office, file)
    assert (ran.returncode, len(ran.stderr.strip().splitlines())) == (1, 1)
    assert f"{file} 第 6 行" in ran.stderr
    assert "none" in ran.stderr
    person = run(office, changed(tmp_path, any=["张三"]))
    assert (person.returncode, len(person.stderr.strip().splitlines())) == (1, 1)
    missing = run(office, tmp_path / "none.toml")
    assert (missing.returncode, len(missing.stderr.strip().splitlines())) == (1, 1)


def test_a_post_that_keeps_its_topics_is_no_change() -> None:
    tagger = topic_tagger(desk())
    looked = tagger.look("青河镇停水三天", "")
    assert compared(told(1, "青河镇停水三天", "2026-03-10"), looked, looked) == []

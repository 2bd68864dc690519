"""The rules page: what each rule caught, a text tried before it is saved, and saving as the command records."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI

from alerts.web.app import build
from huiying.core.errors import BackendError
from huiying.rules_file import RULES, FolderRules
from tests.alerts.web.conftest import Person, field
from tests.alerts.web.invented import COUNTY, MACHINE, TEXTS, Invented

NARROW = TEXTS[RULES].strip() + '\nwithout = ["演练"]\n'


@pytest.fixture
def folder(tmp_path: Path, desk: Invented) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    files = {**desk.services.ledger.read(after=1, limit=1)[0].payload["files"], "huiying.toml": MACHINE}
    for name, text in files.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def app(desk: Invented, folder: Path) -> FastAPI:
    return build(replace(desk.services, rules=FolderRules(folder, desk.services.ledger)))


def post(one: Person, **fields: str) -> tuple[int, str]:
    page = one.page("/rules")
    ready = {"token": one.token, "was": field(page, "was"), "tried": "", "do": "try"} | fields
    answer = one.client.post("/rules", data=ready)
    return answer.status_code, answer.headers.get("location", answer.text)


def recorded(desk: Invented) -> list[str]:
    events = desk.services.ledger.read(limit=1000)
    return [event.payload["files"][RULES] for event in events if event.type == "configuration_changed"]


def test_each_rule_shows_what_it_caught_and_the_share_of_false_matches(
    desk: Invented, person: Callable[[str], Person]
) -> None:
    for number in (1, 2, 3):
        desk.open_by_rule(f"r{number}", f"青石镇停水{number}天")
    first = desk.services.view.alerts()[0].id
    desk.press("duty", first, "propose_dismissal", ground="false_match", why="文中没有停水")
    desk.press("supervisor", first, "dismiss")
    page = " ".join(re.sub("<[^>]*>", " ", person("viewer").page("/rules")).split())
    assert "1/3" in page
    assert "青石镇停水2天" in page
    assert "云泽县" in page


def test_a_text_is_tried_saved_and_stands_in_the_ledger(
    desk: Invented, folder: Path, person: Callable[[str], Person]
) -> None:
    desk.post("p1", "青石镇停水两天")
    desk.post("p2", "青石镇停水演练")
    supervisor = person("supervisor")
    status, page = post(supervisor, text=NARROW)
    assert status == 200
    assert "会建立 1 条" in page
    assert "青石镇停水两天" in page
    assert "青石镇停水演练" not in page
    status, address = post(supervisor, text=NARROW, tried=field(page, "tried"), do="save")
    assert (status, address) == (303, f"/rules?saved={desk.services.ledger.head()}")
    assert (folder / RULES).read_text("utf-8") == NARROW
    assert recorded(desk)[-1] == NARROW
    event = desk.services.ledger.read(after=desk.services.ledger.head() - 1)[0]
    assert (event.actor, list(event.payload["differs"])) == ("P-super", [RULES])
    assert event.payload["differs"][RULES][-1] == '+ without = ["演练"]'
    assert "演练" in supervisor.page("/rules")


def test_what_was_not_tried_is_not_saved(desk: Invented, folder: Path, person: Callable[[str], Person]) -> None:
    supervisor = person("supervisor")
    _, page = post(supervisor, text=NARROW)
    status, said = post(supervisor, text=NARROW.replace("演练", "演习"), tried=field(page, "tried"), do="save")
    assert (status, "请先试一试" in said) == (422, True)
    assert (folder / RULES).read_text("utf-8") == TEXTS[RULES]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[rules]]\nid = "x"\nname = "x"\ntopics = ["water"]\n', "places"),
        ('[[rules]]\nid = "x"\nname = "x"\ntopics = ["wat"]\nplaces = ["990101000000"]\n', "water"),
        ('[[rules]]\nid = "x"\nname = "x"\ntopics = ["water"]\nplaces = ["110105000000"]\n', "110105000000"),
        (TEXTS[RULES] + 'words = ["张建国"]\n', "张建国"),
        ("[[rules]\n", "rules.toml"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_the_text_stays(
    desk: Invented, person: Callable[[str], Person], text: str, said: str
) -> None:
    status, page = post(person("supervisor"), text=text)
    assert status == 422
    notice = re.search(r'role="alert".*?</div>', page, re.S)
    assert notice
    assert said in notice[0]
    assert text.strip() in unescape(page)
    assert len(recorded(desk)) == 1


@pytest.mark.parametrize("who", ["viewer", "duty", "unit", "auditor", "admin"])
def test_others_look_and_change_nothing(desk: Invented, person: Callable[[str], Person], who: str) -> None:
    one = person(who)
    assert "<textarea" not in one.page("/rules")
    answer = one.client.post("/rules", data={"token": one.token, "text": NARROW, "do": "try"})
    assert answer.status_code == 403
    assert len(recorded(desk)) == 1


def test_another_s_change_and_another_file_s_are_not_run_over(
    desk: Invented, folder: Path, person: Callable[[str], Person]
) -> None:
    supervisor = person("supervisor")
    _, page = post(supervisor, text=NARROW)
    old = {"text": NARROW, "tried": field(page, "tried"), "was": field(page, "was"), "do": "save"}
    (folder / RULES).write_text(TEXTS[RULES] + "# 别人改过\n", encoding="utf-8")
    assert "已被别人修改" in post(supervisor, **old)[1]
    (folder / RULES).write_text(TEXTS[RULES], encoding="utf-8")
    (folder / "units.toml").write_text(TEXTS["units.toml"] + "# 改过\n", encoding="utf-8")
    assert "units.toml" in post(supervisor, **old)[1]
    assert (folder / RULES).read_text("utf-8") == TEXTS[RULES]
    assert len(recorded(desk)) == 1


def test_a_search_becomes_a_rule_below_the_others(desk: Invented, person: Callable[[str], Person]) -> None:
    supervisor = person("supervisor")
    assert "/rules?topic=water&amp;place=" in supervisor.page("/search?topic=water&place=云泽县&words=停水")
    page = unescape(supervisor.page("/rules?topic=water&place=云泽县&words=停水"))
    assert f'topics = ["water"]\nplaces = ["{COUNTY}"]\nlevel = 1\nwords = ["停水"]' in page
    assert page.index('id = "water-out"') < page.index('id = "new-rule"')


def test_a_ledger_that_is_away_leaves_the_file_as_it_was(
    desk: Invented, folder: Path, person: Callable[[str], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = person("supervisor")
    _, page = post(supervisor, text=NARROW)

    def away(*_: object, **__: object) -> None:
        raise BackendError("ledger_failed", detail="-")

    monkeypatch.setattr(desk.services.ledger, "append", away)
    assert post(supervisor, text=NARROW, tried=field(page, "tried"), do="save")[0] == 503
    assert (folder / RULES).read_text("utf-8") == TEXTS[RULES]

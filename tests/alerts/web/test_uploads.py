"""Files as evidence: what is taken, kept and cited; what is refused loses neither text nor file."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile

import pytest

from alerts.attachments import LARGEST
from huiying.core.model import Event, Json
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented

PDF = b"%PDF-1.7\nthe plan of the pipes"
FILLED = {"finding": "true", "text": "", "evidence": ""}
Sent = list[tuple[str, tuple[str, bytes, str]]]


def sent(*files: tuple[str, bytes]) -> Sent:
    return [("files", (name, body, "application/octet-stream")) for name, body in files]


def docx() -> bytes:
    made = BytesIO()
    with ZipFile(made, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    return made.getvalue()


@pytest.fixture
def alert(desk: Invented, person: Callable[[str], Person]) -> str:
    made = desk.alert()
    duty = person("duty")
    duty.press(made, "acknowledge")
    duty.press(made, "assign", unit="water-bureau")
    return made


def submit(unit: Person, alert: str, files: Sent, status: int = 303, **fields: str) -> str:
    page = unit.page(f"/alerts/{alert}")
    seen = re.search(r'data-seq="(\d+)"', page)
    assert seen
    ready = {"token": unit.token, "type": "verify", "expected": seen[1], "key": "k"} | FILLED | fields
    answer = unit.client.post(f"/alerts/{alert}/commands", data=ready, files=files)
    assert answer.status_code == status, answer.text
    return answer.text


def verified(desk: Invented, alert: str) -> list[Event]:
    return [event for event in desk.services.view.events(alert) if event.type == "verified"]


def test_a_file_is_kept_for_good_and_cited_by_its_hash(
    desk: Invented, person: Callable[[str], Person], alert: str
) -> None:
    unit = person("unit")
    submit(unit, alert, sent(("../现场 照片.PDF", PDF), ("b.docx", docx())))
    (event,) = verified(desk, alert)
    first, second = event.payload["evidence"]
    assert (first["kind"], first["name"], first["size"]) == ("file", "现场 照片.PDF", len(PDF))
    assert first["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert second["name"] == "b.docx"
    assert set(desk.services.captures.references()) == {first["value"], second["value"]}
    got = unit.client.get(f"/alerts/{alert}/files/{event.seq}/0")
    assert (got.content, got.headers["content-type"]) == (PDF, "application/pdf")
    assert got.headers["content-disposition"].startswith("attachment;")
    assert "现场 照片.PDF" in unit.page(f"/alerts/{alert}")
    assert [one.type for one in desk.services.view.events(alert)][-1] == "capture_opened"


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("a.exe", b"MZ", "不接受 a.exe"),
        ("a.pdf", b"MZ", "不接受 a.pdf"),
        ("a.docx", b"PK", "不接受 a.docx"),
        ("a.html", b"<p>", "不接受 a.html"),
        ("a.png", b"", "a.png 是空文件"),
        ("a.jpg", b"\xff\xd8\xff" + bytes(LARGEST), "a.jpg 超过 20 MB"),
    ],
)
def test_what_is_not_taken_is_said_and_nothing_is_recorded(
    desk: Invented, person: Callable[[str], Person], alert: str, name: str, body: bytes, sentence: str
) -> None:
    unit = person("unit")
    page = submit(unit, alert, sent(("good.pdf", PDF), (name, body)), 422, text="已到现场核实")
    assert sentence in html.unescape(page)
    assert "已到现场核实" in page
    assert verified(desk, alert) == []
    assert list(desk.services.captures.references()) == []


def test_a_refused_form_keeps_the_file_that_came_with_it(
    desk: Invented, person: Callable[[str], Person], alert: str
) -> None:
    unit = person("unit")
    page = submit(unit, alert, sent(("a.pdf", PDF)), 422, finding="")
    kept = html.unescape(re.search(r'name="kept" value="([^"]+)"', page)[1])  # type: ignore[index]
    assert "a.pdf（1 KB）已保存" in page
    submit(unit, alert, sent(("b.pdf", PDF + b"2")), kept=kept)
    names = [piece["name"] for piece in verified(desk, alert)[0].payload["evidence"]]
    assert names == ["a.pdf", "b.pdf"]


def test_more_than_five_are_refused(person: Callable[[str], Person], alert: str) -> None:
    files = sent(*((f"{number}.pdf", PDF + str(number).encode()) for number in range(6)))
    assert "最多附 5 个" in submit(person("unit"), alert, files, 422)


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"value": "2026-01-01/000001:0"}, {"size": 0}, {"name": 7}])
def test_a_file_that_is_not_held_as_it_is_cited_is_refused(
    desk: Invented, person: Callable[[str], Person], alert: str, change: Json
) -> None:
    unit = person("unit")
    page = submit(unit, alert, sent(("a.pdf", PDF)), 422, finding="")
    kept = json.loads(html.unescape(re.search(r'name="kept" value="([^"]+)"', page)[1]))  # type: ignore[index]
    piece = {"kind": "file", **kept[0], **change}
    body = {"type": "verify", "payload": {"finding": "true", "evidence": [piece]}}
    status, _ = unit.call("POST", f"/alerts/{alert}/commands", json=body)
    assert status == 422
    assert verified(desk, alert) == []


@pytest.mark.parametrize("kept", ["x", "{}", "[1]", '[{"value": 1}]', "1"])
def test_what_the_page_did_not_write_is_refused(person: Callable[[str], Person], alert: str, kept: str) -> None:
    submit(person("unit"), alert, [], 422, kept=kept)


def test_a_form_without_end_is_refused_before_it_is_read(person: Callable[[str], Person], alert: str) -> None:
    unit = person("unit")
    length = {"content-length": str(200 * 2**20)}
    answer = unit.client.post(f"/alerts/{alert}/commands", data={"token": unit.token}, headers=length)
    assert answer.status_code == 422
    assert "101 MB" in answer.text

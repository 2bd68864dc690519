"""The page of what changed between two captures: both instants, checksums, captures, and the passages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from huiying.core.errors import BackendError
from huiying.core.model import Draft, Post, Response, Role
from pipeline.reading import read_page
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import ACCOUNTS, Invented
from tests.clock import SettableClock

TITLE = "青石镇部分村庄停水两天"
PAGE = (
    "<html><head><title>{title}</title></head><body><h1>{title}</h1><p>记者从青石镇了解到，因主管道爆裂，"
    "全镇约{homes}户居民的生活用水受到影响。</p><p>县水务局说，抢修人员正在现场，预计{when}恢复供水，"
    "联系电话13812345678。</p></body></html>"
)


def kept(desk: Invented, post: Post, homes: str, when: str) -> Post:
    """Return `post` as the pipeline reads it off a page, the page kept among the captures."""
    body = PAGE.format(title=TITLE, homes=homes, when=when).encode()
    now = desk.services.clock.now()
    text = read_page(body, "text/html", "Asia/Shanghai", now).text
    reference = desk.services.captures.put(Response(post.address, 200, (("Content-Type", "text/html"),), body, now))
    return replace(post, text=text, capture=reference, page_sha256=sha256(body).hexdigest())


@pytest.fixture
def changed(desk: Invented, clock: SettableClock) -> tuple[str, int, Post, Post]:
    """An alert whose post was changed an hour later: alert, event, both versions."""
    before = kept(desk, desk.post("a1", TITLE), "三百", "明日")
    desk.services.index.put([before])
    alert = desk.services.office.open_by_hand(ACCOUNTS["duty"], before, why="读者来电")[0].alert
    assert alert
    clock.forward(hours=1)
    after = replace(kept(desk, before, "三十", "明日"), version=2)
    desk.attach(alert, after)
    (event,) = (event for event in desk.services.ledger.read(alert=alert) if event.type == "post_changed")
    return alert, event.seq, before, after


def without_marks(page: str, drop: str) -> str:
    """Return the shown text without what stands in the elements `drop`, and without the words for those who listen."""
    shown = re.findall(r'<p class="passages">(.*?)</p>', page, re.S)[-1]
    shown = re.sub(r'<span class="unseen">.*?</span>', "", shown)
    return re.sub(r"</?(?:del|ins)>", "", re.sub(rf"<{drop}>.*?</{drop}>", "", shown, flags=re.S))


def test_both_versions_stand_on_the_page_with_instants_checksums_and_captures(
    person: Callable[[str], Person], changed: tuple[str, int, Post, Post], desk: Invented
) -> None:
    alert, seq, before, after = changed
    duty = person("duty")
    assert f'href="/alerts/{alert}/changes/{seq}"' in duty.page(f"/alerts/{alert}")
    page = duty.page(f"/alerts/{alert}/changes/{seq}")
    assert "<del>" in page
    assert without_marks(page, "ins") == before.text
    assert without_marks(page, "del") == after.text
    assert "13812345678" not in page
    for version in (before, after):
        assert str(version.page_sha256) in page
        assert sha256(version.text.encode()).hexdigest() in page
    assert ("10:00" in page, "11:00" in page) == (True, True)
    opened = [
        event.payload["capture"] for event in desk.services.ledger.read(alert=alert) if event.type == "capture_opened"
    ]
    assert opened == [before.capture, after.capture]
    assert before.capture in desk.services.captures.references()
    links = re.findall(rf'href="(/alerts/{alert}/captures/\d+)"', page)
    bodies = [duty.client.get(f"{link}/bytes").content for link in links]
    assert [sha256(body).hexdigest() for body in bodies] == [before.page_sha256, after.page_sha256]
    assert "与当时记录的正文校验值不同" not in page


def test_a_text_that_is_read_otherwise_now_says_so(
    person: Callable[[str], Person], changed: tuple[str, int, Post, Post], desk: Invented
) -> None:
    alert, _, _, after = changed
    desk.attach(alert, replace(after, version=3, text="当时读出的是另一段。"))
    (*_, event) = (event for event in desk.services.ledger.read(alert=alert) if event.type == "post_changed")
    assert "与当时记录的正文校验值不同" in person("duty").page(f"/alerts/{alert}/changes/{event.seq}")


def test_a_version_whose_text_is_nowhere_is_named_as_such(
    person: Callable[[str], Person], desk: Invented, clock: SettableClock
) -> None:
    alert = desk.alert("b2", "某路塌陷")
    clock.forward(hours=1)
    first = desk.services.index.get("b2".ljust(32, "0"))
    assert first
    after = replace(first, version=2, text="已修复。")
    desk.services.index.put([after])
    desk.attach(alert, after)
    (event,) = (event for event in desk.services.ledger.read(alert=alert) if event.type == "post_changed")
    page = person("duty").page(f"/alerts/{alert}/changes/{event.seq}")
    assert page.count("当时没有取得页面") == 2
    assert "无法逐句对照" in page
    assert "<del>" not in page


def test_a_page_that_was_deleted_is_told_apart_from_one_never_kept(
    person: Callable[[str], Person],
    changed: tuple[str, int, Post, Post],
    desk: Invented,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alert, seq, *_ = changed

    def missing(reference: str) -> Response:
        raise BackendError("capture_missing", reference=reference)

    monkeypatch.setattr(desk.services.captures, "get", missing)
    page = person("duty").page(f"/alerts/{alert}/changes/{seq}")
    assert page.count("已按保存期限清除") == 2
    assert "无法逐句对照" in page


def test_two_captures_of_a_reply_are_compared_too(
    person: Callable[[str], Person], desk: Invented, clock: SettableClock
) -> None:
    alert, address = desk.alert(), "http://127.0.0.5/answer.html"
    found = []
    for homes in ("三百", "三千"):
        body = PAGE.format(title=TITLE, homes=homes, when="今晚").encode()
        now = desk.services.clock.now()
        reference = desk.services.captures.put(Response(address, 200, (("Content-Type", "text/html"),), body, now))
        payload = {
            "of": 3, "address": address, "capture": reference, "sha256": sha256(body).hexdigest(), "fetched": now,
            "first_fetched": now, "topic_named": True, "place_named": True, "words": [],
        }  # fmt: skip
        found += desk.services.ledger.append([Draft("captured", alert, "system", Role.SYSTEM, payload=payload)])
        clock.forward(seconds=int(timedelta(days=1).total_seconds()))
    page = person("duty").page(f"/alerts/{alert}/changes/{found[1].seq}")
    assert "三百" in without_marks(page, "ins")
    assert "三千" in without_marks(page, "del")
    person("duty").page(f"/alerts/{alert}/changes/{found[0].seq}", 404)

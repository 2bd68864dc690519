"""What stands in a report: the figures as they are, each with its definition, in the order of the definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.commands import Actor
from alerts.reports.model import Definition, Paragraph, Report, Sealed, Section, Table
from alerts.view import read_all
from alerts.vocabulary import CommandType as C
from huiying.core.codec import instant
from huiying.core.messages import LANGUAGES, catalogue
from huiying.core.model import Dated, Draft, Precision, Role
from tests.alerts.reports.conftest import FORMULA, HOSTILE, ISSUE, Quarter
from tests.alerts.scene import DUTY, Scene, post

Build = Callable[..., Report]


def texts(sections: tuple[Section, ...]) -> Iterator[str]:
    for section in sections:
        yield section.heading
        for block in section.blocks:
            if isinstance(block, Paragraph | Definition):
                yield block.text
            if isinstance(block, Table):
                yield from block.header
                for row in block.rows:
                    yield from row


def cells(report: Report, label: str) -> list[tuple[str, ...]]:
    tables = [block for section in report.sections for block in section.blocks if isinstance(block, Table)]
    return [row for table in tables for row in table.rows if row[0] == label]


def test_page_one_says_the_rate_and_all_that_could_make_it_look_better(quarter: Quarter) -> None:
    made, report = quarter.figures(), quarter.report()
    first = report.sections[0]
    assert made.rate
    assert (made.rate.part.alerts, made.not_correct.alerts) == ((quarter.correct,), (quarter.untouched,))
    assert isinstance(first.blocks[0], Paragraph)
    assert first.blocks[0] == Paragraph("本期处置正确率：1/2", strong=True)
    assert cells(report, "本期应结（含剔除）")[0][1] == "3"
    assert cells(report, "正确")[0][1] == "1"
    assert cells(report, "不正确")[0][1] == "1"
    assert cells(report, "若剔除的也算不正确")[0][1] == "1/3"
    assert cells(report, "误报：没有反映本地区该主题的问题")[0][1] == "1"
    said = list(texts((first,)))
    assert "本期剔除的预警超过十分之一，请核查。" in said
    assert any("稿件消失或改动" in line for line in said)


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "与已有稿件是同一篇"), ("en", "stands at another address already")]
)
def test_why_posts_could_not_be_handled_is_said_in_words(
    scene: Scene, quarter: Quarter, language: str, words: str
) -> None:
    covered = {"day": "2026-03-05", "outlets": {}, "dead": {"twin": 2}, "backlog": 0}
    scene.system("coverage_recorded", None, **covered)
    report = replace(quarter, events=read_all(scene.ledger)).report(language=language)
    assert any(words in line for line in texts(report.sections))


def test_saved_searches_stand_among_the_configuration(scene: Scene, quarter: Quarter) -> None:
    scene.clock.set("2026-03-05T10:00:00+08:00")
    seq = scene.office.save_search(DUTY, "停水", "停水 OR 断水").seq
    report = replace(quarter, events=read_all(scene.ledger)).report()
    (section,) = (section for section in report.sections if section.heading.endswith("配置变更"))
    assert f"保存的检索“停水”：停水 OR 断水（#{seq}）" in list(texts((section,)))


def test_every_number_of_the_figures_stands_in_the_report(quarter: Quarter) -> None:
    made, report = quarter.figures(), quarter.report()
    for criterion, count in made.failed.items():
        assert cells(report, criterion)[0][2] == str(count.count)
    for state, count in made.end_states.items():
        assert cells(report, catalogue("zh")[f"end_state.{state}"])[0][1] == str(count.count)
    assert cells(report, "在办、未到应结时间")[0][1] == str(made.in_progress.count) == "1"
    assert cells(report, "网上快回应")[0][1] == "1/2"
    assert cells(report, "水务局")[0][1] == "1/1"
    assert cells(report, "值班台")[0][1] == "0/1"
    assert cells(report, "2025-Q4")[0][1:] == ("0/0，剔除 0", "–")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_has_its_definition_in_both_languages(report: Build, language: str) -> None:
    said = set(texts(report(language=language).sections))
    names = ("rate", "three_fast", "failed", "end_states", "times", "in_progress", "by_hand", "excluded", "coverage")
    for name in names:
        assert catalogue(language)[f"figures.meaning.{name}"] in said
    known = set(catalogue(language))
    assert not {line for line in said if line in known}  # a key that has no sentence would show as itself


def test_the_lists_name_the_alerts_and_the_annex_tells_each_history(quarter: Quarter) -> None:
    report = quarter.report()
    assert [section.heading for section in report.annex] == [
        "1. 青河镇停水三天", f"2. {HOSTILE}", f"3. {FORMULA}",
    ]  # fmt: skip
    (first, *_), whole = report.annex, list(texts(report.annex))
    said = list(texts((first,)))
    assert said.count("符合") == 6
    assert any("值班甲" in line for line in said)
    assert any("2026年3月2日 10:00" in line for line in said)
    assert any("2026年3月16日 24:00" in line or "24:00" in line for line in said)
    assert any(quarter.untouched in line for line in whole)
    assert not any(quarter.running in line for line in whole)


def test_a_pseudonym_stands_short_in_the_annex_and_whole_behind_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, at="2026-03-02T10:00:00+08:00")
    somebody = Actor("P" + "0123456789abcdef" * 2, Role.DUTY)
    scene.do(somebody, C.ACKNOWLEDGE, scene.open())
    scene.clock.set("2026-03-30T10:00:00+08:00")
    scene.open(post(3, at=scene.clock.now()))
    *histories, legend = Quarter(read_all(scene.ledger), "", "", "", "").report().annex
    assert "P01234567" in list(texts(tuple(histories)))
    assert not any(somebody.pseudonym in line for line in texts(tuple(histories)))
    assert list(texts((legend,)))[-2:] == ["P01234567", somebody.pseudonym]
    scene.ledger.close()


def test_an_alert_opened_by_hand_says_how_late(tmp_path: Path) -> None:
    scene = Scene(tmp_path, at="2026-03-02T10:00:00+08:00")
    noon = Dated(instant("2026-02-27T12:00:00+08:00"), Precision.MINUTE, "feed")
    day = Dated(instant("2026-02-27T00:00:00+08:00"), Precision.DAY, "feed")
    for number, published in ((1, noon), (2, day)):
        late = post(number, at="2026-02-28T09:00:00+08:00", title=f"第{number}件", published=published)
        scene.office.open_by_hand(DUTY, late, why="读者来电")
    scene.clock.set("2026-03-30T10:00:00+08:00")
    scene.open(post(3, at=scene.clock.now()))
    report = Quarter(read_all(scene.ledger), "", "", "", "").report()
    assert cells(report, "第1件")[0] == ("第1件", "2026年2月27日 12:00", "2天22小时")
    assert cells(report, "第2件")[0] == ("第2件", "2026年2月28日 00:00", "至少 2天10小时")
    scene.ledger.close()


@pytest.mark.parametrize("name", ["2026-Q2", "2026-W23"])
def test_every_report_after_a_restoration_says_what_may_be_lost(tmp_path: Path, name: str) -> None:
    scene = Scene(tmp_path, at="2026-03-02T10:00:00+08:00")
    lost = {"lost_from": "2026-03-01T16:00:00Z", "lost_until": "2026-03-02T02:00:00Z"}
    named = {
        "origin": "test/yunze/2",
        "of": "test/yunze/1",
        "last": 41,
        "chain": "aa",
        "known": 44,
        "known_chain": "bb",
    }
    event = scene.ledger.append([Draft("restored", None, "system", Role.SYSTEM, payload={**named, **lost})])[0]
    scene.clock.set("2026-06-30T12:00:00+08:00")
    scene.open(post(5, at=scene.clock.now()))
    report = Quarter(read_all(scene.ledger), "", "", "", "").report(name, at="2026-07-01T12:00:00+08:00")
    told = [line for line in texts(report.sections) if "test/yunze/2" in line]
    assert told == [
        "台账曾从备份恢复：test/yunze/2 接续 test/yunze/1 的前 41 条，2026年3月2日 00:00 至 2026年3月2日 10:00 "
        f"之间的记录可能丢失（台账第 {event.seq} 条）"
    ]
    scene.ledger.close()


def test_names_that_were_erased_leave_the_pseudonym(quarter: Quarter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.alerts.reports.conftest.PEOPLE", {})
    said = list(texts(quarter.report().annex))
    assert not any("值班甲" in line for line in said)
    assert any("P-duty" in line for line in said)


def test_an_issued_report_carries_the_checkpoint_and_a_draft_says_that_it_is_one(report: Build) -> None:
    issued, draft = report(), report(issue=None)
    sealed = [block for section in issued.sections for block in section.blocks if isinstance(block, Sealed)]
    assert sealed == [Sealed((f"SHA-256 {ISSUE.sha256}",), ISSUE.note, ISSUE.proofs)]
    assert (issued.mark, issued.identity) == ("测试", f"huiying:100:{ISSUE.sha256}")
    assert (draft.mark, draft.identity) == ("测试 草稿", "huiying:draft")
    assert not [block for section in draft.sections for block in section.blocks if isinstance(block, Sealed)]
    assert any("这是草稿" in line for line in texts(draft.sections))


def test_a_period_without_alerts_says_so_and_never_a_hundred_percent(report: Build) -> None:
    empty = report("2025-Q3")
    assert empty.sections[0].blocks[0] == Paragraph("无正确率：本期没有应结的预警", strong=True)
    assert not any("100%" in line or "100 %" in line for line in texts(empty.sections))
    assert empty.annex == ()


def test_the_rate_under_the_shipped_policy_stands_beside_it_as_large(quarter: Quarter) -> None:
    from zoneinfo import ZoneInfo

    from alerts.folded import fold_all
    from alerts.reports.build import build
    from alerts.wording import Wording
    from tests.alerts.scene import desk

    made = replace(quarter.figures(), shipped=quarter.figures().if_excluded_counted)
    wording = Wording("zh", ZoneInfo("Asia/Shanghai"))
    report = build(made, fold_all(quarter.events), lambda _: [], desk(), wording, "单位", "office", ISSUE)
    assert report.sections[0].blocks[:2] == (
        Paragraph("本期处置正确率：1/2", strong=True),
        Paragraph("按默认时限计算：1/3", strong=True),
    )
    assert report.mark == ""


def test_the_weeks_summary_has_what_is_open_and_what_falls_due_next(quarter: Quarter) -> None:
    week = quarter.report("2026-W14", at="2026-03-31T12:00:00+08:00")
    said = list(texts(week.sections))
    assert week.brief
    assert week.annex == ()
    assert week.lines[0] == "2026年第14周（2026年3月30日至2026年4月5日）"
    assert said.count("青河镇又停水") >= 3  # open, and with a reply and a resolution due
    assert "待签收" in said
    assert "2026年4月1日 10:00" in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("2026-03", "2026年3月"),
        ("2026-Q1", "2026年第1季度（2026年1月1日至2026年3月31日）"),
        ("2026-H1", "2026年第1个半年（2026年1月1日至2026年6月30日）"),
        ("2026", "2026年"),
        ("2026-03-01..2026-03-15", "2026年3月1日至2026年3月14日"),
    ],
)
def test_the_period_stands_in_words(report: Build, name: str, words: str) -> None:
    assert report(name).lines[0] == words

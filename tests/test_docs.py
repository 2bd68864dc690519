"""The documentation names every command, every option of the configuration and every event type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.main import get_command

from alerts.events import EventType
from huiying.cli import app
from huiying.core import config

DOCS = Path(__file__).parent.parent / "docs"
MANUAL = (DOCS / "operating.md").read_text(encoding="utf-8")


def test_every_command_is_in_the_manual() -> None:
    group = get_command(app)
    commands = {name for name, command in group.commands.items() if not command.hidden}  # type: ignore[attr-defined]
    assert {name for name in commands if not re.search(rf"`(huiying )?{name}\b", MANUAL)} == set()


@pytest.mark.parametrize(
    "section", [kind for kind in vars(config).values() if isinstance(kind, type) and issubclass(kind, BaseModel)]
)
def test_every_key_is_in_the_manual(section: type[BaseModel]) -> None:
    if section in (config.Section, config.Desk):
        return
    assert {key for key in section.model_fields if f"`{key}`" not in MANUAL} == set()


def test_every_event_type_is_in_the_definition_of_the_rate() -> None:
    rate = (DOCS / "rate.md").read_text(encoding="utf-8")
    assert {str(type) for type in EventType if f"`{type}`" not in rate} == set()


CASES = {
    "dismissed, then reopened": "test_reopened_from_dismissed_keeps_the_original_deadlines",
    "duplicate of an alert that fails": "test_duplicate_of_an_alert_that_fails",
    "reply published before detection": "test_reply_before_detection",
    "reply on an outlet that is not official": "test_reply_on_an_outlet_that_is_not_official_lets_c3_run_on",
    "official site down when the reply is captured": "test_official_site_down_when_the_reply_is_captured",
    "reopened after the report was issued": "test_an_earlier_period_is_restated_beside_what_was_printed_then",
    "second extension, extension of another step": "test_a_refused_command_says_what_is_missing",
    "opened by hand, days late": "test_an_alert_opened_by_hand_runs_from_its_opening",
    "two stories turn out one": "test_two_stories_turn_out_one",
    "level raised after the reply": "test_raising_the_level_after_the_reply_leaves_the_reply_its_deadline",
    "returned three times": "test_returned_three_times",
    "resolution across year end": "test_resolution_across_the_year_end_counts_unknown_days_as_natural_and_says_so",
    "machine down over a deadline": "test_machine_down_over_a_deadline_of_c1_for_at_most_four_hours",
    "outcome on the page of the reply": "test_outcome_on_the_page_of_the_reply",
    "same matter again after a month": "test_same_matter_again_after_a_month",
}


def test_each_case_of_the_rate_is_a_test_by_name() -> None:
    english = (DOCS / "rate.md").read_text(encoding="utf-8").split("### 8. Cases")[1].split("###")[0]
    rows = [line.split("|")[1].strip() for line in english.splitlines() if line.startswith("| ")][1:]
    assert rows == list(CASES)
    written = "".join(file.read_text(encoding="utf-8") for file in (DOCS.parent / "tests").rglob("test_*.py"))
    assert [name for name in CASES.values() if f"def {name}(" not in written] == []


def test_links_between_pages_lead_somewhere() -> None:
    for page in (DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md", *DOCS.rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} → {target}"

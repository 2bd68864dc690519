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


def test_links_between_pages_lead_somewhere() -> None:
    for page in (DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md", *DOCS.rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} → {target}"

"""Every code that the domain can show has its sentence in both languages, and both catalogues have the same keys."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest

import alerts
from alerts.events import PAYLOADS, EventType
from alerts.vocabulary import Criterion, EndState, Finding, Ground, Stage, Step
from huiying.core.messages import catalogue
from huiying.core.model import Level, Role
from huiying.core.topic_rules import CountKind

ROOT = Path(alerts.__file__).parent
TABLES = {
    "event": EventType,
    "stage": Stage,
    "step": Step,
    "ground": Ground,
    "end_state": EndState,
    "finding": Finding,
    "criterion": Criterion,
    "role": Role,
    "level": Level,
    "count": CountKind,
}


def flat(language: str) -> dict[str, str]:
    written = (resources.files("alerts") / "messages" / f"{language}.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(written)
    return {f"{table}.{key}": text for table, keys in tables.items() for key, text in keys.items()}


def test_both_languages_have_the_same_keys_and_fields() -> None:
    chinese, english = flat("zh"), flat("en")
    assert chinese.keys() == english.keys()
    for key, text in chinese.items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", english[key])), key


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_word_of_the_vocabulary_has_its_text(table: str) -> None:
    for member in TABLES[table]:
        value = str(int(member)) if table == "level" else str(member)
        assert f"{table}.{value}" in flat("zh")


def test_every_refusal_in_the_code_has_its_sentence() -> None:
    codes = set()
    for file in ROOT.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if name in ("Refused", "Why", "Dead", "Conflict", "KeyReused"):
                table = "why" if name == "Why" else "error"
                codes |= {f"{table}.{part.value}" for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
    known = {key for key in codes if re.fullmatch(r"\w+\.[a-z]\w+[a-z]", key)}
    assert len(known) > 50
    assert known - set(catalogue("zh")) == {"why.code"}  # a key of JSON, read back


def test_every_event_type_says_what_it_carries() -> None:
    assert set(PAYLOADS) == set(EventType)

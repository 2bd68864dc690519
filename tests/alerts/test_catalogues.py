"""Every code that the domain can show has its sentence in both languages, and both catalogues have the same keys."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import alerts
from alerts.events import PAYLOADS, EventType
from alerts.vocabulary import Criterion, EndState, Finding, Ground, Stage, Step
from alerts.wording import Wording
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


def test_every_reason_of_a_dead_letter_has_its_words() -> None:
    packages = [ROOT.parent / name for name in ("crawlers", "pipeline", "alerts", "huiying")]
    # An address that leads "elsewhere" is buried by a name of its own.
    codes = {code for package in packages for code in _buried(package)} - {"elsewhere"}
    refused = tomllib.loads((ROOT.parent / "crawlers" / "data" / "refused_hosts.toml").read_text(encoding="utf-8"))
    codes |= {kind for table in ("kinds", "labels", "paths") for kind in refused[table]}
    codes |= {platform["kind"] for platform in refused["platforms"]}
    assert {"twin", "too_large", "no_link", "not_this_outlet", "private_address", "step_failed", "account"} <= codes
    for language in ("zh", "en"):
        assert {code for code in codes if f"dead_letter.{code}" not in catalogue(language)} == set()
    assert Wording("zh", ZoneInfo("Asia/Shanghai")).dead_letter("written_before") == "written_before"


def _buried(folder: Path) -> Iterator[str]:
    """Yield the codes that a program buries by: of Dead, of `bury` and of what refuses an address."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Dead" and node.args:
                yield from _texts(node.args[0])
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "bury":
                yield from (text for argument in node.args for text in _texts(argument))
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("reason", "NOT_THIS_OUTLET"):
                yield from _texts(node.value) if folder.name == "crawlers" else ()
            if isinstance(node, ast.FunctionDef) and re.match("_?refuse_(address|host|literal|ip)", node.name):
                answers = [told.value for told in ast.walk(node) if isinstance(told, ast.Return)]
                yield from (code for answer in answers for code in _texts(answer))
            if isinstance(node, ast.Compare) and getattr(node.left, "attr", "") == "code" and file.name == "posts.py":
                yield from (code for told in node.comparators if isinstance(told, ast.Tuple) for code in _texts(told))


def _texts(node: ast.AST | None) -> Iterator[str]:
    """Yield the codes among the constants of `node`, what a condition compares with left out."""
    parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node] if node else []
    for part in (inner for each in parts for inner in ast.walk(each)):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and re.fullmatch("[a-z_]{4,}", part.value):
            yield part.value


def test_every_event_type_says_what_it_carries() -> None:
    assert set(PAYLOADS) == set(EventType)

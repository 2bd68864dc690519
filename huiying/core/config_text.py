"""TOML text to configuration, with a sentence for each thing that is wrong: file, line, and the nearest known key.

{file: text} ─ read_desk ─► Desk      the texts come from a folder (config_files) or from the ledger
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from huiying.core.config import (
    AlertRule,
    Area,
    Calendar,
    Desk,
    Machine,
    Outlet,
    Policy,
    Unit,
)
from huiying.core.errors import ConfigError
from huiying.core.topic_rules import Context, Severity, TopicRule

M = TypeVar("M", bound=BaseModel)

MACHINE_FILE = "huiying.toml"
LISTS: Mapping[str, Mapping[str, type[BaseModel]]] = {
    "outlets.toml": {"outlets": Outlet},
    "topics.toml": {"topics": TopicRule, "contexts": Context, "severity": Severity},
    "rules.toml": {"rules": AlertRule},
    "units.toml": {"units": Unit},
}
TABLES: Mapping[str, tuple[str, type[BaseModel]]] = {
    "places.toml": ("area", Area),
    "policy.toml": ("policy", Policy),
    "calendar.toml": ("calendar", Calendar),
}
DESK_FILES = (*TABLES, *LISTS)
_SERVERS = frozenset({"kafka", "elasticsearch", "postgresql"})  # their addresses have a sentence each
# pydantic's error types that have a sentence of their own
_SAID: Mapping[str, str] = {
    "missing": "config_missing_key",
    "too_short": "config_too_short",
    "string_pattern_mismatch": "config_string_pattern_mismatch",
    "enum": "config_enum",
    "literal_error": "config_literal_error",
    "one_database": "config_one_database",
    "no_words": "config_no_words",
}
_AT_NO_KEY: Mapping[str, str] = {"one_database": "store", "no_words": "id"}


def parse_machine(written: str) -> Machine:
    """Read the text of huiying.toml."""
    return _validated(Machine, _parsed(MACHINE_FILE, written), MACHINE_FILE, written)


def read_desk(texts: Mapping[str, str]) -> Desk:
    """Read the recorded files' texts. The first thing that is wrong is a ConfigError with file and line."""
    parts: dict[str, Any] = {}
    for file, (name, kind) in TABLES.items():
        parts[name] = _validated(kind, _parsed(file, texts[file]), file, texts[file])
    for file in LISTS:
        parts |= read_lists(file, texts[file])
    desk = Desk(**parts)
    _references(desk, texts)
    return desk


def read_lists(file: str, written: str) -> dict[str, tuple[Any, ...]]:
    """Read the lists of one file by name, each checked by itself. The first thing that is wrong is a ConfigError."""
    table, known = _parsed(file, written), LISTS[file]
    for key in table.keys() - set(known):
        raise _unknown(key, set(known), file, written, 0)
    lists = {}
    for name, kind in known.items():
        entries = table.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ConfigError("config_not_a_list", file=file, line=_line(written, name, 0), key=name)
        lists[name] = tuple(
            _validated(kind, entry, file, written, number, name) for number, entry in enumerate(entries)
        )
        if kind is not Severity:
            _unique(lists[name], file, written, name)
    return lists


def _parsed(file: str, written: str) -> dict[str, Any]:
    try:
        return tomllib.loads(written)
    except tomllib.TOMLDecodeError as cause:
        line = re.search(r"line (\d+)", str(cause))
        number = int(line[1]) if line else written.count("\n") + 1
        raise ConfigError("config_syntax", file=file, line=number, detail=str(cause)) from cause


def _validated(kind: type[M], value: Any, file: str, written: str, entry: int = 0, among: str = "") -> M:
    try:
        return kind.model_validate(value)
    except ValidationError as cause:
        # A misspelt key is the cause, the missing one only its effect.
        first = min(cause.errors(), key=lambda error: error["type"] != "extra_forbidden")
        keys = [str(part) for part in first["loc"] if isinstance(part, str)]
        # what joins [ledger] and [store], or asks a topic for words, stands at no key
        key = keys[-1] if keys else _AT_NO_KEY.get(first["type"], "")
        if first["type"] == "extra_forbidden":
            known = _known(kind, first["loc"][:-1])
            raise _unknown(key, known, file, written, entry, among) from cause
        code = _SAID.get(first["type"], "config_value")
        if first["type"] == "string_pattern_mismatch" and key in _SERVERS:
            code = f"config_{key}"
        fields = {"key": ".".join(keys), "detail": str(first.get("ctx", {}).get("expected", first["msg"]))}
        raise ConfigError(code, file=file, line=_line(written, key, entry, among), **fields) from cause


def _known(kind: type[BaseModel], location: tuple[int | str, ...]) -> set[str]:
    """Return the keys known where `location` leads, following lists, tuples and dicts of sections."""
    for part in location:
        if isinstance(part, str) and part in kind.model_fields:
            inner = _section(kind.model_fields[part].annotation)
            kind = inner or kind
    return set(kind.model_fields)


def _section(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section(part))), None)


def _unknown(key: str, known: set[str], file: str, written: str, entry: int, among: str = "") -> ConfigError:
    nearest = difflib.get_close_matches(key, sorted(known), n=1, cutoff=0)[0]
    line = _line(written, key, entry, among)
    return ConfigError("config_unknown_key", file=file, line=line, key=key, nearest=nearest)


def _line(written: str, key: str, entry: int, among: str = "") -> int:
    """Return the line (from 1) where `key` stands in the entry-th entry of list `among`, else where that begins."""
    lines = written.splitlines()
    name = among or r"\w+"
    head = re.compile(rf"\s*\[\[{name}\]\]")
    heads = [number for number, line in enumerate(lines, 1) if head.match(line)]
    start = heads[entry] if entry < len(heads) else 1
    key_line = re.compile(
        rf"""\s*(\[+\s*)?([\w.]+\.)?["']?{re.escape(key)}["']?\s*(=|\]|\.)|.*[{{,]\s*{re.escape(key)}\s*="""
    )
    for number, line in enumerate(lines[start - 1 :], start):
        if key and key_line.match(line):
            return number
    return start


def _unique(entries: tuple[Any, ...], file: str, written: str, among: str) -> None:
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        for id in (entry.id, *(f"{entry.id}.{part.id}" for part in getattr(entry, "parts", ()))):
            if id in seen:
                raise ConfigError("config_twice", file=file, line=_line(written, "id", number, among), key=id)
            seen.add(id)


def _references(desk: Desk, texts: Mapping[str, str]) -> None:
    """Refuse names of topics and units that no file declares, and official outlets without a unit."""
    topics = {topic.id for topic in desk.topics}
    parts = {f"{topic.id}.{part.id}" for topic in desk.topics for part in topic.parts}
    contexts = {context.id for context in desk.contexts}
    units = {unit.id for unit in desk.units}
    for number, topic in enumerate(desk.topics):
        _declared(topic.regardless, contexts, "regardless", "topics.toml", texts, number, "topics")
    for number, severity in enumerate(desk.severity):
        _declared(severity.topics, topics, "topics", "topics.toml", texts, number, "severity")
    for number, rule in enumerate(desk.rules):
        _declared(rule.topics, topics | parts, "topics", "rules.toml", texts, number)
    for number, unit in enumerate(desk.units):
        _declared(unit.topics, topics, "topics", "units.toml", texts, number)
    for number, outlet in enumerate(desk.outlets):
        if outlet.official and outlet.unit is None:
            line = _line(texts["outlets.toml"], "official", number)
            raise ConfigError("official_without_unit", file="outlets.toml", line=line, key=outlet.id)
        _declared((outlet.unit,) if outlet.unit else (), units, "unit", "outlets.toml", texts, number)


def _declared(
    names: tuple[str, ...],
    known: set[str],
    key: str,
    file: str,
    texts: Mapping[str, str],
    entry: int,
    among: str = "",
) -> None:
    for name in names:
        if name not in known:
            nearest = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0)
            line = _line(texts[file], key, entry, among)
            raise ConfigError(
                "config_undeclared", file=file, line=line, key=name, nearest=nearest[0] if nearest else "-"
            )

"""Look at a desk's files and say in one sentence each what is wrong; nothing is changed.

files ─► read ─► boundary (outlets) ─► area and persons (rules, topics, places) ─► calendar ─► drift from the ledger
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.calendar import known_year
from crawlers.boundary import refuse_outlet
from huiying.core.config import Channel, Desk
from huiying.core.config_files import read_machine, read_texts
from huiying.core.config_text import read_desk
from huiying.core.errors import ConfigError, HuiyingError
from huiying.core.places import covers
from huiying.core.ports import Ledger
from huiying.recorded import Recorded
from huiying.wiring import system_now
from pipeline.persons import official_names, personal_names

# a place is found by its whole name only, so one that ends so and is longer than a person's name finds no person
_PLACES = ("村", "镇", "乡", "街道", "社区", "小区", "路", "桥")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found; an error keeps the configuration from being recorded, a warning does not."""

    error: bool
    what: HuiyingError


def check(folder: Path, ledger: Ledger | None = None) -> list[Finding]:
    """Return what is wrong with the files in `folder`, and with `ledger` whether they differ from what it recorded."""
    try:
        machine = read_machine(folder)
        texts = read_texts(folder)
        desk = read_desk(texts)
    except ConfigError as wrong:
        return [Finding(True, wrong)]
    found = [Finding(True, error) for error in errors(desk)]
    found += [Finding(True, refused) for channel in machine.channels if (refused := _channel(channel))]
    found += [Finding(False, warning) for warning in warnings(desk)]
    if ledger is not None and (differ := drift(texts, ledger)):
        found.append(Finding(False, HuiyingError("drift", files=", ".join(differ))))
    return found


def errors(desk: Desk) -> list[HuiyingError]:
    """Return what may not be recorded: outlets beyond the boundary, rules outside the area, words on persons."""
    found: list[HuiyingError] = [refused for outlet in desk.outlets if (refused := refuse_outlet(outlet))]
    found += [ConfigError("zone_unknown", file=file, zone=zone) for file, zone in _zones(desk) if not _known(zone)]
    allowed = official_names(desk)
    found += _on_persons(desk, allowed)
    for rule in desk.rules:
        found += [
            ConfigError("rule_outside_area", file="rules.toml", rule=rule.id, place=place)
            for place in rule.places
            if not covers(desk.area.code, place)
        ]
        persons = personal_names((*rule.words, *rule.without), allowed)
        found += [ConfigError("rule_on_person", file="rules.toml", rule=rule.id, word=word) for word in persons]
    return found


def _on_persons(desk: Desk, allowed: Sequence[str]) -> list[ConfigError]:
    """Return topics and own places that name a person; a place is excused by units and the area, never by itself."""
    found = [
        ConfigError("topic_on_person", file="topics.toml", topic=topic.id, word=word)
        for topic in desk.topics
        for word in personal_names(topic.written_words(), allowed)
    ]
    found += [
        ConfigError("topic_on_person", file="topics.toml", topic=context.id, word=word)
        for context in desk.contexts
        for word in personal_names(context.every_word(), allowed)
    ]
    official = [unit.name for unit in desk.units] + [desk.area.name]
    return found + [
        ConfigError("place_on_person", file="places.toml", place=place.name, word=word)
        for place in desk.area.places
        for word in personal_names((place.name, *place.aliases), official)
        if not (len(word) > 3 and word.endswith(_PLACES))
    ]


def warnings(desk: Desk) -> list[HuiyingError]:
    """Return what should be looked at: nothing to collect, no rule, a year without a calendar."""
    found: list[HuiyingError] = []
    if not desk.outlets:
        found.append(ConfigError("no_outlets", file="outlets.toml"))
    if not desk.rules:
        found.append(ConfigError("no_rules", file="rules.toml"))
    if not any(outlet.official for outlet in desk.outlets):
        found.append(ConfigError("no_official_outlet", file="outlets.toml"))
    year = system_now().year
    found += [
        ConfigError("calendar_unknown", file="calendar.toml", year=wanted)
        for wanted in (year, year + 1)
        if not known_year(wanted, desk.calendar)
    ]
    return found


def drift(texts: Mapping[str, str], ledger: Ledger) -> list[str]:
    """Return the names of files whose text differs from what the ledger recorded last; none before a first record."""
    recorded = Recorded(ledger).texts()
    return sorted(name for name, text in texts.items() if recorded and recorded.get(name) != text)


def _channel(channel: Channel) -> ConfigError | None:
    if channel.url.startswith(("http://", "https://")):
        return None
    if channel.mail:
        complete = bool(channel.to and channel.sender and urlsplit(channel.url).hostname)
        return None if complete else ConfigError("channel_mail", file="huiying.toml", channel=channel.name)
    return ConfigError("channel_url", file="huiying.toml", channel=channel.name)


def _zones(desk: Desk) -> list[tuple[str, str]]:
    return [("calendar.toml", desk.calendar.zone), *(("outlets.toml", outlet.zone) for outlet in desk.outlets)]


def _known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True

"""What may not be recorded: topics and own places that name a person, beside rules that do."""

from __future__ import annotations

from typing import Any

import pytest

from huiying.check import errors
from huiying.core.config import Desk, OwnPlace, Unit
from huiying.core.config_text import read_desk
from huiying.core.model import PlaceLevel
from huiying.core.topic_rules import TopicRule
from huiying.example.make import desk_texts
from pipeline.shipped import shipped_contexts, shipped_topics

DESK = read_desk({name: text for name, text in desk_texts(8790).items() if name != "huiying.toml"})


def with_topic(**words: Any) -> Desk:
    topic = TopicRule.model_validate({"id": "t", "name": "题", "name_en": "t", "any": ("停水",)} | words)
    return DESK.model_copy(update={"topics": (*DESK.topics, topic)})


def with_place(name: str, *aliases: str, units: tuple[Unit, ...] = ()) -> Desk:
    place = OwnPlace(code=DESK.area.code, name=name, level=PlaceLevel.VILLAGE, aliases=aliases)
    area = DESK.area.model_copy(update={"places": (*DESK.area.places, place)})
    return DESK.model_copy(update={"area": area, "units": (*DESK.units, *units)})


@pytest.mark.parametrize(
    "words", [{"any": ("王小明",)}, {"all": ("王小明",)}, {"none": ("王小明",)}, {"name": "王小明"}]
)
def test_a_topic_on_a_person_is_refused(words: dict[str, Any]) -> None:
    [wrong] = errors(with_topic(**words))
    assert wrong.code == "topic_on_person"
    assert all("王小明" in wrong.sentence(language) for language in ("zh", "en"))


@pytest.mark.parametrize("names", [("王小明",), ("老水塔", "王小明")])
def test_an_own_place_named_as_a_person_is_refused(names: tuple[str, ...]) -> None:
    [wrong] = errors(with_place(*names))
    assert wrong.code == "place_on_person"
    assert all("王小明" in wrong.sentence(language) for language in ("zh", "en"))


def test_a_unit_excuses_the_place_that_bears_its_name() -> None:
    school = Unit(id="school", name="王小明希望小学")
    assert errors(with_place("王小明希望小学", units=(school,))) == []


def test_the_demonstration_and_the_shipped_topics_pass() -> None:
    assert errors(DESK) == []
    assert (
        errors(DESK.model_copy(update={"topics": shipped_topics(), "contexts": shipped_contexts(), "rules": ()})) == []
    )

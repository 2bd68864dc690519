"""The pipeline's sentences: the same keys in both languages, every code has one."""

from __future__ import annotations

import re
import tomllib
from importlib import resources

import pytest

from huiying.core.errors import Dead

FIELDS = {"address": "a", "outlet": "b", "step": "c", "detail": "d", "path": "e"}


def sentences(language: str) -> dict[str, str]:
    file = resources.files("pipeline") / "messages" / f"{language}.toml"
    return dict(tomllib.loads(file.read_text(encoding="utf-8"))["error"])


def test_both_languages_have_the_same_keys_and_fields() -> None:
    chinese, english = sentences("zh"), sentences("en")
    assert chinese.keys() == english.keys()
    for key in chinese:
        assert re.findall(r"\{\w+\}", chinese[key]).sort() == re.findall(r"\{\w+\}", english[key]).sort()


@pytest.mark.parametrize("code", ["not_an_article", "nothing_to_read", "outlet_unknown", "step_failed"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_reason_has_a_sentence(code: str, language: str) -> None:
    assert code not in Dead(code, **FIELDS).sentence(language)

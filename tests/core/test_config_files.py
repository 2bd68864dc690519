"""Configuration files: what is wrong is said with file, line and the nearest known key."""

from __future__ import annotations

from pathlib import Path

import pytest

from huiying.core.config_files import read_machine, read_texts
from huiying.core.config_text import read_desk
from huiying.core.errors import ConfigError
from huiying.init import shipped_files

FIELDS = {"area_code": "110105000000", "area_name": "某区", "desk": "d", "title": "t", "contact": "a@b.cn"}


def texts() -> dict[str, str]:
    files = shipped_files()
    for name, written in files.items():
        for field, value in (FIELDS | {"language": "zh"}).items():
            written = written.replace("{" + field + "}", value)
        files[name] = written
    return files


def refused(**changed: str) -> ConfigError:
    files = texts()
    for name, more in changed.items():
        files[f"{name}.toml"] = more
    with pytest.raises(ConfigError) as wrong:
        read_desk(files)
    return wrong.value


OUTLET = '[[outlets]]\nid = "a"\nname = "n"\ntier = "county"\nhosts = ["a.cn"]\n'


def test_the_shipped_files_are_valid() -> None:
    desk = read_desk(texts())
    assert (len(desk.topics), len(desk.contexts), len(desk.severity)) == (25, 8, 11)
    assert set(desk.policy.levels) == {"1", "2", "3", "4"}


@pytest.mark.parametrize(
    ("more", "line", "key", "nearest"),
    [
        ('hostss = ["x"]\n', 6, "hostss", "hosts"),
        ('[[outlets.sources]]\nkind = "feed"\nadress = "http://a.cn/"\n', 8, "adress", "address"),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_the_nearest(more: str, line: int, key: str, nearest: str) -> None:
    wrong = refused(outlets=OUTLET + more)
    assert (wrong.code, wrong.fields["line"]) == ("config_unknown_key", line)
    assert (wrong.fields["key"], wrong.fields["nearest"]) == (key, nearest)
    for language in ("zh", "en"):
        assert "outlets.toml" in wrong.sentence(language)
        assert nearest in wrong.sentence(language)


def test_the_second_entry_is_found() -> None:
    wrong = refused(outlets=OUTLET + OUTLET.replace('"a"', '"b"') + "peace = 3\n")
    assert (wrong.fields["line"], wrong.fields["nearest"]) == (11, "pace")


def test_a_top_level_key_of_another_name_is_refused() -> None:
    assert refused(outlets="[[outlet]]\n").fields["nearest"] == "outlets"


def test_broken_toml_says_its_line() -> None:
    wrong = refused(rules='[[rules]]\nid = "a\n')
    assert (wrong.code, wrong.fields["line"]) == ("config_syntax", 2)


def test_a_wrong_value_says_its_line() -> None:
    wrong = refused(outlets=OUTLET.replace('"county"', '"village"'))
    assert (wrong.code, wrong.fields["line"], wrong.fields["key"]) == ("config_enum", 4, "tier")


def test_ids_are_unique_and_names_declared() -> None:
    assert refused(outlets=OUTLET + OUTLET).code == "config_twice"
    rule = '[[rules]]\nid = "r"\nname = "r"\ntopics = ["watr"]\nplaces = ["110105000000"]\n'
    wrong = refused(rules=rule)
    assert (wrong.code, wrong.fields["nearest"]) == ("config_undeclared", "water")
    assert refused(outlets=OUTLET + "official = true\n").code == "official_without_unit"


def test_a_rule_needs_topic_and_place() -> None:
    assert (
        refused(rules='[[rules]]\nid = "r"\nname = "r"\ntopics = ["water"]\nwords = ["x"]\n').code
        == "config_missing_key"
    )


def test_a_missing_file_and_no_desk_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="config_missing"):
        read_texts(tmp_path)
    with pytest.raises(ConfigError, match="not_a_desk"):
        read_machine(tmp_path)

"""`huiying gazetteer`: what it says of itself, codes of a name, and the desk's own names."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from huiying.cli import app
from huiying.core.config_files import read_texts
from huiying.core.config_text import read_desk
from huiying.core.errors import ConfigError, Refused
from huiying.core.model import PlaceLevel
from huiying.example.make import desk_texts
from huiying.naming import add_place, found
from pipeline.gazetteer import gazetteer
from pipeline.reading import Tagger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, written in desk_texts(8790).items():
        (tmp_path / name).write_text(written, encoding="utf-8")
    return tmp_path


def area(folder: Path) -> str:
    return read_desk(read_texts(folder)).area.code


def test_it_says_its_date_and_counts() -> None:
    said = CliRunner().invoke(app, ["gazetteer"]).output
    assert "2023-06-30" in said
    assert all(str(count) in said for count in gazetteer().about["counts"])


def test_a_name_is_looked_up_in_full_short_and_former() -> None:
    assert {one.code for one in found("朝阳区")} == {"110105000000", "220104000000"}
    assert [one.code for one in found("昆山")] == ["320583000000"]
    assert "420600000000" in {one.code for one in found("襄樊市")}
    assert [one.level for one in found("棉一东社区")] == [PlaceLevel.VILLAGE]
    said = CliRunner().invoke(app, ["gazetteer", "昆山"]).output
    assert said.split() == ["320583000000", "county", "江苏省", "苏州市", "昆山市"]
    with pytest.raises(Refused, match="place_unknown"):
        list(found("没有这个地方"))


def test_a_local_name_is_added_and_then_tagged(folder: Path) -> None:
    code = area(folder)
    arguments = ["gazetteer", "--add", "望江台小区", "--code", code, "--alias", "望江台", "--desk", str(folder)]
    ran = CliRunner().invoke(app, arguments)
    assert (ran.exit_code, "望江台小区" in ran.output) == (0, True)
    desk = read_desk(read_texts(folder))
    assert desk.area.places[-1].aliases == ("望江台",)
    tags = Tagger(desk).tag("", "望江台小区停水，望江台的居民排队。", None).places
    assert [(tag.code, tag.start) for tag in tags] == [(code, 0), (code, 8)]


def test_what_check_would_refuse_is_not_written(folder: Path) -> None:
    before = read_texts(folder)
    code = area(folder)
    with pytest.raises(ConfigError, match="place_on_person"):
        add_place(folder, "王小明", code, PlaceLevel.VILLAGE, [])
    for wrong in ("110199000000", "", "1101", "石家庄"):
        with pytest.raises(Refused, match="place_nowhere"):
            add_place(folder, "某某水库", wrong, PlaceLevel.VILLAGE, [])
    with pytest.raises(Refused, match="place_known"):
        add_place(folder, "某某水库", code, PlaceLevel.VILLAGE, [read_desk(before).area.name])
    assert read_texts(folder) == before


def test_a_file_with_tables_of_places_gets_one_more(folder: Path) -> None:
    code = area(folder)
    (folder / "places.toml").write_text(f'code = "{code}"\nname = "某县"\n\n# [[places]]\n', encoding="utf-8")
    for name in ("东水库", "西水库"):
        add_place(folder, name, code, PlaceLevel.VILLAGE, [])
    assert [place.name for place in read_desk(read_texts(folder)).area.places] == ["东水库", "西水库"]


def test_a_name_with_quotation_marks_is_written_as_it_is(folder: Path) -> None:
    add_place(folder, '"老"水库\\', area(folder), PlaceLevel.VILLAGE, [])
    assert read_desk(read_texts(folder)).area.places[-1].name == '"老"水库\\'

"""Every sentence that a template or a script shows stands in both languages; nothing is fetched from elsewhere."""

from __future__ import annotations

import re
import string
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from alerts.reasons import Why
from alerts.timeline import _TOLD
from alerts.vocabulary import CommandType, Criterion, EndState, Finding, Ground, Stage, Step, Verdict
from alerts.web.look import CHOICES
from alerts.web.pages import HERE, SCRIPT_WORDS, STATIC
from huiying.core.messages import LANGUAGES, PACKAGES, _flatten, catalogue
from huiying.core.model import Role, Tier
from huiying.core.states import Reading

TEMPLATES = sorted((HERE / "templates").glob("*.html"))
CODES = {
    "stage": Stage, "step": Step, "ground": Ground, "end_state": EndState, "finding": Finding, "verdict": Verdict,
    "criterion": Criterion, "role": Role, "tier": Tier, "reading": Reading, "command": CommandType,
    "press": CommandType, "standing": Why,
    "settings": [*CHOICES, *(word for words in CHOICES.values() for word in words)],
}  # fmt: skip


def wanted() -> set[str]:
    found = {f"script.{word}" for word in SCRIPT_WORDS} | {f"line.{key}" for key in _TOLD}
    for table, codes in CODES.items():
        found |= {f"{table}.{code}" for code in codes}
    for source in (*TEMPLATES, *HERE.glob("*.py")):
        found |= set(
            re.findall(r"""\bt(?:ext)?\(\s*["']([a-z_]+(?:\.[A-Za-z_0-9]+)+)["']""", source.read_text("utf-8"))
        )
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_is_in_the_catalogue(language: str) -> None:
    assert len(wanted()) > 200
    assert wanted() - set(catalogue(language)) == set()


def test_both_languages_have_the_same_keys_and_fields() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    assert set(zh) == set(en)
    for key in zh:
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (zh[key], en[key])]
        assert fields[0] == fields[1], key


def test_no_sentence_of_another_package_is_overwritten() -> None:
    def keys(package: str) -> set[str]:
        file = resources.files(package) / "messages" / "zh.toml"
        return set(_flatten(tomllib.loads(file.read_text(encoding="utf-8")))) if file.is_file() else set()

    for package in PACKAGES[:-1]:
        assert keys("alerts.web") & keys(package) == set()


def test_error_codes_raised_here_have_a_sentence() -> None:
    raised: set[str] = set()
    for source in HERE.glob("*.py"):
        names = "Refused|NotThere|Forged|NotSignedIn|HuiyingError|WrongPassword|TooManyFailures"
        raised |= set(re.findall(rf'(?:{names})\(\s*"([a-z_]+)"', source.read_text("utf-8")))
    assert len(raised) > 10
    assert {f"error.{code}" for code in raised} - set(catalogue("zh")) == set()


def test_no_template_holds_chinese_text_of_its_own() -> None:
    allowed = {"、", "中文"}
    for template in TEMPLATES:
        own = set(re.findall(r"[\u3000-\u303f\u4e00-\u9fff]+", template.read_text("utf-8")))
        assert own <= allowed, template.name


def test_no_template_has_inline_scripts_or_styles() -> None:
    for template in TEMPLATES:
        text = template.read_text("utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text), template.name


def test_nothing_is_fetched_from_another_host() -> None:
    for file in [*TEMPLATES, *STATIC.glob("*.*")]:
        loads = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(https?:)?//""", file.read_text("utf-8"))
        assert not loads, file.name


def test_vendored_files_are_what_their_list_says() -> None:
    script = Path(__file__).parents[3] / "deploy" / "vendor.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

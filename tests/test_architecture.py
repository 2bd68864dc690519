"""The tree keeps its promises: import contracts, sizes, names, no clock of its own, both languages complete."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import statistics
import tomllib
from collections.abc import Iterator
from importlib import metadata, resources
from pathlib import Path

import pytest

from huiying.core import errors
from huiying.core.messages import LANGUAGES, PACKAGES, catalogue

ROOT = Path(__file__).parent.parent
OURS = ("huiying", "crawlers", "pipeline", "alerts")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager", "service", "misc"}


def modules() -> list[Path]:
    return [file for package in OURS for file in (ROOT / package).rglob("*.py")]


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for file in modules():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield file, node


def test_every_module_is_importable_without_side_effects() -> None:
    for package in OURS:
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            if "migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def test_modules_are_small() -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in modules()}
    assert [str(file) for file, length in lengths.items() if length > 400] == []
    assert statistics.median(length for file, length in lengths.items() if file.name != "__init__.py") <= 150


def test_functions_are_small() -> None:
    long = [
        f"{file.relative_to(ROOT)}:{node.name}" for file, node in functions() if node.end_lineno - node.lineno >= 60
    ]
    assert long == []


def test_files_are_named_after_what_they_do() -> None:
    assert [str(file) for file in modules() if file.stem in FORBIDDEN_NAMES] == []


def test_the_present_instant_is_read_in_one_place() -> None:
    reads = re.compile(r"datetime\.(now|utcnow|today)\(|time\.time\(\)|time_ns\(\)|date\.today\(")
    allowed = {ROOT / "huiying/backends/clock_system.py"}
    assert [str(file) for file in modules() if file not in allowed and reads.search(file.read_text("utf-8"))] == []


def test_the_environment_is_read_in_the_command_only() -> None:
    reads = re.compile(r"os\.environ|getenv\(")
    allowed = {ROOT / "huiying/terminal.py"}
    assert [str(file) for file in modules() if file not in allowed and reads.search(file.read_text("utf-8"))] == []


def public(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the public functions and methods of a module; what stands inside a function is not public."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        members = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
        for member in members:
            if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and not member.name.startswith("_"):
                yield member


def test_public_functions_have_docstrings() -> None:
    # A protocol's method without one says in its class what it promises.
    bare = [
        f"{file.relative_to(ROOT)}:{node.name}"
        for file in modules()
        for node in public(file)
        if not ast.get_docstring(node) and not _is_stub(node)
    ]
    assert bare == []


def _is_stub(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    only = node.body[0]
    return isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant) and only.value.value is ...


def test_no_author_anywhere_in_the_data_model() -> None:
    model = (ROOT / "huiying/core/model.py").read_text(encoding="utf-8")
    fields = {
        node.target.id
        for node in ast.walk(ast.parse(model))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    assert not {name for name in fields if re.search("author|byline|editor|reporter|journalist|sentiment", name)}


def test_no_other_distribution_ships_our_names() -> None:
    owners = metadata.packages_distributions()
    assert {name: set(owners.get(name, [])) - {"huiying"} for name in OURS} == {name: set() for name in OURS}


def test_the_lock_has_a_hash_for_every_pin() -> None:
    for name in ("requirements.lock", "requirements-test.lock"):
        lines = (ROOT / "deploy" / name).read_text().splitlines()
        pins = [number for number, line in enumerate(lines) if re.match(r"^[a-z0-9]", line)]
        assert pins
        assert all("--hash=sha256:" in lines[number + 1] for number in pins)
        assert not any("://" in line for line in lines)


def test_every_dependency_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[\[<>=]", name)[0] for name in project["dependencies"]}
    imports = "\n".join(file.read_text(encoding="utf-8") for file in modules())
    named = {
        "kafka-python": "kafka",
        "argon2-cffi": "pwdlib",
        "chinesecalendar": "chinese_calendar",
        "python-docx": "docx",
        "python-multipart": "Form",
    }
    spelled = {name: named.get(name, name).replace("-", "_") for name in wanted}
    assert {name for name, module in spelled.items() if not re.search(rf"\b{module}\b", imports)} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_both_languages_have_the_same_sentences_with_the_same_fields(package: str) -> None:
    folder = resources.files(package) / "messages"
    read = {lang: tomllib.loads((folder / f"{lang}.toml").read_text(encoding="utf-8")) for lang in LANGUAGES}
    flat = {lang: dict(_leaves(table)) for lang, table in read.items()}
    assert flat["zh"].keys() == flat["en"].keys()
    differ = [key for key in flat["zh"] if _fields(flat["zh"][key]) != _fields(flat["en"][key])]
    assert differ == []


def _leaves(table: dict[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def _fields(sentence: str) -> set[str]:
    return set(re.findall(r"{(\w+)", sentence))


def test_every_error_code_in_the_code_has_its_sentence() -> None:
    classes = {name for name, value in vars(errors).items() if isinstance(value, type)}
    raised = set()
    for file in modules():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in classes and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    raised.add(first.value)
    assert {code for code in raised if f"error.{code}" not in catalogue("zh")} == set()

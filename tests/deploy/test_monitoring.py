"""Rules and dashboard speak of metrics that the roles really expose, by their names and labels."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from alerts.view import AlertView
from huiying.backends.ledger_sql import SqlLedger
from huiying.backends.store_sql import SqlStore
from huiying.core.consume import Counters
from huiying.core.model import Topic
from huiying.metrics import NEEDS, Metrics
from huiying.sampling import crawl_sampler, watch_sampler
from tests.clock import SettableClock

MONITORING = Path(__file__).parent.parent.parent / "deploy" / "monitoring"
RULES = (MONITORING / "alerts.yml").read_text(encoding="utf-8")
DASHBOARD = json.loads((MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8"))
# Given by Prometheus itself, by the target's line in prometheus.yml, or by its histograms.
GIVEN = {"job", "instance", "role", "le"}


def rule_expressions() -> list[str]:
    found = [match.strip() for match in re.findall(r"expr: >-\n\s+(.+)", RULES)]
    assert len(found) == RULES.count("- alert:") >= 10
    return found


def panel_expressions() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def names(expressions: list[str]) -> set[str]:
    return {name for expression in expressions for name in re.findall(r"\bhuiying_\w+", expression)}


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """Return each sample's name with its labels, over all four roles, as Prometheus would read them."""
    clock = SettableClock()
    data = tmp_path_factory.mktemp("exposed")
    ledger = SqlLedger(f"sqlite:///{data / 'ledger.sqlite'}", "d", clock)
    store = SqlStore(f"sqlite:///{data / 'store.sqlite'}")
    samples: dict[str, set[str]] = {}
    for role in NEEDS:
        metrics = Metrics(role, 1, data, clock.now)
        metrics.counted(Topic.POSTS_FOUND, Counters())
        metrics.size(Topic.POSTS_FOUND, "process", 1, 1)
        if role == "watch":
            watch_sampler(metrics, AlertView(ledger), store, clock)()
        if role == "crawl":
            crawl_sampler(metrics, store, clock)()
        for family in text_string_to_metric_families(generate_latest(metrics.registry).decode()):
            samples.setdefault(family.name, set())
            for sample in family.samples:
                samples.setdefault(sample.name, set()).update(sample.labels)
        metrics.close()
    yield samples
    ledger.close()
    store.close()


@pytest.mark.parametrize("expressions", [rule_expressions(), panel_expressions()], ids=["rules", "dashboard"])
def test_every_metric_asked_for_is_exposed(exposed: dict[str, set[str]], expressions: list[str]) -> None:
    assert names(expressions) - exposed.keys() == set()


def test_every_metric_exposed_is_shown(exposed: dict[str, set[str]]) -> None:
    shown = names(panel_expressions())
    ours = {name for name in exposed if name.startswith("huiying_") and not name.endswith("_created")}
    unseen = {name for name in ours if not any(seen.startswith(name.removesuffix("_total")) for seen in shown)}
    assert unseen == set()


def test_labels_that_are_grouped_by_exist(exposed: dict[str, set[str]]) -> None:
    known = GIVEN | set().union(*exposed.values()) | {"level", "stage", "reason", "reading"}
    grouped = {
        label.strip()
        for expression in (*rule_expressions(), *panel_expressions())
        for labels in re.findall(r"\bby \(([^)]*)\)", expression)
        for label in labels.split(",")
    }
    assert grouped - known == set()


def test_names_follow_the_conventions(exposed: dict[str, set[str]]) -> None:
    for name in exposed:
        assert name.startswith("huiying_")
        assert not re.search(r"_(ms|milliseconds|minutes|hours|kb|mb|percent)\b", name)


def test_no_label_is_unbounded(exposed: dict[str, set[str]]) -> None:
    few = {"backend", "topic", "group", "outcome", "level", "stage", "reason", "reading", "le"}
    assert set().union(*exposed.values()) - few == {"version", "role", "worker"}


def test_every_rule_has_a_summary_in_both_languages() -> None:
    rules = RULES.count("- alert:")
    assert RULES.count(" summary: ") == RULES.count(" summary_zh: ") == RULES.count(" severity: ".strip()) == rules


def test_prometheus_itself_accepts_rules_and_configuration(tmp_path: Path) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool (Debian's package prometheus) is not installed")
    checked = subprocess.run(
        [tool, "check", "config", str(MONITORING / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr

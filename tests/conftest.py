"""Profiles of the property tests: short by default, long by hand with HUIYING_PROFILE=long."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# Deadlines would be timed assertions; a busy machine must not turn a right answer into a failure.
# Where CI is set the same examples each time: what a change broke is told apart from what chance found. New ones are
# looked for by hand, in the long profile and on laptops.
settings.register_profile(
    "short",
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.register_profile("long", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HUIYING_PROFILE", "short"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests in a browser last: Playwright keeps a loop running in this thread, and other tests bring their own."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)

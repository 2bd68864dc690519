"""An invented county for the pipeline's tests: its codes exist nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from huiying.core.config import Area, Calendar, Desk, Outlet, OwnPlace, Policy, Unit
from huiying.core.model import Found, PlaceLevel, Tier
from pipeline.shipped import shipped_contexts, shipped_topics
from pipeline.steps import Reading, Tools, run_further, run_opening

COUNTY, TOWN, VILLAGE = "990101000000", "990101101000", "990101101201"
AREA = Area(
    code=COUNTY,
    name="青石县",
    places=(
        OwnPlace(code=TOWN, name="红河镇", level=PlaceLevel.TOWNSHIP, aliases=("红河圩",)),
        OwnPlace(code=VILLAGE, name="柳泉村", level=PlaceLevel.VILLAGE),
    ),
)
_TERM = {"minutes": 60}
_STEPS = dict.fromkeys(("acknowledge", "assign", "reply", "resolve", "publish", "confirm"), _TERM)
OUTLETS = (
    Outlet(id="paper", name="青石日报", tier=Tier.COUNTY, hosts=("paper.test",), home=COUNTY),
    Outlet(id="nation", name="全国报", tier=Tier.NATIONAL, hosts=("nation.test",)),
)
SHARED = Path(os.environ.get("HUIYING_SHARED", Path(__file__).parents[3] / "shared"))


def desk(**changes: object) -> Desk:
    """Return the desk with `changes`."""
    parts: dict[str, object] = {
        "area": AREA,
        "outlets": OUTLETS,
        "topics": shipped_topics(),
        "contexts": shipped_contexts(),
        "rules": (),
        "policy": Policy.model_validate({"version": "1", "levels": {str(level): _STEPS for level in range(1, 5)}}),
        "units": (Unit(id="water", name="青石县自来水公司"),),
        "calendar": Calendar(),
    }
    return Desk.model_validate(parts | changes)


def read_through(found: Found, outlet: Outlet, tools: Tools) -> Reading:
    """Return what all steps read of one post."""
    (reading,) = run_further([run_opening(found, outlet, tools)], tools)
    assert isinstance(reading, Reading)
    return reading


def shared(*parts: str) -> Path:
    """Return a file or folder of the measuring data beside the project; without it the test skips, and fails in CI."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        reason = f"the measuring data are not at {SHARED}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path

"""Charts for paper: horizontal bars that read in black and white, each with its numbers written beside it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from alerts.reports.model import Chart

_FONTS = ["Noto Sans CJK SC", "DejaVu Sans"]
_WIDTH, _BAR = 6.1, 0.34  # inches: the width of the text, and the height of one bar


def draw(chart: Chart, form: str) -> bytes:
    """Return `chart` as "svg" or "png": the part filled, the rest of the whole hatched. The same bytes each time."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    settings: Any = {"font.family": _FONTS, "svg.hashsalt": "huiying", "svg.fonttype": "path", "hatch.linewidth": 0.6}
    with mpl.rc_context(settings):
        count = len(chart.labels)
        figure = Figure(figsize=(_WIDTH, 0.5 + _BAR * count), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        at = range(count)
        rest = [whole - part for part, whole in zip(chart.parts, chart.wholes, strict=True)]
        axes.barh(at, chart.parts, color="0.25", edgecolor="black", height=0.6)
        axes.barh(at, rest, left=chart.parts, color="white", edgecolor="black", hatch="////", height=0.6)
        for place, (part, whole) in enumerate(zip(chart.parts, chart.wholes, strict=True)):
            axes.text(whole, place, f" {part}/{whole}", va="center", fontsize=9)
        axes.set_yticks(list(at), chart.labels, fontsize=9)
        axes.invert_yaxis()
        axes.set_xlim(0, max(chart.wholes) * 1.12 or 1)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.tick_params(bottom=False, labelbottom=False)
        out = BytesIO()
        figure.savefig(out, format=form, dpi=200, metadata={"Date": None} if form == "svg" else {"Software": None})
    return out.getvalue()

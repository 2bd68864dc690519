"""The past quarter's problems as they are written in `quarter.toml`, and the pages that the county publishes on them.

problem ─► reply (what was found, what is being done) │ outcome (what was done) │ wrong (a page that misses the place)
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources

from huiying.example.posts import office_time, paragraphs

Page = tuple[str, tuple[str, ...]]  # title, paragraphs


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `day` counts from the first day of the quarter, which is 1; `time` is the office's.

    `ending` names its script; `word` is the topic's plain word, `cause`, `doing` and `done` go into the county's pages.
    `again` and `of` name an earlier problem: whose matter it may be again, of which it is a duplicate. `reprint` is an
    outlet that carries the text once more, `softened` what replaces it
    under `softened_title`.
    """

    id: int
    outlet: str
    day: int
    time: str
    topic: str
    place: str
    ending: str
    title: str
    text: tuple[str, ...]
    word: str = ""
    cause: str = ""
    doing: str = ""
    done: str = ""
    again: int | None = None
    of: int | None = None
    reprint: str | None = None
    softened: str = ""
    softened_title: str = ""

    def at(self, first: date) -> datetime:
        """Return when it is published, where the quarter begins on `first`."""
        return office_time(first, self.day, self.time)

    def page(self, kind: str, where: str, unit: str) -> Page:
        """Return a page of the county's on it; `where` is the place with its township, `unit` who handles it."""
        if kind == "wrong":
            return (
                f"{unit}近期工作情况",
                (f"{unit}近期组织人员巡查设施，对群众关心的事项逐一登记。", "下一步将继续做好有关工作。"),
            )
        if kind == "outcome":
            return (
                f"{where}{self.word}问题处置结果",
                (f"{where}{self.word}问题已经处置完毕，现公布如下。", f"{self.done}。", f"{unit}将继续回访。"),
            )
        found = "与事实不符" if self.ending == "untrue" else "情况属实"
        return (
            f"关于{where}{self.word}情况的回应",
            (
                f"近日有媒体反映{where}{self.word}，{unit}已派人到现场核实，{found}。",
                f"经查，{self.cause}。目前{self.doing}。",
                "后续进展将在本网站公布。",
            ),
        )


@cache
def problems() -> tuple[Problem, ...]:
    """Return every problem in the file's order."""
    file = resources.files("huiying.example") / "quarter.toml"
    entries = tomllib.loads(file.read_text(encoding="utf-8"))["problems"]
    return tuple(Problem(**entry | {"text": paragraphs(entry["text"])}) for entry in entries)

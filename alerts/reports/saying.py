"""How a report names things: numbers, periods, units, places, topics, alerts, in one language and the office's zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.alert import AlertState
from alerts.figures import Count, Rate
from alerts.periods import Period, kind
from alerts.timeline import unit_name
from alerts.wording import Wording
from huiying.core.config import Desk


@dataclass(frozen=True, slots=True)
class Saying:
    """The words of one report. `states` are the alerts by id as of its last event, `people` names by pseudonym."""

    wording: Wording
    desk: Desk
    states: Mapping[str, AlertState]
    people: Mapping[str, str]

    def text(self, key: str, /, **fields: object) -> str:
        """Return the sentence `key`."""
        return self.wording.text(key, **fields)

    def rate(self, rate: Rate | None) -> str:
        """Return "51/60", with a percentage from 20 alerts on; where no alert fell due, that."""
        if rate is None:
            return self.text("figures.none")
        fraction = f"{rate.part.count}/{rate.whole.count}"
        if rate.permille is None:
            return fraction
        return self.text("report.percent", fraction=fraction, percent=f"{rate.permille // 10}.{rate.permille % 10}")

    def period(self, period: Period) -> str:
        """Return the period in words with its first and last day."""
        first, last = self._day(period.begin), self._day(period.end - timedelta(seconds=1))
        if kind(period.name) == "dates":
            return self.text("report.period.dates", first=first, last=last)
        year, _, number = period.name.partition("-")
        number = number.lstrip("WQH0")
        return self.text(f"report.period.{kind(period.name)}", year=year, number=number, first=first, last=last)

    def group(self, by: str, key: str | None) -> str:
        """Return what people call a unit, place, topic or level; None is the duty desk."""
        if key is None:
            return self.text("figures.duty_desk")
        if by == "level":
            return self.text(f"level.{key}")
        return {"unit": self.unit, "place": self.place, "topic": self.topic}[by](key)

    def unit(self, id: str | None) -> str:
        """Return a unit's name, the duty desk's for None."""
        return unit_name(self.desk, id) if id else self.text("figures.duty_desk")

    def place(self, code: str) -> str:
        """Return a place's name; its code where nobody knows it."""
        own = {place.code: place.name for place in self.desk.area.places} | {self.desk.area.code: self.desk.area.name}
        if code in own:
            return own[code]
        tagged = (place.name for state in self.states.values() for place in state.places if place.code == code)
        return next(tagged, code)

    def topic(self, id: str) -> str:
        """Return a topic's name; its id where it is configured no more."""
        found = next((topic for topic in self.desk.topics if topic.id == id), None)
        return (found.name if self.wording.language == "zh" else found.name_en) if found else id

    def titles(self, count: Count) -> list[AlertState]:
        """Return the alerts behind a number."""
        return [self.states[id] for id in count.alerts if id in self.states]

    def length(self, seconds: int | None) -> str:
        """Return a length of time in its two largest units; "–" for None."""
        return "–" if seconds is None else self.wording.length(seconds)

    def moment(self, at: datetime) -> str:
        """Return day and minute."""
        return self.wording.moment(at)

    def _day(self, at: datetime) -> str:
        return self.wording.day(at)

"""What is shown of sources, alerts and deliveries: read from ledger and store now and then, beside the role's loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from alerts.tally import tally
from alerts.view import AlertView
from huiying.core.ports import Clock
from huiying.core.states import Store
from huiying.metrics import Metrics

ALERTS_EVERY = 15.0  # seconds
SOURCES_EVERY = 60.0  # seconds; a province has 100,000 of them


def watch_sampler(metrics: Metrics, view: AlertView, store: Store, clock: Clock) -> Callable[[], None]:
    """Return what shows open alerts, overdue steps, source alarms and deliveries not yet made."""
    alerts = metrics.gauge("huiying_alerts_open", "Alerts not closed.", "level", "stage")
    overdue = metrics.gauge("huiying_deadlines_overdue", "Steps of open alerts past their deadline.")
    lateness = metrics.gauge("huiying_deadline_lateness_seconds", "How late the latest step of an open alert is.")
    alarms = metrics.gauge("huiying_source_alarms", "Source alarms that stand.", "reason")
    unsent = metrics.gauge("huiying_deliveries_unsent", "Notifications that are due and not delivered.")

    def take() -> None:
        view.catch_up()
        now = clock.now()
        counted = tally(view.alerts(), now)
        alerts.clear()
        for (level, stage), count in counted.open.items():
            alerts.labels(level, stage).set(count)
        overdue.set(counted.overdue)
        lateness.set(counted.lateness)
        alarms.clear()
        for reason, count in Counter(alarm.reason for alarm in store.alarms.all()).items():
            alarms.labels(reason).set(count)
        unsent.set(len(store.deliveries.due(now)))

    return take


def crawl_sampler(metrics: Metrics, store: Store, clock: Clock) -> Callable[[], None]:
    """Return what shows the sources by how their last reading ended, how many are due, and the newest post's time."""
    sources = metrics.gauge("huiying_sources", "Sources by how the last reading ended.", "reading")
    due = metrics.gauge("huiying_sources_due", "Sources that are due and not read yet.")
    newest = metrics.gauge("huiying_last_post_timestamp_seconds", "When a source last brought a new post.")
    newest.set(clock.now().timestamp())  # before the first post silence begins here

    def take() -> None:
        now = clock.now()
        states = store.crawl.sources()
        sources.clear()
        for reading, count in Counter(str(state.reading or "never") for state in states).items():
            sources.labels(reading).set(count)
        due.set(sum(state.due <= now for state in states))
        last = max((state.last_new for state in states if state.last_new), default=None)
        if last is not None:
            newest.set(last.timestamp())

    return take

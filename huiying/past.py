"""The demonstration's past quarter, made by running the real roles under the simulated clock.

quarter.toml, posts/ ─► invented sites ─► crawl ─► process ─► watch ─► alerts ─► people's commands by the scenario ─► …
the clock leaps from one instant at which something happens to the next, and from hour to hour between

Nothing comes into the ledger but by the roles and by the commands that people press.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog
import uvicorn

from alerts.alert import AlertState
from alerts.commands import Actor, Command
from alerts.office import Office
from alerts.periods import before, holding, period
from huiying import wiring
from huiying.core.addresses import post_id
from huiying.core.config import Desk
from huiying.core.errors import HuiyingError
from huiying.core.model import Json, Post, Role, Topic
from huiying.example.pages import SITES, root
from huiying.example.posts import ZONE, Written, ordinary, written
from huiying.example.press import OFFICIAL, Press, Published
from huiying.example.quarter import Problem, problems
from huiying.example.scenario import ENDINGS, FOR_EARLIER, Move, when
from huiying.example.site import Server, bound, build
from huiying.metrics import Metrics
from huiying.roles import scheduled_of, sealing_of

LEAD = timedelta(days=11)  # before the quarter, so that its cohort is whole
HOUR = timedelta(hours=1)
QUIET = 8 * HOUR
# When the roles look between the instants at which something happens (UTC; 16 and 0 are 00:00 and 08:00 of the office).
LOOKS, QUIET_LOOKS = (0, 4, 8, 12, 16, 20), (0, 16)
READ_AFTER = timedelta(minutes=2)  # the crawler is so much later than the outlet
VANISHES = timedelta(hours=20)
BY_HAND = timedelta(minutes=50)

logger = structlog.get_logger("huiying.past")
Act = Callable[[], None]
Told = Callable[[datetime], None]


def quarter_of(now: datetime) -> tuple[date, datetime]:
    """Return the first day of the last whole quarter before `now`, and when its replay begins (UTC)."""
    name = before(holding(now.astimezone(ZONE).date())["quarter"])
    begin = period(name, str(ZONE)).begin
    return begin.astimezone(ZONE).date(), begin - LEAD


async def replay(runtime: wiring.Runtime, port: int, until: datetime, told: Told, play: Sequence[Problem] = ()) -> None:
    """Play the quarter before `until` on the desk of `runtime`, whose clock is simulated, and on to `until`.

    The sites are served on `port`; `told` hears of each instant; `play` are the problems, all of them where none are
    given. Runs inside `crawlers.engine.on_reactor`.
    """
    clock = wiring.simulated_clock(runtime.data)
    press = Press((), clock.now(), runtime.data / "site.json")
    config = uvicorn.Config(build(press, clock.now, hurried=True), log_config=None, access_log=False, lifespan="off")
    server = Server(config)
    serving = asyncio.create_task(server.serve(bound(port)))
    try:
        async with _playing(runtime, press, port) as past:
            past.plan(play or problems(), ordinary(), quarter_of(until)[0])
            await past.run(until, told)
        press.begin(written(), until)
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def _playing(runtime: wiring.Runtime, press: Press, port: int) -> Any:
    metrics = Metrics("watch", 1, runtime.data, wiring.system_now)
    try:
        async with wiring.crawling(runtime) as crawl:
            yield Past(runtime, press, port, crawl, metrics)
    finally:
        metrics.close()


@dataclass(slots=True)
class Case:
    """One problem on its way: what was published of it, its alert, and the moves that are left."""

    problem: Problem
    article: Published | None = None
    alert: str | None = None
    moves: tuple[Move, ...] = ()


class Past:
    """The play. `acts` are what happens at which instant; a move is put among them when the one before it is done."""

    def __init__(self, runtime: wiring.Runtime, press: Press, port: int, crawl: Any, metrics: Metrics) -> None:
        self._runtime = runtime
        self._press = press
        self._crawl = crawl
        self._clock = wiring.simulated_clock(runtime.data)
        self._process = wiring.process(runtime)
        self._indexing = wiring.indexing(runtime)
        self._index = runtime.index(writer=False)
        self._watch = wiring.watch(runtime)
        self._sealing = sealing_of(runtime, metrics)
        self._scheduled = scheduled_of(runtime)
        self._view = runtime.view()
        self._office = Office(runtime.ledger, self._view, runtime.clock, runtime.captures)
        self._people = _people(runtime)
        self._roots = {site.outlet: root(site, port) for site in SITES}
        self._paths = {site.outlet: site.article for site in SITES}
        self._cases: dict[int, Case] = {}
        self._by_title: dict[str, Case] = {}
        self._acts: list[tuple[datetime, int, Act]] = []
        self._order = itertools.count()
        self._fetch = True
        self._papers: list[tuple[datetime, Written]] = []

    def plan(self, play: Sequence[Problem], beside: Sequence[Written], first: date) -> None:
        """Put each problem's publication into its place, and the posts `beside` them in order."""
        self._papers = sorted(((post.at(first), post) for post in beside), key=lambda one: (one[0], one[1].id))
        for problem in play:
            case = Case(problem, moves=ENDINGS[problem.ending])
            self._cases[problem.id] = self._by_title[problem.title] = case
            self._at(problem.at(first), self._publishes(case))

    async def run(self, until: datetime, told: Told) -> None:
        """Go from instant to instant up to `until`."""
        now = self._clock.now()
        while now < until:
            act = self._acts[0][0] if self._acts else until
            now = min(_look(now, quiet=act - now > QUIET), act, until)
            self._clock.set(max(now, self._clock.now()))
            self._papers_until(now)
            while self._acts and self._acts[0][0] <= now:
                heapq.heappop(self._acts)[2]()
            await self._turn(now)
            told(now)
        while self._indexing.tick():
            pass

    def _papers_until(self, now: datetime) -> None:
        """Publish the ordinary posts since the last instant, each at its own; the next reading finds them."""
        due = bisect_right(self._papers, now, key=lambda one: one[0])
        if due:
            self._press.stand(self._papers[:due])
            del self._papers[:due]

    async def _turn(self, now: datetime) -> None:
        """Let every role do what is to be done at this instant."""
        local = now.astimezone(ZONE)
        if self._fetch or (local.minute == 0 and local.hour == 8):
            self._fetch = False
            await self._crawl.settle()
        more = True
        while more:
            handled = self._process.tick() + self._watch.tick()
            wanted = any(self._runtime.log.size(Topic.CAPTURES_WANTED, "crawl")[1:])
            if wanted:
                await self._crawl.settle_wanted()
            more = bool(handled) or wanted
        if local.minute == 0 and local.hour in (0, 8):
            self._sealing.tick()
            self._scheduled.tick()
        self._meet()

    def _meet(self) -> None:
        """Begin the moves of alerts that were opened since."""
        self._view.catch_up()
        for state in self._view.alerts():
            case = self._by_title.get(state.title)
            if case is not None and case.alert is None:
                case.alert = state.id
                self._next(case, state.opened_at)

    def _next(self, case: Case, done: datetime) -> None:
        """Put the case's next move into its place."""
        if case.moves and case.alert:
            state = self._state(case)
            self._at(when(case.moves[0], done, state.deadlines), lambda: self._moves(case))
            for _, deadline in state.open_steps()[:1]:
                # What is overdue is escalated at once, as by a watch that looks every second.
                self._at(deadline.at + timedelta(minutes=1), lambda: None)

    def _moves(self, case: Case) -> None:
        """Make the next move; one that is refused is said, and the play goes on."""
        move, case.moves = case.moves[0], case.moves[1:]
        self._make(case, move)
        self._next(case, self._clock.now())

    def _make(self, case: Case, move: Move) -> None:
        try:
            self._press_button(case, move)
        except HuiyingError as refused:
            logger.error("move_refused", problem=case.problem.id, move=move.type, error=str(refused))

    def _press_button(self, case: Case, move: Move) -> None:
        state = self._state(case)
        actor, behalf = self._actor(move, state)
        payload = dict(move.fields) | self._filled(case, move, state)
        self._office.execute(actor, Command(move.type, state.id, payload, on_behalf_of=behalf))

    def _actor(self, move: Move, state: AlertState) -> tuple[Actor, str | None]:
        unit = state.unit or ""
        if move.who == "duty for unit":
            return self._people["duty"], unit
        return self._people[unit if move.who in ("unit", "other") else move.who], None

    def _filled(self, case: Case, move: Move, state: AlertState) -> dict[str, Json]:
        """Return what a person types or chooses for this move."""
        problem, kind = case.problem, str(move.type)
        evidence = [{"kind": "address", "value": state.address}]
        filled: dict[str, Json] = {}
        if kind == "assign":
            filled["unit"] = self._unit(problem, other=move.fields.get("unit") == "other")
        if kind in ("verify", "verify_and_reply", "resolve"):
            filled["evidence"] = evidence
        if kind == "resolve":
            filled["done"] = f"{problem.done}。"
        if kind == "amend" and state.resolution:
            filled |= {"event": state.resolution.seq, "value": f"{problem.done}（户数以本次更正为准）。"}
        if kind == "propose_dismissal" and problem.of:
            filled["of"] = self._cases[problem.of].alert
        if kind == "judge_recurrence":
            waiting = [one for one in state.recurrences if one.judged is None]
            filled["of"] = waiting[-1].other if waiting else ""
        if move.page:
            filled["address"] = self._county_publishes(case, move.page, state)
        return filled

    def _unit(self, problem: Problem, other: bool = False) -> str:
        units = [unit.id for unit in self._desk().units if problem.topic in unit.topics]
        return "zhengfuban" if other or not units else units[0]

    def _county_publishes(self, case: Case, kind: str, state: AlertState) -> str:
        """Publish the county's page, on the unit's own site where it has one; return its address."""
        desk = self._desk()
        unit = desk.unit(state.unit or "")
        title, text = case.problem.page(kind, where(desk, case.problem.place), unit.name if unit else "")
        outlet = next((one.id for one in desk.outlets if one.official and one.unit == state.unit), OFFICIAL)
        article = self._press.publish(outlet, title, text, self._clock.now())
        self._fetch = True
        return self._address(article)

    def _publishes(self, case: Case) -> Act:
        def publish() -> None:
            """Publish the problem on its outlet's site, and plan what becomes of the article."""
            problem, now = case.problem, self._clock.now()
            case.article = self._press.publish(problem.outlet, problem.title, problem.text, now)
            self._at(now + READ_AFTER, self._reads)
            if problem.reprint:
                self._at(now + 2 * HOUR, lambda: self._reprints(problem))
            if problem.ending == "vanished":
                self._at(now + VANISHES, lambda: self._press.withdraw(_id(case)))
            if problem.ending == "softened":
                self._at(
                    now + VANISHES, lambda: self._press.soften(_id(case), problem.softened_title, (problem.softened,))
                )
            if problem.ending == "by_hand":
                self._at(now + BY_HAND, lambda: self._open_by_hand(case))
            if problem.ending == "different_matter":
                self._at(now + 12 * HOUR, lambda: self._judges(problem))

        return publish

    def _reads(self) -> None:
        self._fetch = True

    def _reprints(self, problem: Problem) -> None:
        self._press.publish(str(problem.reprint), problem.title, problem.text, self._clock.now())
        self._at(self._clock.now() + READ_AFTER, self._reads)

    def _judges(self, problem: Problem) -> None:
        self._make(self._cases[problem.again or 0], FOR_EARLIER)

    def _open_by_hand(self, case: Case) -> None:
        post = self._post(case)
        if post is not None:
            place, topics = case.problem.place, (case.problem.topic,)
            why = "规则没有匹配到，值班员读稿时发现。"
            self._office.open_by_hand(self._people["duty"], post, why=why, topics=topics, place=place)

    def _post(self, case: Case) -> Post | None:
        """Return the post as the pipeline made it, from the log that the index is filled from."""
        while self._indexing.tick():
            pass
        assert case.article
        id = post_id(self._address(case.article))
        found = self._index.get(id)
        if found is None:  # a reader sees what was written within half a second
            time.sleep(0.6)
            found = self._index.get(id)
        return found

    def _address(self, article: Published) -> str:
        return self._roots[article.outlet] + self._paths[article.outlet].format(id=article.id)

    def _state(self, case: Case) -> AlertState:
        self._view.catch_up()
        state = self._view.alert(case.alert or "")
        assert state is not None
        return state

    def _desk(self) -> Desk:
        known = self._view.desk()
        assert known is not None
        return known[1]

    def _at(self, at: datetime, act: Act) -> None:
        heapq.heappush(self._acts, (at, next(self._order), act))


def _look(now: datetime, quiet: bool) -> datetime:
    """Return the next instant at which the roles look."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = QUIET_LOOKS if quiet else LOOKS
    later = (midnight + timedelta(days=day) + hour * HOUR for day in (0, 1) for hour in hours)
    return next(at for at in later if at > now)


def _id(case: Case) -> int:
    assert case.article
    return case.article.id


def where(desk: Desk, code: str) -> str:
    """Return a place with its township, as a county's page names it."""
    names = {place.code: place.name for place in desk.area.places}
    town = names.get(code[:9] + "000", "")
    return names[code] if code.endswith("000") else town + names[code]


def _people(runtime: wiring.Runtime) -> Mapping[str, Actor]:
    """Return who plays which part: duty, chief, deputy, and each unit by its id."""
    actors = {
        account.login: Actor(account.pseudonym, account.role, account.unit) for account in runtime.store.accounts.all()
    }
    parts = {"duty": "zhiban", "chief": "zhuren", "deputy": "fuzhuren"}
    units = {actor.unit: actor for actor in actors.values() if actor.role is Role.UNIT and actor.unit}
    return MappingProxyType({part: actors[login] for part, login in parts.items()} | units)

"""Everything that the desk's pages ask of the world, in one value that the composition root makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alerts.capturing import ReadPage
from alerts.office import Office
from alerts.reports.paper import Papers
from alerts.view import AlertView
from alerts.web.editing import RulesFile
from huiying.core.config import Machine
from huiying.core.health import Health, RoleReport
from huiying.core.ports import Captures, Clock, Index, Ledger
from huiying.core.states import Store


@dataclass(frozen=True, slots=True)
class Services:
    """The ports and the pipeline's functions on words and pages. Called from several threads at once.

    `cut` turns what a person typed into the index's distinct words, `phrase` into all of them in order; `highlight`
    returns the (start, end) spans of those words in a text, in order and without overlap, and `shared` those of the
    clauses of one text that another has too. `read_page` reads a captured page, masked; `personal` returns those of
    some words that are personal names. `place_name` and `place_codes` look in the gazetteer. `health` is that of the
    process, where it has one, and `reports` what the other roles on this
    data folder last said of themselves; `papers` are the printed reports, and `rules` the file of the rules in the
    desk's folder.
    """

    machine: Machine
    clock: Clock
    ledger: Ledger
    view: AlertView
    office: Office
    index: Index
    store: Store
    captures: Captures
    cut: Callable[[str], tuple[str, ...]]
    phrase: Callable[[str], tuple[str, ...]]
    highlight: Callable[[str, tuple[str, ...]], Sequence[tuple[int, int]]]
    shared: Callable[[str, str], Sequence[tuple[int, int]]]
    read_page: ReadPage
    personal: Callable[[Sequence[str]], Sequence[str]]
    place_name: Callable[[str], str | None] = lambda code: None
    place_codes: Callable[[str], tuple[str, ...]] = lambda name: ()
    health: Health | None = None
    reports: Callable[[], Sequence[RoleReport]] = lambda: ()
    papers: Papers | None = None
    rules: RulesFile | None = None

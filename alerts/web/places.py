"""Names of places for the screen, and codes for what a person typed."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.web.services import Services
from huiying.core.config import Desk
from huiying.core.model import Post


def own_places(desk: Desk | None) -> dict[str, str]:
    """Return the desk's area and its own places: name by code."""
    if desk is None:
        return {}
    return {desk.area.code: desk.area.name} | {place.code: place.name for place in desk.area.places}


def known_places(services: Services, desk: Desk | None, posts: Iterable[Post] = ()) -> dict[str, str]:
    """Return every name that the configuration, the alerts and `posts` give, by code."""
    tagged = {tag.code: tag.name for post in posts for tag in post.places}
    alerted = {place.code: place.name for state in services.view.alerts() for place in state.places}
    return tagged | alerted | own_places(desk)


def place_name(services: Services, known: dict[str, str], code: str) -> str:
    """Return the name of a code; the code itself where nobody knows it."""
    return known.get(code) or services.place_name(code) or code


def codes_of(services: Services, desk: Desk | None, typed: str) -> tuple[str, ...]:
    """Return the codes that a typed code or name means; empty where it means none."""
    if typed.isdigit() and len(typed) == 12:
        return (typed,)
    known = known_places(services, desk)
    aliases = {alias: place.code for place in (desk.area.places if desk else ()) for alias in place.aliases}
    named = tuple(code for code, name in known.items() if name == typed)
    return named or ((aliases[typed],) if typed in aliases else services.place_codes(typed))

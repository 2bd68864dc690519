"""Every post of the invented county does what its data say, and each is a text of its own."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise

import pytest

from huiying.core.states import Candidate
from huiying.example.posts import Written, all_posts, ordinary, responses, written
from huiying.example.press import OFFICIALS
from huiying.example.quarter import problems
from pipeline.gazetteer import gazetteer
from pipeline.stories import choose, fingerprints
from tests.core.test_example import desk, matched

PUBLISHED = (*ordinary(), *written())
BY_ID = {post.id: post for post in (*PUBLISHED, *problems())}


def original(id: int) -> int:
    """Return the post that the post `id` reprints, through reprints of reprints."""
    post = BY_ID[id]
    return original(post.reprint) if isinstance(post, Written) and post.reprint else id


def marks() -> dict[str, set[int]]:
    """Return the pipeline's own fingerprints of each post, problem and response."""
    texts = [(str(one.id), one.title, one.text) for one in BY_ID.values()]
    texts += [(f"{one.post}-{one.kind}", one.title, one.text) for one in responses()]
    return {name: set(fingerprints(title, "\n".join(text))) for name, title, text in texts}


@pytest.mark.parametrize("post", PUBLISHED, ids=lambda post: post.id)
def test_the_rules_find_the_problems_and_nothing_else(post: Written) -> None:
    found = {topic: match for match in matched(post) for topic in match.topics}
    if post.topic is None:
        assert found == {}
    else:
        assert post.place in {tag.code for tag in found[post.topic].places}


def test_posts_are_many_of_every_outlet_and_of_a_believable_length() -> None:
    assert len(PUBLISHED) + len(problems()) >= 400
    assert len({post.title for post in PUBLISHED}) == len(PUBLISHED)
    assert len({post.id for post in (*all_posts(), *problems())}) == len(all_posts()) + len(problems())
    assert [post.id for post in PUBLISHED if not 80 <= sum(map(len, post.text)) <= 350] == []
    counts = Counter(post.outlet for post in PUBLISHED)
    assert set(counts) == {outlet.id for outlet in desk().outlets}
    assert min(counts.values()) >= 5


def test_most_raise_nothing_and_many_of_those_look_as_if_they_should() -> None:
    raising = [post for post in (*PUBLISHED, *problems()) if post.topic]
    assert 0.2 <= len(raising) / (len(PUBLISHED) + len(problems())) <= 0.3
    assert len([post for post in PUBLISHED if post.near and not post.topic]) >= 60
    assert [post.id for post in PUBLISHED if post.topic and post.outlet in OFFICIALS] == []


def test_reprints_stand_on_another_outlet_after_what_they_copy() -> None:
    reprints = [post for post in PUBLISHED if post.reprint]
    assert len(reprints) + len([one for one in problems() if one.reprint]) >= 25
    for post in reprints:
        copied = BY_ID[post.reprint or 0]
        assert copied.outlet != post.outlet
        assert copied.text != post.text
        assert place_in_time(copied.id) < place_in_time(post.id)


def test_follow_ups_stand_on_another_outlet_after_what_they_take_up_again_in_other_words() -> None:
    follow_ups = [post for post in PUBLISHED if post.follows]
    assert len(follow_ups) >= 15
    found = marks()
    for post in follow_ups:
        assert BY_ID[post.follows or 0].outlet != post.outlet
        assert place_in_time(post.follows or 0) < place_in_time(post.id)
        assert len(found[str(post.id)] & found[str(post.follows)]) <= 1


def place_in_time(id: int) -> tuple[float, str]:
    """Return what orders posts: days of the quarter, then hours before the start, then turns."""
    post = BY_ID[id]
    if isinstance(post, Written) and post.day is None:
        return (10_000 - post.hours if post.hours is not None else 10_000 + (post.turn or 0), "")
    return (post.day or 0, post.time)


def test_two_posts_that_are_no_reprints_share_no_clause() -> None:
    bearers: dict[int, set[str]] = {}
    for name, prints in marks().items():
        for one in prints:
            bearers.setdefault(one, set()).add(name)
    shared = [names for names in bearers.values() if len({root(name) for name in names}) > 1]
    assert shared == []


def root(name: str) -> str:
    return str(original(int(name))) if name.isdigit() else name


def test_reprints_and_only_they_are_one_story() -> None:
    found = marks()
    joined = {
        (one, other)
        for one, mine in found.items()
        for other, theirs in found.items()
        if one > other and choose([Candidate(other, other, len(mine & theirs), len(theirs))], len(mine))
    }
    assert {(one, root(other)) for one, other in joined if root(one) != root(other)} == set()
    reprints = {post.id for post in PUBLISHED if post.reprint}
    assert {id for id in reprints if (str(id), str(original(id))) not in joined} == set()


def test_posts_of_the_quarter_spread_over_it_and_past_its_end() -> None:
    days = sorted(post.day or 0 for post in ordinary())
    assert days[0] >= -10
    assert days[-1] >= 130
    assert max(later - day for day, later in pairwise(days)) <= 3
    instants = [post.at(date(2026, 7, 1)) for post in ordinary()]
    assert all(6 <= at.hour <= 20 for at in instants)


def test_turns_follow_one_another_without_a_gap() -> None:
    turns = sorted(post.turn for post in written() if post.turn)
    assert turns == list(range(1, len(turns) + 1))
    assert len(turns) >= 70


def test_no_post_names_a_real_county_or_city() -> None:
    real = {
        one.name for one in gazetteer().divisions if one.level in ("county", "city", "province") and len(one.name) > 2
    }
    own = {place.name for place in desk().area.places}
    named = {
        (post.id, name)
        for post in (*all_posts(), *problems())
        for name in real - own
        if name in post.title + "".join(post.text)
    }
    assert named == set()

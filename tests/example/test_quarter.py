"""The past quarter's texts: the rules find each problem, the county's pages name it, every ending is played."""

from __future__ import annotations

import pytest

from alerts.rules import Match, matches
from huiying.core.states import Candidate
from huiying.example.posts import written
from huiying.example.quarter import Problem, problems
from huiying.example.scenario import ENDINGS
from huiying.past import where
from pipeline.stories import choose, fingerprints
from tests.core.test_example import answers, desk, ready

NAMED = lambda problem: problem.id  # noqa: E731


def found(problem: Problem) -> list[Match]:
    outlet = desk().outlet(problem.outlet)
    assert outlet is not None
    assert not outlet.official
    tried = (matches(rule, ready(problem.title, problem.text, outlet), outlet) for rule in desk().rules)
    return [match for match in tried if isinstance(match, Match)]


@pytest.mark.parametrize("problem", problems(), ids=NAMED)
def test_the_rules_find_the_problem_where_it_is_and_none_found_by_hand(problem: Problem) -> None:
    matched = found(problem)
    if problem.ending == "by_hand":
        assert matched == []
    else:
        assert [(match.place.code, match.topics) for match in matched] == [(problem.place, (problem.topic,))]
    assert 80 <= sum(map(len, problem.text)) <= 350


@pytest.mark.parametrize("problem", [one for one in problems() if one.cause], ids=NAMED)
def test_the_countys_pages_name_topic_and_place_and_the_wrong_one_does_not(problem: Problem) -> None:
    unit = next(unit for unit in desk().units if problem.topic in unit.topics)
    for kind in ("reply", "outcome", "wrong"):
        title, text = problem.page(kind, where(desk(), problem.place), unit.name)
        tags = answers().tag(title, "\n".join(text), None)
        topics, places = {hit.topic for hit in tags.topics}, {tag.code for tag in tags.places}
        named = problem.topic in topics and problem.place in places
        assert named == (kind != "wrong"), kind


def test_every_ending_is_played_and_most_are_correct() -> None:
    endings = [problem.ending for problem in problems()]
    assert set(endings) == set(ENDINGS)
    assert len(endings) >= 66
    assert endings.count("correct") * 3 > len(endings)


def test_problems_lie_in_every_township_and_are_no_story_of_one_another() -> None:
    towns = {place.code for place in desk().area.places if place.level == "township"}
    assert {problem.place[:9] + "000" for problem in problems()} == towns
    marks = {one.id: set(fingerprints(one.title, "\n".join(one.text))) for one in (*problems(), *written())}
    joined = {
        (one, other)
        for one, mine in marks.items()
        for other, theirs in marks.items()
        if one > other > 11000
        and choose([Candidate(str(other), str(other), len(mine & theirs), len(theirs))], len(mine))
    }
    assert joined == set()


def test_what_refers_to_another_problem_refers_to_an_earlier_one() -> None:
    by_id = {problem.id: problem for problem in problems()}
    assert len(by_id) == len(problems())
    for problem in problems():
        assert (problem.of is not None) == (problem.ending == "duplicate")
        for other in (problem.again, problem.of):
            if other is not None:
                assert (by_id[other].day, by_id[other].topic) < (problem.day, problem.topic + "~")
                assert by_id[other].place[:9] == problem.place[:9]

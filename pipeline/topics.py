"""Which topics a post has: words that say what is wrong, all found in one pass over title and text.

title, text ─ one dictionary ─► finds ─ any, near, all ─► hits ─ none, contexts, own names ─► topics │ struck

A post costs what its own words cost, not what the rules count: a form none of whose words was found is never looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from huiying.core.model import Count, TopicHit
from huiying.core.sentences import Sentences
from huiying.core.topic_rules import Context, TopicRule, Wording
from pipeline.counts import beside, counts
from pipeline.finds import Dictionary, Find, Finds
from pipeline.striking import Against, Contexts, Sayings, headline

_Place = tuple[str, str, int, int]
_Hit = tuple[Find, ...]


@dataclass(frozen=True, slots=True)
class Struck:
    """Words of a topic that do not count. `reason` is a context's id, "none", or "name": inside a place's own name.

    `by` is the word that says so.
    """

    topic: str
    words: tuple[_Place, ...]
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Looked:
    """The topics of a post in the rules' order, and what looked like one."""

    hits: tuple[TopicHit, ...]
    struck: tuple[Struck, ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """A topic's own form or a part's with all that is said against it; `inside` strike only what lies in them."""

    rule: TopicRule
    part: str
    title_only: bool
    any: frozenset[str]
    near: tuple[tuple[tuple[frozenset[str], ...], int], ...]
    all: frozenset[str]
    none: frozenset[str]
    inside: frozenset[str]


class TopicTagger:
    """Tag topics by the desk's rules; `names` are its own places, inside whose names a word says nothing."""

    def __init__(self, rules: Sequence[TopicRule], contexts: Sequence[Context] = (), names: Iterable[str] = ()) -> None:
        self._forms = [_form(rule, part, wording) for rule in rules for part, wording in rule.forms()]
        self._leading = _leading(self._forms)
        self._contexts = Contexts(contexts, names)
        words = {word for rule in rules for word in rule.all_words()}
        self._dictionary = Dictionary(words | self._contexts.words)

    def tag(self, title: str, text: str) -> tuple[TopicHit, ...]:
        """Return the topics in the rules' order, each with every place of its words."""
        return self.look(title, text).hits

    def look(self, title: str, text: str) -> Looked:
        """Return the topics, and what was struck with the reason."""
        finds = self._dictionary.finds(title, text)
        numbers = {number for word in finds.by_word for number in self._leading.get(word, ())}
        if not numbers:
            return Looked((), ())
        sayings = self._contexts.over(finds)
        standing: dict[str, list[tuple[_Form, _Hit]]] = {}
        struck: dict[Struck, None] = {}
        for form, hit, against in _judged([self._forms[number] for number in sorted(numbers)], finds, sayings):
            if against is None:
                standing.setdefault(form.rule.id, []).append((form, hit))
            else:
                struck[Struck(form.rule.id, _places(hit), *against)] = None
        numbered = counts("title", title) + counts("text", text) if standing else ()
        bounds = Sentences(text if numbered else "")
        hits = (_topic(finds, found, beside(numbered, bounds, _joined(found))) for found in standing.values())
        return Looked(tuple(hits), tuple(struck))


def _form(rule: TopicRule, part: str, wording: Wording) -> _Form:
    none = frozenset((*wording.none, *rule.none))
    said = set(rule.all_words()) - none
    return _Form(
        rule,
        part,
        wording.title_only,
        frozenset(wording.any),
        tuple((tuple(map(frozenset, near.words)), near.within) for near in wording.near),
        frozenset(wording.all),
        none,
        frozenset(word for word in none if any(inner in word for inner in said)),
    )


def _judged(forms: Sequence[_Form], finds: Finds, sayings: Sayings) -> Iterator[tuple[_Form, _Hit, Against | None]]:
    """Yield each hit with what is said against it; what is struck takes with it the words that lie inside its own."""
    judged = [
        (form, hit, _none(form, hit, finds) or sayings.against(hit, form.rule.regardless))
        for form in forms
        for hit in _hits(form, finds)
    ]
    struck = [(form.rule, find, against) for form, hit, against in judged if against for find in hit]
    for form, hit, against in judged:
        yield (
            form,
            hit,
            against
            or next(
                (
                    reason
                    for rule, word, reason in struck
                    if rule is form.rule and any(_within(find, word) for find in hit)
                ),
                None,
            ),
        )


def _within(find: Find, word: Find) -> bool:
    return len(find.word) < len(word.word) and find.inside(word)


def _leading(forms: Sequence[_Form]) -> Mapping[str, tuple[int, ...]]:
    """Return the numbers of the forms by each word that can begin a hit of theirs."""
    leading: dict[str, dict[int, None]] = {}
    for number, form in enumerate(forms):
        for word in form.any.union(*(sets[0] for sets, _ in form.near)):
            leading.setdefault(word, {})[number] = None
    return {word: tuple(numbers) for word, numbers in leading.items()}


def _hits(form: _Form, finds: Finds) -> list[_Hit]:
    """Return the hits of one form before anything is said against them; none where a word of `all` is missing."""
    if form.all and not form.all <= {find.word for find in _seen(form, finds, form.all)}:
        return []
    hits: list[_Hit] = [(find,) for find in _seen(form, finds, form.any)]
    for sets, within in form.near:
        if not sets[0].isdisjoint(finds.words):
            hits += _joined_words(form, finds, sets, within)
    return hits


def _seen(form: _Form, finds: Finds, words: frozenset[str]) -> Sequence[Find]:
    found = finds.of(words)
    return [find for find in found if find.field == "title"] if form.title_only else found


def _joined_words(form: _Form, finds: Finds, sets: tuple[frozenset[str], ...], within: int) -> Iterator[_Hit]:
    if any(words.isdisjoint(finds.words) for words in sets[1:]):
        return
    others = [_seen(form, finds, words) for words in sets[1:]]
    for first in _seen(form, finds, sets[0]):
        nearest = [_nearest(first, found, within) for found in others]
        if all(find is not None for find in nearest):
            yield (first, *(find for find in nearest if find is not None))


def _nearest(first: Find, others: Sequence[Find], within: int) -> Find | None:
    reached = [find for find in others if find.clause == first.clause and 0 <= first.gap(find) <= within]
    return min(reached, key=first.gap, default=None)


def _none(form: _Form, hit: _Hit, finds: Finds) -> Against | None:
    """Return what the form's own `none` says against a hit."""
    for word in _seen(form, finds, form.none):
        for find in hit:
            if find.inside(word) if word.word in form.inside else _wide(word, find):
                return "none", word.word
    return None


def _wide(word: Find, find: Find) -> bool:
    return word.field == "title" or word.sentence == find.sentence or headline(word, find)


def _topic(finds: Finds, found: Sequence[tuple[_Form, _Hit]], numbered: tuple[Count, ...]) -> TopicHit:
    forms = {form.part: form for form, _ in found}
    named = [find for form in forms.values() for find in _seen(form, finds, form.all)]
    parts = tuple(part for part in forms if part)
    return TopicHit(found[0][0].rule.id, _places((*_joined(found), *named)), parts, numbered)


def _joined(found: Sequence[tuple[_Form, _Hit]]) -> list[Find]:
    return [find for _, hit in found for find in hit]


def _places(finds: Iterable[Find]) -> tuple[_Place, ...]:
    """Return word, field, start and end of each find once, the title's first, in the text's order."""
    placed = {(find.word, find.field, find.start, find.end) for find in finds}
    return tuple(sorted(placed, key=lambda place: (place[1] != "title", place[2], place[3])))

"""Which words of a topic do not count: what stands beside them says that it is denied, long past, drilled or planned.

finds ─ contexts' words, but not inside a phrase of `but` ─► sayings ─ against a hit ─► reason and the word that says so
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from huiying.core.topic_rules import Context
from pipeline.finds import Find, Finds

Against = tuple[str, str]  # a context's id, "none" or "name"; the word that says so
_HOW = ("before", "after", "sentence", "onward", "title")


class Contexts:
    """The desk's contexts, and the names of its own places, inside which a word says nothing of a topic."""

    def __init__(self, contexts: Sequence[Context], names: Iterable[str]) -> None:
        self._contexts = tuple(contexts)
        self._names = frozenset(names) - {""}
        self._but = [frozenset(context.but) for context in contexts]
        self._words = [[(how, frozenset(getattr(context, how))) for how in _HOW] for context in contexts]
        self._any = [frozenset().union(*(wanted for _, wanted in words)) for words in self._words]
        self.words: frozenset[str] = self._names | {word for context in contexts for word in context.every_word()}

    def over(self, finds: Finds) -> Sayings:
        """Return what the words found in one post say against its topics."""
        sayings = [
            _Saying(context, by_how)
            for context, but, words, any_of in zip(self._contexts, self._but, self._words, self._any, strict=True)
            if not any_of.isdisjoint(finds.words) and (by_how := _by_how(finds, words, finds.of(but)))
        ]
        return Sayings(finds.of(self._names), sayings)


class _Saying:
    """One context in one post: the finds of its words by how they reach."""

    __slots__ = ("by_how", "id", "within")

    def __init__(self, context: Context, by_how: dict[str, list[Find]]) -> None:
        self.id, self.within, self.by_how = context.id, context.within, by_how


def _by_how(finds: Finds, words: list[tuple[str, frozenset[str]]], void: Sequence[Find]) -> dict[str, list[Find]]:
    by_how = {}
    for how, wanted in words:
        if found := [find for find in finds.of(wanted) if not any(find.inside(phrase) for phrase in void)]:
            by_how[how] = found
    return by_how


class Sayings:
    """What one post says against its own words; asked once a find, however many topics have it."""

    def __init__(self, names: Sequence[Find], sayings: Sequence[_Saying]) -> None:
        self._names = names
        self._sayings = sayings
        self._known: dict[Find, list[Against]] = {}

    def against(self, hit: Iterable[Find], regardless: Collection[str]) -> Against | None:
        """Return the first thing said against any word of `hit` by a context that is not of `regardless`."""
        for find in hit:
            if find not in self._known:
                self._known[find] = self._all_against(find)
            for reason in self._known[find]:
                if reason[0] not in regardless:
                    return reason
        return None

    def _all_against(self, find: Find) -> list[Against]:
        said = [("name", name.word) for name in self._names if find.inside(name) and len(name.word) > len(find.word)]
        for saying in self._sayings:
            if (word := next(_reaching(saying, find), None)) is not None:
                said.append((saying.id, word.word))
        return said


def _reaching(saying: _Saying, find: Find) -> Iterator[Find]:
    within = saying.within
    for how, words in saying.by_how.items():
        reaches = _REACHES[how]
        for word in words:
            if reaches(word, find, within) and not word.over(find):
                yield word


def _before(word: Find, find: Find, within: int) -> bool:
    return word.clause == find.clause and 0 <= find.start - word.end <= within


def _after(word: Find, find: Find, within: int) -> bool:
    return word.clause == find.clause and 0 <= word.start - find.end <= within


def _sentence(word: Find, find: Find, within: int) -> bool:
    return word.sentence == find.sentence


def _onward(word: Find, find: Find, within: int) -> bool:
    earlier = word.paragraph == find.paragraph and word.sentence <= find.sentence
    return earlier or headline(word, find)


def _title(word: Find, find: Find, within: int) -> bool:
    return word.field == "title"


def headline(word: Find, find: Find) -> bool:
    """Say whether `find` stands in the title and `word` in the text's first sentence, which says the same at length."""
    return find.field == "title" and word.field == "text" and word.sentence == 0


_REACHES = {"before": _before, "after": _after, "sentence": _sentence, "onward": _onward, "title": _title}

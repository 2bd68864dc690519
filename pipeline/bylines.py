"""Who wrote, took, checked or issued a text: told from the text itself, and taken out of it.

line ─ is_byline ─► the whole line names persons and says nothing else
     ─ without_bylines ─► the names inside a sentence go, the sentence stays
A name is a surname of data/names.toml and one or two characters; only after a known word of the trade any word counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.persons import surnames

_HAN = r"[\u4e00-\u9fff]"
_SURNAME = (
    f"(?:{'|'.join(one for one in surnames() if len(one) > 1)}|[{''.join(one for one in surnames() if len(one) == 1)}])"
)
_NAME = rf"{_SURNAME}\s?{_HAN}{{1,2}}(?:·{_HAN}{{1,6}})?"
_APART = rf"{_NAME}(?:[\s、]+{_NAME}){{0,7}}"
_PAPER = "本报|本台|本网|本刊|新华社|中新社|实习|见习|特约|首席|全媒体|融媒体|融媒|央视|摄影|通讯"
_TRADE = "记者|通讯员|实习生|特约撰稿人"
_REPORTER = rf"(?:{_PAPER}){{0,4}}(?:{_TRADE})"
# what follows 记者 in a sentence on what was seen or heard, and never in a byline
_TELLS = "从|在|就|了解|获悉|看到|看见|采访|来到|走进|赶到|对|发现|注意|询问|调查|多次|今|昨|近日|日前|探访|到|表示|说"
_LABEL = (
    "本文作者|作者|采写|撰稿|撰文|供图|供稿|摄影|摄像|值班编委|编委|责任编辑|责编|编辑|主编|审核|校对|编审|总监制|监制|出品人|出品|统筹|"
    "终审|复审|初审|[一二三]审|值班主任|值班总监|策划|美编|制图|翻译|文字|图片|文图|图文|文/图|图/文|文|图"
)
_BULLETS = re.compile(r"^[\s□■●◎▲◆]++")
_PLACE_END = r"(?<![镇乡村县区市省路街巷站局厂])"
_ENGLISH = r"[A-Z][\w.'’-]*"
_SEPARATOR = r"[\s、，,:：/／|｜;；]+"
_AFTER = rf"(?:摄影报道|报道|整理|摄影|文/图|图/文|文图|文|图|摄|发自{_HAN}{{2,8}})$"
_PERSONS = tuple(
    re.compile(one) for one in (_SEPARATOR, rf"{_SURNAME}\s?{_HAN}(?:·{_HAN}{{1,6}})?", _NAME, _REPORTER, _AFTER)
)
_WORDS = (*_PERSONS, *(re.compile(rf"{_HAN}{{{size}}}(?=[\s、/|]|$)") for size in (1, 2, 3, 4)))
_LABELLED = (*_PERSONS[:3], re.compile(_LABEL))
# how a byline begins, and what alone may follow to the line's end
_BEGUN = (
    (re.compile(rf"{_REPORTER}(?!{_TELLS})"), _WORDS),
    (re.compile(rf"{_HAN}{{0,8}}?{_REPORTER}[\s:：]*(?={_NAME})"), _PERSONS),
    (re.compile(rf"(?:{_LABEL})[\s:：|/｜]*(?={_NAME})"), _LABELLED),
)
_LONGEST = 120  # characters of the longest byline; longer lines are prose
_WHOLE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"^(?:[一二三]审\s*[:：]\s*{_HAN}{{2,4}}[\s|/｜;；、]*+){{1,3}}$",
        r"^(?:采写|撰稿|值班编委|编委|出品人?|总监制|供图)\s*[:：][^。！？]{0,60}$",
        r"^供图\s[^。！？，]{1,40}$",
        rf"^{_HAN}[^。！？，]{{1,20}}[/／]\s*(?:摄影?|供图|制图)$",
        r"^(?:By|BY|Reporters?|Photos? by|Written by|Edited by|Editors?)[:\s]\s*"
        rf"{_ENGLISH}(?:(?:\s|, | and | & ){_ENGLISH}){{0,7}}$",
    )
)
_BULLETED = re.compile(rf"^{_APART}{_PLACE_END}$")
_NOT_NAMES = r"(?!于|向|时|曾|常|应|连|单|成功|马上|路过|路经|沿|方才|明|万|全|经)"
_TRADES = ("记者", "通讯员", "实习生", "撰稿")
# Each form with the words of which a line must hold one, and what stands instead of it.
_INLINE = (
    (
        (*_TRADES, "作者", "编辑", "责编", "摄影", "供图"),
        re.compile(
            rf"[（(【\[]\s*(?:(?!据|有|当|一名){_HAN}{{0,8}}?{_REPORTER}(?!\s*(?:{_TELLS}))|本文作者|作者|责任编辑|责编|编辑|摄影|供图)"
            rf"[^（）()【】\[\]。]{{0,40}}[）)】\]]"
        ),
        "",
    ),
    (("摄", "供图"), re.compile(rf"[（(【\[]\s*(?:{_HAN}|[·\s、]){{2,16}}[/／]?\s*(?:摄影?|供图)\s*[）)】\]]"), ""),
    (
        ("（", "(", "["),
        re.compile(r"(?i:[（(\[]\s*(?:reporters?|correspondents?|editors?|photos? by)\b[^()（）\[\]]{0,60}[）)\]])"),
        "",
    ),
    (("By",), re.compile(rf"[（(\[]\s*By\s+{_ENGLISH}[^()（）\[\]]{{0,60}}[）)\]]"), ""),
    (
        _TRADES,
        re.compile(
            rf"(?:{_PAPER}){{0,4}}(?:{_TRADE})(?:\s+|{_NOT_NAMES}){_APART}(?:[\s、]*(?:{_TRADE})\s*{_APART}){{0,3}}"
            r"\s*(?:(?:摄影|综合|现场)?报道|摄)\s*[，,：:]?\s*"
        ),
        "",
    ),
    (
        _TRADES,
        re.compile(
            rf"({_TRADE})(?:\s+|{_NOT_NAMES}){_SURNAME}{_HAN}{{1,2}}?(?:[\s、]+{_SURNAME}{_HAN}{{1,2}}?){{0,5}}\s*"
            r"(?=从|在|获悉|了解到|看到|采访|来到|走进|赶到|近日|日前|今天|昨天|今日|昨日)"
        ),
        r"\1",
    ),
    (("/", "／"), re.compile(rf"(?:{_APART})\s*[/／]\s*(?:摄影?|供图|制图|文图?|图)(?!{_HAN})"), ""),
)
_FORMS = tuple((re.compile("|".join(map(re.escape, needs))), form, instead) for needs, form, instead in _INLINE)
_SIGNED = re.compile(rf"(?<=[。！？\s])(?:{_LABEL})[\s:：]+{_APART}$")
_FIRST = frozenset("□■●◎▲◆一二三采撰值编出总供本作摄责主审校监统终复初策美制翻文图BRPWE")  # of a byline without a trade


def is_byline(line: str) -> bool:
    """Say whether a whole line of one byline or more says nothing else; a bullet before it does not matter."""
    bare = _BULLETS.sub("", line).strip()
    if not bare or len(bare) > _LONGEST:
        return False
    if line[0] not in _FIRST and not line[0].isspace() and not any(word in bare for word in (*_TRADES, "/", "／")):
        return False
    if bare != line.strip() and _BULLETED.match(bare):
        return True
    begun = ((start.match(bare), tokens) for start, tokens in _BEGUN)
    return any(one.match(bare) for one in _WHOLE) or any(
        at and _made_of(bare, at.end(), tokens) for at, tokens in begun
    )


def _made_of(line: str, start: int, tokens: Iterable[re.Pattern[str]]) -> bool:
    """Say whether `line` from `start` is a row of `tokens`: each place is tried once."""
    reached, tried = {start}, set[int]()
    while open_places := reached - tried:
        place = min(open_places)
        tried.add(place)
        reached |= {found.end() for token in tokens if (found := token.match(line, place))}
    return len(line) in reached


def without_bylines(line: str) -> str:
    """Return `line` without bullets at its head and without the names of reporters and photographers in its sentences.

    What a reporter saw or heard stays: 记者在现场看到, 据记者了解; of "记者张三从县应急局获悉" the name alone goes.
    """
    bare = _BULLETS.sub("", line)
    for needs, form, instead in _FORMS:
        if needs.search(bare):
            bare = form.sub(instead, bare)
    return _SIGNED.sub("", bare) if bare[-1:].isalpha() else bare

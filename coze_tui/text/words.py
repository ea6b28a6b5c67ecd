"""Finds the words of a text, for keys that move or delete by words. Pure.

Chinese has no spaces between words. Most words have two characters, and the most frequent ones of one
character are few, so a rule finds most borders: it reads a run of Chinese from its start in steps of two
characters; a character of `_ALONE` is a word by itself. A dictionary would find more, but needs megabytes,
and a wrong step costs only one more key press.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby

# Ranges, because regular expressions of them take over a millisecond to compile, at every start.
_HAN = (("々", "々"), ("〇", "〇"), ("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"))
_HIRAGANA = (("\u3041", "\u309f"),)
_KATAKANA = (("\u30a0", "\u30ff"), ("\u31f0", "\u31ff"), ("\uff66", "\uff9f"))
_ALONE = frozenset(
    "的了是在我你您他她它这那不没也都很太更最就才还又再和与跟或把被给对从到去吗呢吧啊呀么嘛"
    "几每各并但而若则个一"
)
"""Particles, pronouns, prepositions and the commonest adverbs."""
_TOGETHER = frozenset(
    re.findall(
        "..",
        "我们你们他们她们它们这个那个这些那些这里那里这样那样这么那么没有不是不过就是还是还有"
        "只有都是但是而且而是并且或者几个每个各种各个最后最近更多更新更好在于对于对话对象给予"
        "从来从而到底到达去年过去和平与其把握太阳个人一个一些一样一起一直一下一定一点一次不同"
        "不能不会不要不用不知",
    )
)
"""Words of two characters that start with one of `_ALONE`."""
_UNITS = frozenset("年月日号点个条张本次件岁元天")
"""Units that are words by themselves after a digit."""
_JOINERS = "\u200c\u200d"


def words(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each word, and of each run of other characters except whitespace."""
    for kind, run in groupby(enumerate(_kinds(text)), key=lambda item: item[1]):
        places = [at for at, _kind in run]
        start, end = places[0], places[-1] + 1
        if kind == "han":
            yield from _chinese(text, start, end)
        elif kind != "space":
            yield start, end


def word_left(text: str, at: int) -> int:
    """Return the start of the word before a position; 0 if there is none."""
    return max((start for start, _end in words(text) if start < at), default=0)


def word_right(text: str, at: int) -> int:
    """Return the end of the word after a position; the end of the text if there is none."""
    return next((end for _start, end in words(text) if end > at), len(text))


def _kinds(text: str) -> Iterator[str]:
    """Yield the kind of each character; a mark has the kind of its base character."""
    kind = "sign"
    for character in text:
        if not (kind != "space" and _is_mark(character)):
            kind = _kind(character)
        yield kind


def _kind(character: str) -> str:
    if character.isspace():
        return "space"
    if _is_in(_HAN, character):
        return "han"
    if _is_in(_HIRAGANA, character):
        return "hiragana"
    if _is_in(_KATAKANA, character):
        return "katakana"
    return "word" if character.isalnum() or character == "_" else "sign"


def _is_in(ranges: Iterable[tuple[str, str]], character: str) -> bool:
    return any(first <= character <= last for first, last in ranges)


def _is_mark(character: str) -> bool:
    return character > "\x7f" and (character in _JOINERS or unicodedata.category(character).startswith("M"))


def _chinese(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the words of a run of Chinese."""
    while start < end:
        stop = start + 1
        is_pair = text[start : start + 2] in _TOGETHER
        is_unit = start > 0 and text[start - 1].isdigit() and text[start] in _UNITS
        if is_pair or not (is_unit or text[start] in _ALONE or text[stop : stop + 1] in _ALONE):
            stop = min(end, start + 2)
        while stop < end and _is_mark(text[stop]):
            stop += 1
        yield start, stop
        start = stop

"""Text as it is stored and as it is searched: what counts as the same, and the pieces that are indexed."""

from __future__ import annotations

import unicodedata
from operator import add

PART_BREAK = "\x1f"
"""Stands between the parts of a folded message; folding never gives it, so no match crosses it."""

_WHITESPACE = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_UNINDEXED = {
    **{code: " " for code in range(128) if not chr(code).isalnum()},
    # Fixed, not asked of unicodedata: the pieces must be the same whatever Python wrote or reads them.
    **{ord(mark): " " for mark in "。、「」『』《》〈〉【】〔〕“”‘’—·•─│\ufffd"},
}


def storable(text: str) -> str:
    """The text without what SQLite cannot take: surrogates are paired or replaced, NUL goes."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def storable_int(number: int) -> int:
    """The number, held within the 64 bits that SQLite has."""
    return max(-(2**63), min(2**63 - 1, number))


class _Folding(dict[int, str]):
    """A table for str.translate that works a character out when it is first seen."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character in _WHITESPACE:
            folded = " "
        elif character == "\0" or 0xD800 <= code < 0xE000:
            folded = "\ufffd"
        else:
            plain = unicodedata.normalize("NFKD", character)
            folded = unicodedata.normalize("NFKD", plain.casefold())
        self[code] = folded
        return folded


_FOLDING = _Folding()  # a memo of a pure function; its size is bounded by Unicode


def fold(text: str) -> str:
    """The text with case, width and composition taken out.

    Each character is folded by itself, so the folding of any part of a text is part of its folding: whatever
    is seen can be found. NFKD and not NFKC for that reason.
    """
    return text.translate(_FOLDING)


def fold_parts(*parts: str) -> str:
    """Several texts folded into one in which no match crosses from part to part."""
    return PART_BREAK.join(fold(part) for part in parts if part)


def grams(folded: str) -> set[str]:
    """The pieces of a text that the index holds: of letters, digits, Chinese characters; no punctuation.

    Every two neighbours; every three where they are ASCII, since English has few different twos; and each
    character that no other follows, so that any character begins a piece.
    """
    plain = folded.translate(_UNINDEXED) + " "
    twos = set(map(add, plain, plain[1:]))
    threes = set(map(add, map(add, plain, plain[1:]), plain[2:]))
    pieces = {two for two in twos if " " not in two}
    pieces.update(three for three in threes if three.isascii() and " " not in three)
    pieces.update(two[0] for two in twos if two[1] == " " != two[0])
    return pieces


def spans(text: str, needle: str) -> list[tuple[int, int]]:
    """Where a folded needle stands in an unfolded text, as start and end."""
    folded = fold(text)
    starts = []
    at = folded.find(needle) if needle else -1
    while at >= 0:
        starts.append(at)
        at = folded.find(needle, at + len(needle))
    if len(folded) == len(text):  # no character folds to nothing, so each has stayed in its place
        return [(start, start + len(needle)) for start in starts]
    origins = [index for index, character in enumerate(text) for _ in fold(character)]
    return [(origins[start], origins[start + len(needle) - 1] + 1) for start in starts]

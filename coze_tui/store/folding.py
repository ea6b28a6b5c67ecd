"""Text as it is stored and as it is indexed: what SQLite takes, and the pieces of the search index."""

from __future__ import annotations

from operator import add

from coze_tui.text.matching import fold

PART_BREAK = "\x1f"
"""Stands between the parts of a folded message; folding never gives it, so no match crosses it."""

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

"""Defines equal text for all searches, and finds the matches of a query in a text.

The store finds and the screens highlight with the same folding. The index of the store contains folded text,
so a change of the folding needs a migration.
"""

import unicodedata
from collections.abc import Sequence

_WHITESPACE = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")


class _Folding(dict[int, str]):
    """A table for str.translate that computes a character's folding at its first use."""

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
    """Return the text without differences of case, width and composition. Folding is idempotent.

    Each character is folded separately, so the folding of any part of a text is part of its folding, and
    every visible text can be found. This is why it uses NFKD and not NFKC.
    """
    return text.translate(_FOLDING)


def spans(text: str, query: str, folded: str = "") -> list[tuple[int, int]]:
    """Return the matches of a query in a text as start and end, in order and without overlaps.

    A match never separates a mark from its base character.

    Args:
        folded: the folded text, if the caller has it. One of another length is ignored.
    """
    wanted = fold(query)
    if len(folded) != len(text):
        folded = fold(text)
    at = folded.find(wanted) if wanted else -1
    if at < 0:
        return []
    origins: list[int] | range = range(len(text))
    if len(folded) != len(text):  # Every character folds to at least one: equal lengths mean equal positions.
        origins = [index for index, character in enumerate(text) for _ in fold(character)]
    found: list[tuple[int, int]] = []
    while at >= 0:
        start, end = origins[at], origins[at + len(wanted) - 1] + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        # Several matches in one character, such as the dots of an ellipsis.
        if found and start < found[-1][1]:
            start = found.pop()[0]
        found.append((start, end))
        at = folded.find(wanted, at + len(wanted))
    return found


def is_word(text: str) -> bool:
    """Return whether a text is long enough to search everything for it while the user types.

    Two characters are, and so is one that is a word or a syllable: Chinese, Japanese, Korean, an emoji. A
    single letter of an alphabet is in nearly every message, and more letters follow.
    """
    text = text.strip()
    if len(text) != 1:
        return bool(text)
    first = fold(text)[0]  # a fullwidth letter counts as a letter
    return unicodedata.east_asian_width(first) in "WF" and unicodedata.category(first)[0] in "LSN"


def nearest(word: str, known: Sequence[str]) -> str:
    """Return the known word that was most likely intended, whatever its case and dashes, or an empty text."""
    import difflib  # slow to import, and needed only after a mistake

    folded = {_spelled(each): each for each in reversed(known)}
    matches = difflib.get_close_matches(_spelled(word), folded, n=1)
    return folded[matches[0]] if matches else ""


def _spelled(word: str) -> str:
    return word.casefold().replace("-", "_")

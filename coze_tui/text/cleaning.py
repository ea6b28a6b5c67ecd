"""Cleans outside text for terminals. No other module does this.

All text of a server, a file, a paste or the environment passes through here once, when it enters the program,
before it is stored, sent or shown. The result contains no control characters but LF and TAB, no reordering,
no invisible characters that could hide text, and no pile of marks that leaves its line.
"""

import re
import unicodedata
from functools import cache

_MOST_MARKS = 8
"""Largest number of marks on one base character; living scripts need four."""

_TITLE_CHARACTERS = 80

_LINE_ENDS = "\v\f\x1c-\x1e\x85\u2028\u2029"
_DELETED = (
    "\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f"  # C0, DEL, C1 (NEL is a line end)
    "\xad"  # soft hyphen: terminals disagree on its width
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction: marks, overrides, isolates
    "\ufeff\ufff9-\ufffb"
)
_TAGS = "\U000e0000-\U000e007f"
_BLACK_FLAG = "\U0001f3f4"
_FLAG = f"{_BLACK_FLAG}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{{3,6}}\U000e007f"
_UNFINISHED_FLAG = f"{_BLACK_FLAG}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{{0,6}}"

_SUSPECT = re.compile(f"[\r{_LINE_ENDS}{_DELETED}{_TAGS}\ud800-\udfff]")
_REPAIR = (
    f"(?P<line>\r\n|[\r{_LINE_ENDS}])|(?P<pair>[\ud800-\udbff][\udc00-\udfff])|(?P<lone>[\ud800-\udfff])"
    f"|(?P<flag>{_FLAG})|[{_DELETED}{_TAGS}]"
)
_SPACED = str.maketrans("\n\t", "  ")
_EMOJI_VARIANTS = "[\ufe0f\U0001f3fb-\U0001f3ff]+"


@cache
def _run() -> re.Pattern[str]:
    """Return a pattern for runs that may contain too many marks; these are checked one by one.

    Every mark and format character is outside ASCII, Latin letters, Han, Kana and Hangul syllables.
    """
    # Compiled at its first use, which takes a millisecond: text in ASCII does not need it.
    return re.compile("[^\x00-\u02ff\u3000-\u3029\u3030-\u3098\u309b-\ua66e\uac00-\ud7a3\uff01-\uffee]{9,}")


def clean(text: str) -> str:
    """Return `text` without characters that must not reach a terminal.

    All line ends become LF; surrogate pairs are joined and lone halves become U+FFFD. If nothing changes, the
    same object is returned. Cleaning is idempotent.
    """
    if _SUSPECT.search(text):
        text = re.sub(_REPAIR, _repaired, text)
    if not text.isascii() and _run().search(text):
        text = _run().sub(lambda run: _thinned(run.group(), 0), text)
    return text


def clean_line(text: str) -> str:
    """Return the cleaned text on one line: line ends and tabs become spaces. For titles and names."""
    text = clean(text)
    return text.translate(_SPACED) if "\n" in text or "\t" in text else text


def title_of(question: str) -> str:
    """Return the title of a conversation from its first question: the start, clean and on one line."""
    begun = question.lstrip()[: 4 * _TITLE_CHARACTERS]
    return " ".join(clean(begun).split())[:_TITLE_CHARACTERS].rstrip()


def simple_emoji(text: str) -> str:
    """Remove emoji variants (U+FE0F, skin tones), whose width tmux counts differently. For display only."""
    return re.sub(_EMOJI_VARIANTS, "", text) if not text.isascii() else text


class StreamCleaner:
    """`clean` for text that arrives in pieces: the joined results are `clean` of the whole text."""

    def __init__(self) -> None:
        self._held = ""  # the first half of a surrogate pair or of a flag
        self._after_cr = False
        self._marks = 0  # marks at the end of what was returned

    def feed(self, piece: str) -> str:
        """Return the part of `piece`, and of the text held back before, that later text cannot change."""
        text = self._held + piece
        self._held = ""
        if self._after_cr and text:
            self._after_cr = False
            text = text.removeprefix("\n")
        if not text:
            return ""
        if not text.isascii():
            held = _held_from(text)
            text, self._held = text[:held], text[held:]
        return self._cleaned(text)

    def flush(self) -> str:
        """Return the text that was held back, because the text has ended."""
        text, self._held = self._held, ""
        return self._cleaned(text)

    def _cleaned(self, text: str) -> str:
        if text:
            self._after_cr = text[-1] == "\r"
        if _SUSPECT.search(text):
            text = re.sub(_REPAIR, _repaired, text)
        if not text:
            return text
        if text.isascii():
            self._marks = 0
            return text
        if self._marks or _run().search(text):
            text = _thinned(text, self._marks)
        self._marks = self._marks_at_end(text)
        return text

    def _marks_at_end(self, text: str) -> int:
        for count, character in enumerate(reversed(text)):
            if not _is_mark(character):
                return count
        return self._marks + len(text)


def _held_from(text: str) -> int:
    """Return the start of the part of `text` whose meaning depends on what follows."""
    if "\ud800" <= text[-1] <= "\udbff":
        return len(text) - 1
    flag = text.rfind(_BLACK_FLAG, max(0, len(text) - 7))
    return flag if flag >= 0 and re.fullmatch(_UNFINISHED_FLAG, text[flag:]) else len(text)


def _repaired(bad: re.Match[str]) -> str:
    match bad.lastgroup:
        case "line":
            return "\n"
        case "pair":
            return bad.group().encode("utf-16", "surrogatepass").decode("utf-16")
        case "lone":
            return "\ufffd"
        case "flag":
            return bad.group()
        case _:
            return ""


def _is_mark(character: str) -> bool:
    return character > "\u02ff" and unicodedata.category(character) in ("Mn", "Me", "Cf")


def _thinned(text: str, marks: int) -> str:
    """Return `text` without the marks beyond the limit, given the number of marks before it."""
    kept: list[str] = []
    for character in text:
        marks = marks + 1 if _is_mark(character) else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)

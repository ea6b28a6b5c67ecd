"""Splits the terminal's input into text, key sequences, pastes and reports, in whatever pieces it arrives.

A report is sent by the terminal itself: an answer to a query of this program, or a late one to a
query of another program. It may arrive between any two keys and inside a paste.

Incomplete input is held back for a limited time:

- ESC, or ESC with one character: `ESCAPE_DELAY`. Then it is a key, unless only reports start with it.
- The start of a longer sequence: `_SEQUENCE_LIMIT`. Then it is dropped, and later input is text, unless it
  completes a report within `_OPEN_LIMIT`.
- A paste without an end: `_PASTE_LIMIT` without a byte. It is then delivered, and stays open for
  `_OPEN_LIMIT`: later input in pieces still belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from textual.constants import ESCAPE_DELAY

from coze_tui.terminal.reports import REPORT, STRING, STRING_END, STRING_TEXT

PASTE_START, PASTE_END = "\x1b[200~", "\x1b[201~"
_PASTE_MARK = re.compile(r"\x1b\[20[01]~")
_SEQUENCE_LIMIT = 1.0
_PASTE_LIMIT = 1.0
_OPEN_LIMIT = 10.0
_SHORTEST_AT_ONCE = 3
"""Characters after ESC that are at least one report if they arrive at once."""
_QUICK = 0.05
"""Seconds below which a piece belongs to the one before it, because no finger is that fast."""

_OSC = r"\](?:\d{1,5};|[lL])"
_DCS = r"P(?:[\d;]{1,16}[ -/]?[@-~]|[>!=?][ -~])"
_STRING_START = rf"(?:{_OSC}|{_DCS}|_G)"
_CSI = r"\[[-0-?]{0,4096}[ -,./]{0,4}[@-~]"
_RXVT = r"(?:3|7|8|23|24)\$"
_ODD_CSI = rf"\[(?:\[[A-E]|{_RXVT}|M[^\x00-\x1f]{{3}})"
"""Function keys of the Linux console, keys of rxvt, and the mouse of old terminals."""

_REPORT = re.compile(REPORT)
_SEQUENCE = re.compile(
    rf"\x1b(?:(?P<string>{_STRING_START}{STRING}{STRING_END}|[_^X]{STRING}\x1b\\)"
    rf"|(?P<key>{_ODD_CSI}|(?!\[M){_CSI}|O[A-Za-z]|[^\x1b\[\]OP_^X]))"
)
_UNFINISHED = re.compile(
    rf"\x1b(?!\[(?:{_RXVT}))(?:\[(?:\[|M[^\x00-\x1f]{{0,2}}|[-0-?]{{0,4096}}[ -,./]{{0,4}})|O"
    rf"|{_STRING_START}{STRING}\x1b?"
    r"|\]\d{0,5}|P(?:[\d;]{0,16}[ -/]?|[>!=?])|_)?\Z"
)
_BROKEN = re.compile(rf"\x1b(?:\[M{STRING_TEXT}{{0,2}}|\[[-0-?]+[ -,./]*|{_STRING_START}{STRING})")
"""Matches the start of a sequence, of which a user can have typed only ESC."""
_INTRODUCERS = frozenset({"\x1b[", "\x1b]", "\x1bP", "\x1b_"})
"""The starts of reports, which count as no key with Alt."""

_PASTE_UNFINISHED = re.compile(rf"\x1b(?:\[(?:[-0-?]{{0,256}}[ -,./]{{0,2}})|(?:\]|P|_G?){STRING}\x1b?)?\Z")


class Kind(Enum):
    """The kinds of input."""

    TEXT = "text"
    """Characters and control characters without ESC, as they were read at once."""
    KEY = "key"
    """One escape sequence, or ESC alone or with one character."""
    PASTE = "paste"
    """A paste, or a part of one that stalled, without reports and without ESC."""
    REPORT = "report"
    """A report that the terminal sent by itself."""


class Token(NamedTuple):
    """One part of the input."""

    kind: Kind
    text: str


class InputScanner:
    """Splits input. Both methods take monotonic seconds."""

    def __init__(self) -> None:
        self._held = ""
        """The incomplete end of the input; it starts with ESC."""
        self._late: int | None = None
        """The offset in `_held` at which the first piece after a pause starts."""
        self._fed = self._held_since = 0.0
        self._given = ""
        """Input that was delivered as a key and may prove to be the start of a report."""
        self._pasted: list[str] | None = None
        """The parts of a paste; None outside of one."""
        self._open_until = 0.0
        """The time until which input may belong to a stalled paste."""

    def feed(self, data: str, now: float) -> Iterator[Token]:
        """Yield the tokens that this piece of input completes."""
        pause, self._fed = now - self._fed, now
        if self._given:
            report, data = self._end_of_given(data, now)
            if report:
                yield Token(Kind.REPORT, report)
        if self._pasted is None and now < self._open_until:
            yield from self._belated(data, now, pause)
        else:
            yield from self._scan(data, now, pause)

    def tick(self, now: float) -> Iterator[Token]:
        """Yield the tokens that are due after a pause: a lone Escape, a paste without an end."""
        if self._pasted is not None:
            if now - self._fed > _PASTE_LIMIT:
                yield self._paste_so_far()
                self._open_until = now + _OPEN_LIMIT
            return
        if not self._held or (
            now < self._open_until and len(self._held) > 1 and PASTE_END.startswith(self._held)
        ):
            return
        # ESC, alone or with one character, may be a key of the user; longer starts are not.
        if len(self._held) <= 2:
            if now - self._fed >= ESCAPE_DELAY:
                held, self._held = self._held, ""
                self._given, self._held_since = held, now
                if held not in _INTRODUCERS:
                    yield Token(Kind.KEY, held)
        elif now - self._held_since > _SEQUENCE_LIMIT:
            held, late = self._held, self._late or len(self._held)
            self._held, self._late = "", None
            self._given, self._held_since = held[:late], now
            yield from self._scan(held[late:], now, 0.0)

    def _scan(self, data: str, now: float, pause: float) -> Iterator[Token]:
        if self._held and self._late is None and pause > ESCAPE_DELAY:
            self._late = len(self._held)
        text, late = self._held + data, self._late
        was_held = bool(self._held)
        self._held, self._late, at = "", None, 0
        while at < len(text):
            start = text.find("\x1b", at)
            stretch = text[at:] if start < 0 else text[at:start]
            if stretch and self._pasted is not None:
                self._pasted.append(stretch)
            elif stretch:
                yield Token(Kind.TEXT, stretch)
            if start < 0:
                return
            # A paste contains any text, so only its end and reports count as sequences in it.
            unfinished = _UNFINISHED if self._pasted is None else _PASTE_UNFINISHED
            if unfinished.match(text, start):
                self._held = text[start:]
                if start or not was_held:
                    self._held_since = now
                else:
                    self._late = late
                return
            in_paste = self._pasted is not None
            at, token = self._pasted_escape(text, start) if in_paste else _escape(text, start)
            if late and not start and at > late and (token is None or not _is_wanted(token.text)):
                at, token = late, None  # the sequence is broken, and the rest was typed
            if token is not None and token.text == PASTE_START:
                self._pasted = []
            elif token is not None:
                yield token

    def _pasted_escape(self, text: str, start: int) -> tuple[int, Token | None]:
        """Return the end of an escape in a paste and its token; of any other escape only ESC is dropped."""
        if text.startswith(PASTE_END, start):
            return start + len(PASTE_END), self._paste_so_far()
        if report := _REPORT.match(text, start):
            return report.end(), Token(Kind.REPORT, report.group())
        return start + 1, None

    def _paste_so_far(self) -> Token:
        text, self._pasted = "".join(self._pasted or ()), None
        held = self._held
        if held == "\x1b":  # it may be the start of the mark; a key would mean Escape
            self._given, self._held = held, ""
        elif not PASTE_END.startswith(held):
            text, self._held = text + held.replace("\x1b", ""), ""
        return Token(Kind.PASTE, text)

    def _belated(self, data: str, now: float, pause: float) -> Iterator[Token]:
        """Yield the tokens of a piece that arrived after a stalled paste and before its end.

        A line delivers in order, so all of it belongs to the paste, unless the end was lost. A single key
        counts as typed for that case, but not an Enter, because it could send.
        """
        held, self._held, self._late = self._held, "", None
        seen = held + data
        mark = _PASTE_MARK.search(seen)
        if mark is not None:
            self._open_until = 0.0
        elif not held and pause >= _QUICK and (data == "\x1b" or _is_key(data)):
            yield from self._scan(seen, now, 0.0)
            return
        else:
            self._open_until = now + _OPEN_LIMIT
        self._pasted = []
        yield from self._scan(seen[: mark.start()] if mark else seen, now, 0.0)
        paste = self._paste_so_far()
        if paste.text:
            yield paste
        if mark is not None:
            yield from self._scan(seen[mark.start() :], now, 0.0)

    def _end_of_given(self, data: str, now: float) -> tuple[str, str]:
        """Return the report whose start was already delivered or dropped, and the input after it.

        If it is a mark of a paste, obey it. If it is still incomplete, hold it.
        """
        given, self._given = self._given, ""
        # After a lone ESC, a user may type anything, but hardly a whole report at once.
        may_be_typed = len(given) == 1 and len(data) < _SHORTEST_AT_ONCE
        limit = _SEQUENCE_LIMIT if may_be_typed else _OPEN_LIMIT
        if now - self._held_since <= limit or now < self._open_until:
            seen = given + data
            if seen.startswith((PASTE_START, PASTE_END)):
                self._open_until = 0.0
                self._pasted = [] if seen.startswith(PASTE_START) else None
                return "", seen[len(PASTE_END) :]
            if report := _REPORT.match(seen):
                return report.group(), seen[report.end() :]
            if len(given) > 1 and _UNFINISHED.match(seen):
                self._held, self._late, self._held_since = seen, len(given), now
                return "", ""
        return "", data


def _escape(text: str, start: int) -> tuple[int, Token | None]:
    """Return the end of an escape sequence and its token; None if it is broken and dropped."""
    if sequence := _SEQUENCE.match(text, start):
        found = sequence.group()
        is_report = sequence["string"] is not None or _REPORT.fullmatch(found) is not None
        return sequence.end(), Token(Kind.REPORT if is_report else Kind.KEY, found)
    if broken := _BROKEN.match(text, start):
        return broken.end(), None
    # Escape before another escape, or Alt with a key.
    end = start + 1 + (text[start + 1 : start + 2] != "\x1b")
    return end, Token(Kind.KEY, text[start:end])


def _is_wanted(sequence: str) -> bool:
    """Return whether a sequence is certainly complete: a key, a mark of a paste, or a known report."""
    return sequence[2:3] not in "?>=" or _REPORT.fullmatch(sequence) is not None


def _is_key(text: str) -> bool:
    """Return whether a piece is one character other than a line end, or consists of escape sequences."""
    if len(text) == 1:
        return text not in "\r\n"
    return not _SEQUENCE.sub("", text)

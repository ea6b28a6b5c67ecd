"""What the keys of terminals mean: names for Enter and its kin, and whether an Enter was typed or pasted.

Enter arrives as CR; Ctrl+J as LF everywhere; Alt+Enter as ESC CR; Shift+Enter only under kitty's protocol or
xterm's modifyOtherKeys. The parser gives each its own name. Widgets decide by `SEND` and `NEW_LINE`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from textual import events
from textual._time import get_time
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.keys import Keys
from textual.message import Message

SEND = frozenset({"enter"})
"""Keys that send when `send_key` is enter, and make a new line when it is swapped."""
NEW_LINE = frozenset({"ctrl+j", "alt+enter", "shift+enter", "ctrl+enter"})
"""Keys that make a new line; swapped, those but ctrl+j send."""

_NOT_TYPED = re.compile(r"\x1b\[(?:<[\d;-]+[mM]|[IO]|0n|\?[\d;]+\$y)")
"""Mouse, focus and answers of the terminal."""
ANSWER = "\x1b[0n"
"""What a terminal answers to a mark of `outlet`."""
_REPORT = re.compile(
    r"\x1b(?:\][0-9]+;[^\x07\x1b]*(?:\x07|\x1b\\)|[P_^X][^\x1b]*\x1b\\|\[[?>=][\d;]*c|\[\d+;\d+;\d+t)"
)
"""What terminals answer to questions about colours, names and sizes, which another program may have asked."""
_NOTHING = "\x1b[?0;0$y"
"""Stands where a report was, so that what was around it does not join to another sequence."""
_ALT_ENTER = {"\x1b\r", "\x1b\n"}
_PASTE_LIMIT = 1.0
"""Seconds without a byte after which an unfinished paste counts as finished."""
PASTE_WINDOW = 0.05
"""Seconds around other input in which an Enter is not believed to be typed."""


class _Chunk(NamedTuple):
    at: float
    quick: bool
    """Came right after the one before it."""
    alone: bool
    """Held one key and nothing else."""
    burst: bool
    """Followed one that was quick itself or held several keys."""
    line_ends: int
    """Enters and line feeds in this piece and the quick ones before it."""
    pasted: bool
    """This piece, or a quick one before it, says that it is a paste, or holds an escape."""
    ends_line: bool
    """Its last byte is an Enter."""


class EnterGuard:
    """Tells a typed Enter from one inside a paste without brackets, by what came with it and just before.

    The input thread notes each piece of input; the prompt asks about an Enter. One quick neighbour is
    allowed, as fingers roll; a piece that holds more than the Enter is a paste.
    """

    def __init__(self, window: float = PASTE_WINDOW) -> None:
        self._window = window
        self._chunks: deque[_Chunk] = deque(maxlen=128)
        self._last = float("-inf")

    def note(self, data: str, at: float) -> None:
        """Note a piece of input as it was read."""
        if not (data := _NOT_TYPED.sub("", data)):
            return
        quick = at - self._last < self._window
        before = self._chunks[-1] if self._chunks else None
        alone = _is_one_key(data)
        burst = quick and before is not None and (before.quick or not before.alone)
        line_ends, pasted = data.count("\r") + data.count("\n"), "\x1b" in data and not alone
        if quick and before is not None:
            line_ends, pasted = line_ends + before.line_ends, pasted or before.pasted
        self._chunks.append(_Chunk(at, quick, alone, burst, line_ends, pasted, data.endswith("\r")))
        self._last = at

    def is_typed(self, key: events.Key) -> bool:
        """Whether this key was pressed by a person; True when nothing is known (tests, Windows)."""
        chunk = self._chunk_of(key)
        return chunk is None or (chunk.alone and not chunk.burst)

    def may_end_a_line(self, key: events.Key) -> bool:
        """Whether this Enter ends a single line that came in one go, as programs type (`tmux send-keys`).

        It counts as typed if nothing more has come after the window: see `is_quiet_since`.
        """
        chunk = self._chunk_of(key)
        return chunk is not None and chunk.ends_line and chunk.line_ends == 1 and not chunk.pasted

    def is_quiet_since(self, key: events.Key) -> bool:
        """Whether no input has come after the piece with this key."""
        chunk = self._chunk_of(key)
        return chunk is None or chunk is self._chunks[-1]

    def _chunk_of(self, key: events.Key) -> _Chunk | None:
        return next((chunk for chunk in reversed(self._chunks) if chunk.at <= key.time), None)


def _is_one_key(data: str) -> bool:
    if len(data) == 1:
        return True
    if data in (BRACKETED_PASTE_START, BRACKETED_PASTE_END):
        return False
    # One escape sequence, or Alt with a key.
    return data.startswith("\x1b") and "\x1b" not in data[1:] and (len(data) == 2 or data[1] in "[O")


def _begun(text: str, mark: str) -> str:
    """The end of the text, as far as it may be the beginning of the mark."""
    sizes = range(len(mark) - 1, 0, -1)
    return next((mark[:size] for size in sizes if text.endswith(mark[:size])), "")


class KeyParser(XTermParser):
    """Textual's parser, with the names right for Enter's kin, marks answered, and no paste without end.

    Args:
        guard: Is told of every piece of input.
        answered: Called (in the input thread) when the terminal answers a mark.
        clock: Monotonic seconds, the same as those of Textual's messages.
    """

    def __init__(
        self,
        guard: EnterGuard,
        answered: Callable[[], None],
        *,
        clock: Callable[[], float] = get_time,
        debug: bool = False,
    ) -> None:
        super().__init__(debug)
        self._guard = guard
        self._answered = answered
        self._clock = clock
        self._pasting = False
        self._tail = ""
        """Outside of a paste what was seen last, inside what is held back: a mark may come in pieces."""
        self._fed = clock()

    def feed(self, data: str) -> Iterable[Message]:
        """Parse a piece of input as it was read."""
        self._fed = self._clock()
        self._guard.note(data, self._fed)
        if data := self._without_escapes(data):  # nothing would mean the end of all input
            yield from super().feed(data)

    def tick(self) -> Iterable[Message]:
        """Parse what is due by time alone: a lone Escape, a paste whose end never came."""
        if self._pasting and self._clock() - self._fed > _PASTE_LIMIT:
            yield from self.feed(BRACKETED_PASTE_END)
        yield from super().tick()

    def _without_escapes(self, data: str) -> str:
        """The input with no ESC in a paste but its end, and no reports: Textual would make keys of them."""
        safe = ""
        while data:
            seen = self._tail + data
            if self._pasting:
                pasted, mark, rest = seen.partition(BRACKETED_PASTE_END)
                self._tail = "" if mark else _begun(seen, BRACKETED_PASTE_END)
                pasted = pasted.removesuffix(self._tail) if not mark else pasted
                safe += pasted.replace("\x1b", "") + mark
            else:
                _, mark, rest = seen.partition(BRACKETED_PASTE_START)
                self._tail = "" if mark else seen[1 - len(BRACKETED_PASTE_START) :]
                safe += _REPORT.sub(_NOTHING, data[: len(data) - len(rest)] if mark else data)
            if not mark:
                break
            self._pasting, data = not self._pasting, rest
        return safe

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if sequence in _ALT_ENTER or (alt and sequence in "\r\n"):
            yield events.Key("alt+enter", None)
            return
        if sequence == ANSWER:
            self._answered()
            yield events.Key(Keys.Ignore, sequence)
            return
        for key in self._keys_of(sequence, alt):
            if key.key.endswith("\r") and len(sequence) > 1:
                # modifyOtherKeys, CSI 27;2;13~; Textual drops the Alt of a key that has a text.
                yield events.Key((key.key[:-1] or "alt+") + "enter", None)
            else:
                yield key

    def _keys_of(self, sequence: str, alt: bool) -> Iterable[events.Key]:
        """Textual's keys; a number that is none, or no character, is nobody's key (and ends no input)."""
        try:
            keys = list(super()._sequence_to_key_events(sequence, alt=alt))
        except (ValueError, OverflowError):
            keys = []
        else:
            if not any("\ud800" <= (key.character or "")[:1] <= "\udfff" for key in keys):
                return keys
        return [events.Key(Keys.Ignore, sequence)]

    def parse_mouse_code(self, code: str) -> Message | None:
        """Textual's mouse; a terminal that tells no size in pixels counts in cells."""
        sizes = (self.terminal_size, self.terminal_pixel_size)
        if not all(all(size) for size in sizes if size is not None):
            self.terminal_pixel_size = None
        return super().parse_mouse_code(code)

"""Parses what a terminal sends. It mends what Textual's parser does with Enter, pastes and answers.

Enter arrives as CR, Ctrl+J as LF, Alt+Enter as ESC CR; Shift+Enter only under kitty's protocol or xterm's
modifyOtherKeys. It overrides a private base class of Textual: import it only if
`textual_overrides.is_known_textual`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from textual import events
from textual._time import get_time
from textual._xterm_parser import XTermParser
from textual.keys import Keys
from textual.message import Message

from coze_tui.terminal.keys import PASTE_END, PASTE_START, EnterGuard

ANSWER = "\x1b[0n"
"""The terminal's answer to a mark of `OutputThrottle`."""
_REPORT = re.compile(
    r"\x1b(?:\][0-9]+;[^\x07\x1b]*(?:\x07|\x1b\\)|[P_^X][^\x1b]*\x1b\\|\[[?>=][\d;]*c|\[\d+;\d+;\d+t)"
)
"""Answers of terminals about colors, names and sizes, which another program may have requested."""
_NOTHING = "\x1b[?0;0$y"
"""Replaces a report, so that the input around it does not join to another sequence."""
_ALT_ENTER = {"\x1b\r", "\x1b\n"}
_PASTE_LIMIT = 1.0
"""Seconds without a byte after which an unfinished paste counts as finished."""


def _begun(text: str, mark: str) -> str:
    """Return the end of a text that may be the start of the mark."""
    sizes = range(len(mark) - 1, 0, -1)
    return next((mark[:size] for size in sizes if text.endswith(mark[:size])), "")


class KeyParser(XTermParser):
    """A parser with right names for the Enter keys, which ends every paste and handles marks.

    Args:
        guard: Is notified of every piece of input.
        answered: Called, in the input thread, when the terminal answers a mark.
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
        """The last input (in a paste: what is held back), because a mark may arrive in pieces."""
        self._fed = clock()

    def feed(self, data: str) -> Iterable[Message]:
        """Parse a piece of input as it was read."""
        self._fed = self._clock()
        self._guard.note(data, self._fed)
        if data := self._without_escapes(data):  # an empty text would mean the end of all input
            yield from super().feed(data)

    def tick(self) -> Iterable[Message]:
        """Parse what is due by time alone: a lone Escape, a paste without an end."""
        if self._pasting and self._clock() - self._fed > _PASTE_LIMIT:
            yield from self.feed(PASTE_END)
        yield from super().tick()

    def _without_escapes(self, data: str) -> str:
        """Return the input without escapes in pastes and without reports, which would become keys."""
        safe = ""
        while data:
            seen = self._tail + data
            if self._pasting:
                pasted, mark, rest = seen.partition(PASTE_END)
                self._tail = "" if mark else _begun(seen, PASTE_END)
                pasted = pasted.removesuffix(self._tail) if not mark else pasted
                safe += pasted.replace("\x1b", "") + mark
            else:
                _, mark, rest = seen.partition(PASTE_START)
                self._tail = "" if mark else seen[1 - len(PASTE_START) :]
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
        """Return Textual's keys. An invalid number or character is ignored, and does not end the input."""
        try:
            keys = list(super()._sequence_to_key_events(sequence, alt=alt))
        except (ValueError, OverflowError):
            keys = []
        else:
            if not any("\ud800" <= (key.character or "")[:1] <= "\udfff" for key in keys):
                return keys
        return [events.Key(Keys.Ignore, sequence)]

    def parse_mouse_code(self, code: str) -> Message | None:
        """Return Textual's mouse event. A terminal without a size in pixels counts in cells."""
        sizes = (self.terminal_size, self.terminal_pixel_size)
        if not all(all(size) for size in sizes if size is not None):
            self.terminal_pixel_size = None
        return super().parse_mouse_code(code)

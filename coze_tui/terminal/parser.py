"""Parses the terminal's input. Fixes Textual's handling of Enter, pastes and reports.

Enter arrives as CR, Ctrl+J as LF, Alt+Enter as ESC CR; Shift+Enter only under kitty's protocol or xterm's
modifyOtherKeys. It overrides a private base class of Textual: import it only if
`textual_overrides.is_known_textual`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from textual import constants, events
from textual._time import get_time
from textual._xterm_parser import IS_ITERM, XTermParser
from textual.geometry import Size
from textual.keys import Keys
from textual.message import Message
from textual.messages import InBandWindowResize, TerminalSupportsSynchronizedOutput

from coze_tui.terminal.keys import EnterGuard, KeyRun
from coze_tui.terminal.scanner import PASTE_END, PASTE_START, InputScanner, Kind, Token

ANSWER = "\x1b[0n"
"""The terminal's answer to a mark of `OutputThrottle`."""
_ALT_ENTER = {"\x1b\r", "\x1b\n"}
_LONGEST_KEY = 48
"""The most characters of a key's sequence; those of real keyboards have half as many."""
_LINE_END = re.compile("[\r\n]")
_RUN = re.compile(r"[^\x00-\x1f\x7f]+|.", re.DOTALL)
"""Characters, or one control character."""
_RUN_WITH_TABS = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]+|.", re.DOTALL)
_RUN_OF_LINES = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*|.", re.DOTALL)
"""The same with line ends after the first character."""
_MOST_TYPED = 32
"""Characters that a user may type before a slow line delivers them. A Tab among more is pasted text."""
_WHOLE_READ = 1024
"""Characters of a piece that the size of a read may have cut, so that its last one means nothing."""
_MODE = re.compile(r"\x1b\[\?(\d{1,5});(\d)\$y")
_MOUSE = re.compile(r"\x1b\[<\d{1,3};-?\d{1,5};-?\d{1,5}[mM]")
_SIZE = re.compile(r"\x1b\[48;(\d{1,4})(?::\d*)*;(\d{1,4})(?::\d*)*;(\d{1,5})(?::\d*)*;(\d{1,5})(?::\d*)*t")


class KeyParser(XTermParser):
    """A parser that names the Enter keys correctly, ends every paste and removes every report.

    Args:
        guard: Receives every piece of input, without reports.
        answered: Called, in the input thread, when the terminal answers a mark.
        resized: Called, in the input thread, when the terminal reports another size. The size in the
            report may be wrong, so it is not an argument.
        reported: Called, in the input thread, with each report that this class does not use.
        clock: Monotonic seconds, the same as those of Textual's messages.
    """

    def __init__(
        self,
        guard: EnterGuard,
        answered: Callable[[], None],
        *,
        resized: Callable[[], None] = lambda: None,
        reported: Callable[[str], None] = lambda _report: None,
        clock: Callable[[], float] = get_time,
        debug: bool = False,
    ) -> None:
        super().__init__(debug)
        self._guard = guard
        self._answered = answered
        self._resized = resized
        self._reported = reported
        self._clock = clock
        self._scanner = InputScanner()

    def feed(self, data: str) -> Iterable[Message]:
        """Parse a piece of input as it was read."""
        now = self._clock()
        tokens = list(self._scanner.feed(data, now))
        self._guard.note("".join(map(_noted, tokens)), now)
        return self._messages(tokens)

    def tick(self) -> Iterable[Message]:
        """Parse input that is due after a pause: a lone Escape, a paste without an end."""
        return self._messages(self._scanner.tick(self._clock()))

    def _messages(self, tokens: Iterable[Token]) -> Iterator[Message]:
        for kind, text in tokens:
            match kind:
                case Kind.TEXT:
                    yield from self._typed(text)
                case Kind.KEY:
                    yield from self._keys(text)
                case Kind.PASTE:
                    # Functions of SQLite end a text at a NUL (docs/textual.md 1.5).
                    yield events.Paste(text.replace("\x00", ""))
                case Kind.REPORT:
                    yield from self._read_report(text)

    def _typed(self, text: str) -> Iterator[Message]:
        """Yield runs of text, and keys for control characters.

        A single line end in a piece of input is a key, because it may send (see `EnterGuard`).
        """
        tabs_are_text = "\t" in text and self._has_pasted_tabs(text)
        run = _RUN_WITH_TABS if tabs_are_text else _RUN
        if len(_LINE_END.findall(text)) > 1:
            run = _RUN_OF_LINES
        for stretch in run.findall(text):
            is_control = len(stretch) == 1 and (stretch < " " or stretch == "\x7f")
            if is_control and not (stretch == "\t" and tabs_are_text):
                yield from self._keys_of_text(stretch)
            else:
                yield KeyRun(stretch, self._keys_of_text)

    def _has_pasted_tabs(self, text: str) -> bool:
        """Return whether the tabs of a piece are text: of a paste without brackets, not of a user or script.

        A script that completes or moves the focus sends the Tab last.
        """
        if len(text) == 1:  # held down, it comes in a burst
            return False
        if len(_LINE_END.findall(text)) > 1 or len(text) >= _WHOLE_READ or self._guard.is_in_burst:
            return True
        return len(text) > _MOST_TYPED and "\t" in text[:-1]

    def _keys_of_text(self, text: str) -> Iterator[events.Key]:
        for character in text:
            yield from self._keys(character)

    def _keys(self, sequence: str) -> Iterator[events.Key]:
        if sequence == "\x1b":
            yield events.Key("escape", sequence)
            return
        if sequence == PASTE_END:
            return  # its paste was abandoned long ago
        found = False
        for key in self._sequence_to_key_events(sequence):
            found = True
            if key.key != Keys.Ignore:
                yield key
        # Textual has no name for Alt with most keys, but for the keys themselves.
        if not found and len(sequence) == 2:
            yield from self._sequence_to_key_events(sequence[1], alt=True)

    def _read_report(self, report: str) -> Iterator[Message]:
        """Yield the messages for a report; most reports have none."""
        if report == ANSWER:
            self._answered()
        elif report in ("\x1b[I", "\x1b[O"):
            yield events.AppFocus() if report == "\x1b[I" else events.AppBlur()
        elif _MOUSE.fullmatch(report):
            if mouse := self.parse_mouse_code(report):
                yield mouse
        elif size := _SIZE.fullmatch(report):
            height, width, pixel_height, pixel_width = map(int, size.groups())
            self.terminal_size, self.terminal_pixel_size = (
                Size(width, height),
                Size(pixel_width, pixel_height),
            )
            self.mouse_pixels = True
            self._resized()
        elif mode := _MODE.fullmatch(report):
            number, setting = mode.groups()
            if number == "2026" and setting != "0":
                yield TerminalSupportsSynchronizedOutput()
            elif number == "2048" and constants.SMOOTH_SCROLL and not IS_ITERM:
                yield InBandWindowResize.from_setting_parameter(int(setting))
        else:
            self._reported(report)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if sequence in _ALT_ENTER or (alt and sequence in "\r\n"):
            yield events.Key("alt+enter", None)
            return
        for key in self._keys_of(sequence, alt):
            if key.key.endswith("\r") and len(sequence) > 1:
                # modifyOtherKeys, CSI 27;2;13~. Textual drops the Alt of a key with text.
                yield events.Key((key.key[:-1] or "alt+") + "enter", None)
            else:
                yield key

    def _keys_of(self, sequence: str, alt: bool) -> Iterable[events.Key]:
        """Return Textual's keys. Ignores an invalid number or character instead of ending the input.

        Textual's expression for kitty's keys backtracks: 1,500 digits hold it for half a minute.
        """
        if len(sequence) > _LONGEST_KEY:
            return [events.Key(Keys.Ignore, sequence)]
        try:
            keys = list(super()._sequence_to_key_events(sequence, alt=alt))
        except (ValueError, OverflowError):
            keys = []
        else:
            # In kitty's protocol, a number can name half of a surrogate pair, which no text may contain.
            if not any("\ud800" <= (key.character or "")[:1] <= "\udfff" for key in keys):
                return keys
        return [events.Key(Keys.Ignore, sequence)]

    def parse_mouse_code(self, code: str) -> Message | None:
        """Return Textual's mouse event. A terminal without a size in pixels reports cells."""
        sizes = (self.terminal_size, self.terminal_pixel_size)
        if not all(all(size) for size in sizes if size is not None):
            self.terminal_pixel_size = None
        return super().parse_mouse_code(code)


def _noted(token: Token) -> str:
    """Return the part of a token's input that the user typed or pasted."""
    match token.kind:
        case Kind.REPORT:
            return ""
        case Kind.PASTE:
            return f"{PASTE_START}{token.text}{PASTE_END}"
        case _:
            return token.text

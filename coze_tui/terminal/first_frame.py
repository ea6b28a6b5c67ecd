"""Paints the first frame before Textual is imported: the skeleton of the screen, in one write.

A thread reads keys from then on until the app does. It echoes them at the prompt,
after those typed earlier. Imports only fast modules.
POSIX only; elsewhere there is no early frame.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

if sys.platform != "win32":
    import fcntl
    import termios

    from coze_tui.terminal.early_keys import EarlyEcho, EarlyKeys

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_LEAVE = "\x1b[0m\x1b[?7h\x1b[?1049l\x1b[?25h"
MOST_COLUMNS, MOST_LINES = 1_000, 500
"""The largest size that is drawn. A tty may be set to 65,535 × 65,535, which would exhaust the memory."""


class EarlyFrame:
    """A terminal in raw mode with a painted frame, to be passed to the app (`TerminalApp.early_frame`)."""

    def __init__(
        self, modes: list[Any], *, painted: bool, typed: bytes = b"", keys: EarlyKeys | None = None
    ) -> None:
        self.modes = modes
        """The termios attributes to restore at the end."""
        self._typed = typed
        self._keys = keys
        self.painted = painted
        """Whether the alternate screen was entered."""

    def take_keys(self) -> bytes:
        """Stop reading and echoing. Return the input so far; later input waits in the tty."""
        if self._keys is not None:
            self._typed, self._keys = self._keys.stop(), None
        return self._typed

    def give_back(self) -> bytes:
        """Restore the terminal. Return all input so far, for an app that cannot take the terminal over."""
        typed = self.take_keys()
        try:
            typed += _waiting()
        except OSError:
            pass
        self.restore()
        return typed

    def restore(self) -> None:
        """Restore the terminal. Harmless after the app has done so."""
        if sys.platform == "win32":
            return
        self.take_keys()
        try:
            # The same modes mean that the app has left the screen already.
            if self.painted and termios.tcgetattr(0) != self.modes:
                os.write(2, _LEAVE.encode())
            termios.tcsetattr(0, termios.TCSANOW, self.modes)
        except (OSError, termios.error):
            return
        finally:
            self.painted = False


class FrameGuard:
    """Restores the terminal at the end, or if a signal ends the program before the app has started.

    Use it as a context manager around the painting and the app.
    """

    def __init__(self) -> None:
        self._frame: EarlyFrame | None = None
        self._is_painted = False
        self._received = 0
        self._handled: dict[int, Any] = {}

    def __enter__(self) -> FrameGuard:
        import signal

        names = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT")
        handlers = {
            number: signal.getsignal(number) for name in names if (number := getattr(signal, name, 0))
        }
        # A signal that the shell has made the program ignore (nohup) stays ignored.
        ours = (signal.SIG_DFL, signal.default_int_handler)
        self._handled = {number: handler for number, handler in handlers.items() if handler in ours}
        for number in self._handled:
            signal.signal(number, self._receive)
        return self

    def __exit__(self, *error: object) -> None:
        import signal

        for number, handler in self._handled.items():
            signal.signal(number, handler)
        if self._frame is not None:
            self._frame.restore()

    def restore_later(self, frame: EarlyFrame | None) -> EarlyFrame | None:
        """Return the frame, restoring it at the end. Exit if a signal arrived during the painting."""
        self._frame, self._is_painted = frame, True
        if self._received:
            self._end()
        return frame

    def _receive(self, number: int, _frame: object) -> None:
        self._received = number
        # In the middle of the painting the state of the terminal is unknown; `restore_later` exits then.
        if self._is_painted:
            self._end()

    def _end(self) -> None:
        import signal

        if self._frame is not None:
            self._frame.restore()
        signal.signal(self._received, signal.SIG_DFL)
        # The shell must see which signal ended the program.
        signal.raise_signal(self._received)


def paint_skeleton(
    rows: Sequence[tuple[int, str, str]],
    background: str,
    foreground: str,
    prompt: tuple[int, int] | None = None,
) -> EarlyFrame | None:
    """Paint the skeleton. Return None without a terminal.

    Args:
        rows: Row (negative: from the bottom), text of one line, and its background as `#rrggbb`.
        background: The background of the other rows; empty leaves the terminal's own colors.
        foreground: The color of the text.
        prompt: Column and row where keys are echoed until the app takes over; None echoes nothing.
    """
    if sys.platform == "win32" or not (os.isatty(0) and os.isatty(2)):
        return None
    try:
        modes = termios.tcgetattr(0)
        raw = termios.tcgetattr(0)
        # Textual's driver will set the same modes.
        raw[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        raw[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
        raw[6][termios.VMIN] = 1
        termios.tcsetattr(0, termios.TCSANOW, raw)
    except termios.error:
        return None
    typed = b""
    try:
        if prompt is not None:
            typed = _waiting()
        columns, lines = map(min, os.get_terminal_size(2), (MOST_COLUMNS, MOST_LINES))
        colors = os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit")
        colors = bool(colors and background) and not os.environ.get("NO_COLOR")
        frame = skeleton(rows, background, foreground, columns, lines, colors=colors, prompt=prompt)
        echo = EarlyEcho(columns - prompt[0] if prompt is not None else 0)
        os.write(2, (frame + echo.feed(typed)).encode())
        keys = EarlyKeys(typed, echo) if prompt is not None else None
    except OSError:
        return EarlyFrame(modes, painted=False, typed=typed)
    return EarlyFrame(modes, painted=True, typed=typed, keys=keys)


def _waiting() -> bytes:
    """Read the pending input of the tty."""
    waiting = int.from_bytes(fcntl.ioctl(0, termios.FIONREAD, bytes(4)), sys.byteorder)
    return os.read(0, waiting) if waiting else b""


def skeleton(
    rows: Sequence[tuple[int, str, str]],
    background: str,
    foreground: str,
    columns: int,
    lines: int,
    *,
    colors: bool,
    prompt: tuple[int, int] | None = None,
) -> str:
    """Return the byte sequence of the frame for a window of this size."""
    texts = {(y if y >= 0 else lines + y): (text, color) for y, text, color in rows}
    out = [_ENTER]
    for y in range(lines):
        text, color = texts.get(y, ("", background))
        if colors:
            out.append(f"\x1b[{_code(38, foreground)};{_code(48, color)}m")
        # Blanks, not an erase, because not every terminal fills an erased row with the background. The text
        # follows them, so its width need not be known.
        out.append(f"\x1b[{y + 1}H{' ' * columns}\r{text}")
    if prompt is None:
        out.append("\x1b[0m\x1b[H")
    else:
        x, y = prompt
        _text, color = texts.get(lines + y, ("", background))
        style = f"\x1b[{_code(38, foreground)};{_code(48, color)}m" if colors else ""
        out.append(f"{style}\x1b[{max(1, lines + y + 1 if y < 0 else y + 1)};{x + 1}H")
    return "".join(out)


def _code(kind: int, color: str) -> str:
    return f"{kind};2;{int(color[1:3], 16)};{int(color[3:5], 16)};{int(color[5:7], 16)}"

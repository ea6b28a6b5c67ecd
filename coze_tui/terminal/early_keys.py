"""Reads the keys typed before the app runs, and echoes the harmless ones.

The tty's own echo would pass on dangerous parts of a paste: C1 controls and reordering characters. POSIX
only. Imports only fast modules.
"""

from __future__ import annotations

# `threading` would delay the first frame.
import _thread
import codecs
import os
import select

_STDIN, _STDERR = 0, 2


class EarlyEcho:
    """A filter for echoed characters, up to a number of cells. Escape sequences may arrive in any pieces."""

    def __init__(self, cells: int) -> None:
        self._cells = cells
        self._decode = codecs.getincrementaldecoder("utf-8")("ignore").decode
        self._before = ""
        """The start of an escape sequence: empty, ESC, or ESC with `[` or `O`."""

    def feed(self, data: bytes) -> str:
        """Return the text to echo for a piece of input."""
        shown = ""
        for character in self._decode(data):
            if self._before:
                is_start = self._before == "\x1b" and character in "[O"
                goes_on = is_start or (self._before != "\x1b" and not "@" <= character <= "~")
                self._before = "\x1b[" if goes_on else ""
            elif character == "\x1b":
                self._before = character
            elif character.isprintable():
                # Measuring needs slow imports, and no character takes more than two cells.
                self._cells -= 1 if character.isascii() else 2
                shown += character if self._cells >= 0 else ""
        return shown


class EarlyKeys:
    """A thread that reads stdin and echoes to stderr until `stop`.

    Args:
        typed: Input that was read before this thread starts.
        echo: The filter, which has processed `typed` already.
    """

    def __init__(self, typed: bytes, echo: EarlyEcho) -> None:
        self._typed = bytearray(typed)
        self._echo = echo
        self._wake: tuple[int, int] | None = os.pipe()
        self._ended = _thread.allocate_lock()
        self._ended.acquire()
        _thread.start_new_thread(self._run, (self._wake[0],))

    def stop(self) -> bytes:
        """End the thread. Return all input so far; later input waits in the tty."""
        wake, self._wake = self._wake, None
        if wake is not None:
            os.write(wake[1], b".")
            self._ended.acquire()
            os.close(wake[0])
            os.close(wake[1])
        return bytes(self._typed)

    def _run(self, wake: int) -> None:
        try:
            while wake not in (ready := select.select([_STDIN, wake], [], [])[0]) and ready:
                if not (data := os.read(_STDIN, 65536)):
                    break
                self._typed += data
                if shown := self._echo.feed(data):
                    os.write(_STDERR, shown.encode())
        except OSError:
            pass  # the app will notice that the terminal is gone
        finally:
            self._ended.release()

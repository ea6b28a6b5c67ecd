"""Reads stdin: typed lines, or piped text."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO, cast

from coze_tui.cli.startup import notify
from coze_tui.errors import SettingsError
from coze_tui.terminal.reports import without_reports
from coze_tui.text.i18n import _
from coze_tui.text.system_text import decode, readable

if TYPE_CHECKING:
    from io import BufferedReader

_SILENT_SECONDS = 1.0
_LONGEST = 4 << 20
"""Bytes of a question, and characters of a line, that are read; no model accepts more."""

_QUOTE = r"\C-x\C-]"
"""A key that inserts the next one. The usual one differs in vi mode, and the user may have bound it."""
_REPORT_KEYS = (
    r'"\e[": skip-csi-sequence',
    rf'"{_QUOTE}": quoted-insert',
    *(rf'"\e{key}": "{_QUOTE}\e{key}"' for key in ("]", "P", "_", r"\\")),
    r'"\C-g": self-insert',
)
"""Bindings of GNU readline that leave reports of the terminal whole, so that `read_line` can remove them.

Without them, it takes the ESC of a report as Meta and inserts the rest.
"""


def edit_lines(*, vi_keys: bool) -> None:
    """Let `read_line` edit lines and remember them; without readline the terminal edits."""
    with suppress(ImportError):
        import readline  # changes `input`

        is_libedit = "libedit" in (readline.__doc__ or "")
        if vi_keys:
            readline.parse_and_bind("bind -v" if is_libedit else "set editing-mode vi")
        if not is_libedit:
            for binding in _REPORT_KEYS:
                readline.parse_and_bind(binding)


def read_line(prompt: str) -> str | None:
    """Return the next line without its line end, or None at the end of stdin (Ctrl+D on a terminal).

    Args:
        prompt: Printed before; may be empty.

    Raises:
        SettingsError: stdin cannot be read, or the line is too long.
        KeyboardInterrupt: the user pressed Ctrl+C.
    """
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not is_terminal:
        print(prompt, end="", flush=True)
    try:
        # `input` lets readline know the prompt
        line = input(prompt) if is_terminal else sys.stdin.readline(_LONGEST + 1)
    except EOFError:
        line = ""
    except OSError as error:
        raise _unreadable(error) from error
    else:
        if len(line) > _LONGEST:
            raise _too_long()
        if line or is_terminal:
            line = _without_halves(readable(line.removesuffix("\n")))
            return without_reports(line).replace("\a", "") if is_terminal else line
    if prompt:
        print()
    return None


def _without_halves(text: str) -> str:
    """Return the text with U+FFFD for bytes that no encoding could decode."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def read_question(words: Sequence[str], stdin: TextIO, *, command: str, may_be_empty: bool = False) -> str:
    """Return the question: the words, stdin if it is not a terminal, or both joined; a lone `-` is stdin.

    Args:
        may_be_empty: Another text comes before it.

    Raises:
        SettingsError: there is no question, it is too long, or stdin cannot be read.
    """
    is_named = list(words) == ["-"]
    words = () if is_named else words
    parts = [" ".join(words)]
    if is_named or not stdin.isatty():
        parts.append(_read_all(stdin, is_joined=bool(words) or may_be_empty).strip("\r\n"))
    question = "\n\n".join(part for part in parts if part.strip())
    if not question and not may_be_empty:
        raise SettingsError(_("requires a question"), source=command)
    return question


def _read_all(stdin: TextIO, *, is_joined: bool) -> str:
    """Return all piped input; if nothing arrives, print to stderr that the program waits for it."""
    hint = _("reading the question from stdin until it ends")
    if is_joined:
        hint = _(
            "waiting for the end of stdin, which is added to the question; `< /dev/null` asks without it"
        )
    silence = threading.Timer(_SILENT_SECONDS, notify, (hint,))
    silence.daemon = True
    silence.start()
    data = bytearray()
    try:
        while piece := _piece(stdin):
            silence.cancel()
            data += piece
            if len(data) > _LONGEST:
                raise _too_long()
    except OSError as error:
        raise _unreadable(error) from error
    finally:
        silence.cancel()
    return decode(bytes(data))


def _piece(stdin: TextIO) -> bytes:
    """Return the available bytes, at least one; empty at the end."""
    return cast("BufferedReader", stdin.buffer).read1(1 << 16)


def _unreadable(error: OSError) -> SettingsError:
    return SettingsError(_("cannot be read: {reason}").format(reason=error.strerror), source="stdin")


def _too_long() -> SettingsError:
    return SettingsError(_("is too long for any model"), source="stdin")

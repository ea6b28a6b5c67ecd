"""The past chat that a command names: a capture file, stdin, or a chat of the history."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from coze_tui.api.captures import Capture, Problem
from coze_tui.cli.startup import notify
from coze_tui.config.startup import Startup
from coze_tui.engine.model.records import ChatFrames, left_out_text
from coze_tui.errors import FileError, SettingsError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.text.system_text import path_from

_SLOW_SECONDS = 1.0
_MOST_PROBLEMS = 5

LAST = "last"
"""The name of the last chat in the history."""


def read_past_chat(startup: Startup, words: Sequence[str]) -> ChatFrames:
    """Return the chat that the words of a command name. A file takes precedence over a chat.

    Prints to stderr what of the chat could not be read.

    Raises:
        SettingsError: there is not exactly one word, or neither a file nor a chat of this name.
        FileError: the file cannot be read, or is not a capture.
        StoreError: the history cannot be read.
    """
    if len(words) != 1:
        if words:
            raise SettingsError(_("is one argument too many: name only one chat"), source=words[1])
        raise SettingsError(
            _("is required: a capture file, a chat from the history, or `-` for stdin"), source="FILE"
        )
    [word] = words
    if word == "-":
        return _from_stdin()
    path = path_from(word)
    if os.path.exists(path) or path.suffix == ".sse":
        from coze_tui.engine.analysis.capture_files import read_capture_file

        with _reported_if_slow(word):
            capture = read_capture_file(path)
        return _from_capture(capture, word)
    found = _from_history(startup, word)
    if found is None:
        raise SettingsError(
            _("is neither a file nor a chat: name a file, a chat ID, a conversation ID, or `last`"),
            source=clean_line(word),
        )
    return found


def chat_name(word: str) -> str:
    """Return how to name in a message the chat that `read_past_chat` finds for this word."""
    return "stdin" if word == "-" else clean_line(word)


def show_capture_problems(name: str, problems: Sequence[Problem]) -> None:
    """Print the first problems of a capture to stderr, and the number of the others."""
    from coze_tui.engine.analysis.capture_files import problem_text

    for problem in problems[:_MOST_PROBLEMS]:
        notify(f"{name}: {problem_text(problem)}")
    if (left := len(problems) - _MOST_PROBLEMS) > 0:
        count = ngettext("{n} more problem like this", "{n} more problems like these", left)
        notify(f"{name}: {count.format(n=thousands(left))}")


def _from_stdin() -> ChatFrames:
    from coze_tui.engine.analysis.capture_files import read_open_capture

    with _reported_if_slow("stdin"):
        capture = read_open_capture(sys.stdin.buffer, "stdin")
    return _from_capture(capture, "stdin")


@contextmanager
def _reported_if_slow(name: str) -> Iterator[None]:
    """Report on a terminal what a slow read waits for: a huge file, or a stdin without a writer."""
    import threading

    notice = threading.Timer(_SLOW_SECONDS, notify, (_("reading {name}…").format(name=clean_line(name)),))
    notice.daemon = True
    if sys.stderr is not None and sys.stderr.isatty():
        notice.start()
    try:
        yield
    finally:
        notice.cancel()


def _from_capture(capture: Capture, name: str) -> ChatFrames:
    from coze_tui.engine.analysis.capture_files import problem_text
    from coze_tui.engine.model.records import chat_from_capture

    if not capture.frames and not capture.facts:
        for problem in capture.problems:
            if problem.reason not in ("empty", "cut"):
                raise FileError("no capture", name, detail=problem_text(problem))
        raise FileError("empty", name)
    show_capture_problems(clean_line(name), capture.problems)
    return chat_from_capture(capture)


def _from_history(startup: Startup, name: str) -> ChatFrames | None:
    import asyncio

    file = startup.paths.database_file
    return asyncio.run(_read_history(startup, name)) if os.path.lexists(file) else None


async def _read_history(startup: Startup, name: str) -> ChatFrames | None:
    from coze_tui.cli.history.call import opened_history
    from coze_tui.engine.library.chats import Inspecting

    async with opened_history(startup) as history:
        if name == LAST:
            last = await history.browsing.last()
            name = last.key if last else ""
        inspecting = Inspecting(history.database)
        key = await inspecting.find(name)
        page = await inspecting.page("", key) if key else None
    if page is not None and page.record.has_lost_frames:
        notify(_("the events of this chat were removed, as set by `retention_days`"))
    if page is not None and page.left_out:
        notify(left_out_text(page.left_out))
    return page

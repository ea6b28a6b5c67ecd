"""Reads capture files as far as possible, saves captures, and describes their problems."""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, assert_never

from coze_tui.api.captures import Capture, Problem, capture_text, read_capture
from coze_tui.api.objects import Limits
from coze_tui.config.secure_files import open_private
from coze_tui.engine.analysis.statistics import day_of
from coze_tui.errors import FileError
from coze_tui.store.records import ChatRecord
from coze_tui.text.format import file_name
from coze_tui.text.i18n import _

_PIECE = 1 << 16


def read_capture_file(path: Path, limits: Limits = Limits()) -> Capture:  # noqa: B008 frozen
    """Return the readable part of a capture file, whatever its content and size.

    Raises:
        FileError: it cannot be opened, or a read fails.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed two lines on
    except OSError as error:
        raise _unreadable(str(path), error) from error
    with file:
        return read_open_capture(file, str(path), limits)


def read_open_capture(file: BinaryIO, name: str, limits: Limits = Limits()) -> Capture:  # noqa: B008 frozen
    """Read an open file or a pipe as `read_capture_file` does.

    Raises:
        FileError: a read fails.
    """
    try:
        return read_capture(_lines(file, limits.line), limits)
    except OSError as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: OSError) -> FileError:
    return FileError("unreadable", name, detail=error.strerror or type(error).__name__)


def _lines(file: BinaryIO, most: int) -> Iterator[str]:
    """Yield the lines; the last one is the start of the first line that is too long."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), translate=True)
    begun: list[str] = []
    length = 0
    while piece := file.read(_PIECE):
        *ends, rest = str(decoder.decode(piece)).split("\n")
        for end in ends:
            yield "".join([*begun, end])
            begun, length = [], 0
        begun.append(rest)
        length += len(rest)
        if length > most:
            yield "".join(begun)
            return
    if last := "".join(begun) + str(decoder.decode(b"", final=True)):
        yield last


def save_capture(path: Path, capture: Capture, *, may_replace: bool = False) -> None:
    """Write a file that only its owner can read; it never contains the token.

    Raises:
        FileError: it cannot be written, or it exists.
    """
    flags = os.O_TRUNC if may_replace else os.O_EXCL
    try:
        with open(open_private(path, flags), "w", encoding="utf-8", newline="\n") as file:
            file.write(capture_text(capture))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError("unwritable", str(path), detail=reason) from error


def capture_name(record: ChatRecord) -> str:
    """Return a file name for the capture of a chat."""
    return file_name(day_of(record.sent_at), record.question or "chat", record.chat_id[-6:], "sse")


def problem_text(problem: Problem) -> str:
    """Return a problem with its line number, as `line 12: …`."""
    return _("line {n}: {reason}").format(n=problem.line, reason=reason_text(problem))


def reason_text(problem: Problem) -> str:
    """Return what is wrong in that line, as part of a sentence."""
    match problem.reason:
        case "empty":
            return _("no events so far")
        case "cut":
            return _("the last event is cut off")
        case "bad fact":
            return _("unreadable coze-tui comment")
        case "bad time":
            return _("invalid arrival time")
        case "bad escape":
            return _("invalid escaped text")
        case "not a field":
            return _("not a line of an event stream")
        case "line too long":
            return _("a line longer than any that Coze sends; stopped reading here")
        case "event too large":
            return _("an event larger than any that Coze sends; stopped reading here")
        case "too large":
            return _("too much to show; stopped reading here")
        case "too many events":
            return _("too many events to show; stopped reading here")
        case _:
            assert_never(problem.reason)

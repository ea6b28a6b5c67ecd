"""The question of a command: from its words, from stdin, or from both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from coze_tui.errors import SettingsError
from coze_tui.text.i18n import _

LONGEST_QUESTION = 4 << 20
"""Bytes taken from stdin; no model takes more."""


def read_question(words: Sequence[str], stdin: TextIO | None, *, command: str) -> str:
    """The question of the arguments, of stdin, or of both joined.

    Raises:
        SettingsError: there is none, or one too long.
    """
    parts = [" ".join(words)]
    if stdin is not None and not stdin.isatty():
        try:
            data = stdin.buffer.read(LONGEST_QUESTION + 1)
        except OSError as error:
            raise SettingsError(str(error.strerror), source="stdin") from error
        if len(data) > LONGEST_QUESTION:
            raise SettingsError(_("is longer than any model takes"), source="stdin")
        parts.append(data.decode("utf-8-sig", "replace").strip("\r\n"))
    question = "\n\n".join(part for part in parts if part.strip())
    if not question:
        raise SettingsError(_("there is no question"), source=command)
    return question

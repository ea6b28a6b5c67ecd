"""The optional debug log: API calls and their results, never a token."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from coze_tui.config.secure_files import open_private
from coze_tui.diagnostics.crash import without_secrets
from coze_tui.text.cleaning import clean_line

_BYTES = 1_000_000


def keep_debug_log(path: Path, environment: Mapping[str, str]) -> None:
    """Write the messages of the program's loggers to a file that only its owner can read, one line each.

    At 1 MB the file is renamed to `….1`, and a new one is started. If a write fails, the log ends silently.

    Raises:
        OSError: the file cannot be created.
    """
    log = logging.getLogger("coze_tui")
    if not log.handlers:
        handler = _PrivateFile(path, maxBytes=_BYTES, backupCount=1)
        handler.setFormatter(_Lines(environment))
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
        log.propagate = False


class _PrivateFile(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        flags = os.O_APPEND if sys.platform == "win32" else os.O_APPEND | os.O_NOFOLLOW
        descriptor = open_private(Path(self.baseFilename), flags)
        return open(descriptor, "a", encoding="utf-8", errors="replace")

    def handleError(self, record: logging.LogRecord) -> None:
        """Ignore a failed write, such as on a full disk: logging would print a traceback on the screen."""


class _Lines(logging.Formatter):
    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(process)d %(name)s %(message)s", "%Y-%m-%d %H:%M:%S")
        self._environment = environment

    def format(self, record: logging.LogRecord) -> str:
        return clean_line(without_secrets(super().format(record), self._environment))

"""Writes crash reports, which contain no local variables and no secrets."""

from __future__ import annotations

import os
import platform
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from coze_tui import __version__
from coze_tui.config.child_environment import TOKEN_VARIABLE
from coze_tui.config.secure_files import make_private_folder
from coze_tui.config.tokens import MASK
from coze_tui.text.cleaning import clean

_TOKENS = re.compile(
    r"\b(pat_|sat_|czu_|czs_|eyJ)[\w.~+/=-]{4,}|(?i:\bbearer\s+)\S+|(?<=//)[^\s/@:]*:[^\s/@]+(?=@)"
)


def without_secrets(text: str, environment: Mapping[str, str]) -> str:
    """Return the text with tokens, passwords in URLs and anything that looks like them masked."""
    token = environment.get(TOKEN_VARIABLE, "").strip()
    if token:
        text = text.replace(token, MASK)
    return _TOKENS.sub(lambda found: (found[1] or "") + MASK, text)


def system_name() -> str:
    """Return the operating system, its release, the machine, and the C library if there is one.

    Does not call `platform.platform`, which starts `uname` with all of our environment.
    """
    parts = [platform.system(), platform.release(), platform.machine(), "".join(platform.libc_ver())]
    return "-".join(part for part in parts if part)


def write_crash_report(folder: Path, error: BaseException, environment: Mapping[str, str]) -> Path:
    """Write the report into the folder; return its path.

    Raises:
        OSError: it cannot be written.
    """
    now = datetime.now(UTC)
    facts = (
        f"coze-tui {__version__}, Python {platform.python_version()}, {system_name()}\n"
        f"{now:%Y-%m-%d %H:%M:%S} UTC, TERM={environment.get('TERM', '')}\n\n"
    )
    trace = "".join(traceback.format_exception(error))
    make_private_folder(folder)
    path = folder / f"crash-{now:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    if sys.platform != "win32":
        flags |= os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(clean(without_secrets(facts + trace, environment)))
    return path

"""Copies text, and reports which ways were used.

Inside tmux the text goes to tmux's buffer (`load-buffer -w`, which also passes it on). Otherwise it is sent
to the terminal by OSC 52, which never answers, and is saved to a private file, which always works.
"""

from __future__ import annotations

import asyncio
import base64
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

OSC_LIMIT = 70_000
"""Bytes of an OSC 52 sequence that all terminals accept; some cut it at about 74 kB."""
_PART = ".copied-"
_LEFT_SECONDS = 3600
_FILE = "copied.txt"


class Way(StrEnum):
    """A way to copy a text."""

    TMUX = "tmux"
    """To tmux's buffer, and to the clipboard of the outer terminal if that allows it."""
    TERMINAL = "terminal"
    """To the terminal's clipboard, which does not report whether it accepts the text."""
    FILE = "file"
    """To a file."""


@dataclass(frozen=True, slots=True)
class Copied:
    """The result of copying a text, without words for the user."""

    ways: tuple[Way, ...]
    """In the order of use; empty if nothing worked."""
    characters: int
    path: Path | None = None
    """The file, if one was written."""
    too_long: bool = False
    """Whether the text is too long for the terminal's clipboard."""
    file_failed: str = ""
    """The reason why no file could be written; empty if there is none."""


async def copy(
    text: str,
    *,
    write: Callable[[str], object] | None,
    folder: Path,
    env: Mapping[str, str],
    tmux: str = "tmux",
    tmux_limit: float = 2.0,
) -> Copied:
    """Copy `text` by the best ways available; never blocks the loop.

    Args:
        text: Already clean.
        write: Sends a control sequence to the terminal; None without a terminal.
        folder: The folder of the file; created privately if missing.
        env: The environment, which says whether this is inside tmux.
        tmux: The command to run.
        tmux_limit: Seconds that tmux may take.
    """
    data = text.encode("utf-8", "replace")
    ways: list[Way] = []
    if env.get("TMUX") and await _load_into_tmux(tmux, data, env, tmux_limit):
        return Copied((Way.TMUX,), len(text))
    sequence = f"\x1b]52;c;{base64.b64encode(data).decode()}\x1b\\"
    too_long = len(sequence) > OSC_LIMIT
    if write is not None and not too_long:
        write(sequence)
        ways.append(Way.TERMINAL)
    # In any case, because OSC 52 has no answer that says whether it worked.
    path, file_failed = await asyncio.to_thread(_written, folder, data)
    if path is not None:
        ways.append(Way.FILE)
    return Copied(tuple(ways), len(text), path, too_long, file_failed)


async def _load_into_tmux(tmux: str, data: bytes, env: Mapping[str, str], limit: float) -> bool:
    """Load tmux's buffer. Return whether tmux has accepted the text in time."""
    try:
        process = await asyncio.create_subprocess_exec(
            tmux,
            "load-buffer",
            "-w",
            "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(env),
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(data), limit)
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode == 0


def _written(folder: Path, data: bytes) -> tuple[Path | None, str]:
    """Write the text to the private file. Return its path, or None and the reason."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob(f"{_PART}*"):  # left behind by a program that was killed
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                left.unlink()
        # A new file first, so that the earlier copy remains if the disk is full.
        number, name = tempfile.mkstemp(prefix=_PART, dir=folder)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
            path = folder / _FILE
            os.replace(name, path)
        except OSError:
            os.unlink(name)
            raise
    except OSError as error:
        return None, error.strerror or type(error).__name__
    return path, ""

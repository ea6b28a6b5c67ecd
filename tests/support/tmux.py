"""The program in a tmux of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from coze_tui.standin.server import StandIn
from tests.support.program import BOT, COMMAND
from tests.support.terminal import Terminal


@contextmanager
def in_tmux(home: Path, stand_in: StandIn) -> Iterator[tuple[Terminal, Callable[..., str]]]:
    """The program in a tmux of its own, and a way to ask that tmux something."""
    env = {
        "COZE_TUI_HOME": str(home),
        "COZE_API_TOKEN": stand_in.token,
        "COZE_API_BASE": stand_in.base_url,
        "COZE_BOT_ID": BOT,
        "HOME": str(home.parent),
    }
    tmux = ["tmux", "-S", str(home.parent / "tmux"), "-f", os.devnull]

    def ask(*command: str) -> str:
        return subprocess.run([*tmux, *command], check=True, capture_output=True, text=True).stdout

    try:
        with Terminal([*tmux, "new-session", str(COMMAND)], size=(120, 30), env=env) as terminal:
            terminal.wait_for(" › ")
            yield terminal, ask
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)

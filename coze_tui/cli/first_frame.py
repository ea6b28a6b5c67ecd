"""The first frame of the screens, painted before their modules are imported and settings are read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from coze_tui.config.folders import REMEMBERED, SETTINGS, find_folders

TYPE_CHECKING = False  # as typing's, which is slow to import
if TYPE_CHECKING:
    from coze_tui.cli.options import Arguments
    from coze_tui.terminal.first_frame import EarlyFrame

SKELETON_COLORS = {
    "coze-dark": ("#11131a", "#171a23", "#d7dae4"),
    "coze-light": ("#fbfbfd", "#f2f3f8", "#262a3b"),
}
"""Background, bars and text of the themes, known before anything of them is imported; a test compares."""
_PROMPT = " › "
_AUTO = "auto"
_LIMIT = 1 << 20


@contextmanager
def first_frame(arguments: Arguments, environment: Mapping[str, str]) -> Iterator[EarlyFrame | None]:
    """Paint the skeleton of the screen, and restore the terminal at the end.

    Yields None if there are no screens: with `--linear`, without a terminal, or if it cannot move its cursor.
    """
    from coze_tui.terminal.kind import can_move_cursor

    if arguments.linear or not can_move_cursor(environment):
        yield None
        return
    from coze_tui.terminal.first_frame import FrameGuard, paint_skeleton

    background, bar, text = SKELETON_COLORS.get(likely_theme(arguments, environment), ("", "", ""))
    rows = [(0, " ●", bar), (-2, _PROMPT, background), (-1, "", bar)]
    prompt: tuple[int, int] | None = (len(_PROMPT), -2)
    if is_first_run(arguments, environment):  # has no prompt
        rows, prompt = [], None
    with FrameGuard() as guard:
        yield guard.restore_later(paint_skeleton(rows, background, text, prompt))


def is_first_run(arguments: Arguments, environment: Mapping[str, str]) -> bool:
    """Return whether nothing names a bot. A settings file is not read: if there is one, it may name a bot."""
    if arguments.command.name != "chat" or environment.get("COZE_BOT_ID") or "bot_id" in arguments.settings():
        return False
    if arguments.conversation or arguments.continues:
        return False
    config, _data, state, _is_temporary = find_folders(environment)
    known = _state(f"{state}/{REMEMBERED}")
    return not (os.path.isfile(f"{config}/{SETTINGS}") or known.get("last_bots") or known.get("projects"))


def likely_theme(arguments: Arguments, environment: Mapping[str, str]) -> str:
    """Return the theme without reading all settings: a wrong guess is visible for a moment only."""
    requested = arguments.theme or environment.get("COZE_TUI_THEME")
    if requested and requested != _AUTO:
        return str(requested)
    config, _data, state, _is_temporary = find_folders(environment)
    chosen, background = _remembered(f"{state}/{REMEMBERED}")
    theme = chosen or _set(f"{config}/{SETTINGS}") or _AUTO
    if theme == _AUTO:
        return "coze-light" if background == "light" else "coze-dark"
    return theme


def _remembered(file: str) -> tuple[str, str]:
    """Return the theme that was chosen in the program and the last background that the terminal reported."""
    state = _state(file)
    chosen = state.get("chosen")
    theme = chosen.get("theme", "") if isinstance(chosen, dict) else ""
    return str(theme), str(state.get("background", ""))


def _state(file: str) -> Mapping[str, object]:
    """Return what the program saved by itself; empty if the file is missing or damaged."""
    try:
        if not (text := _beginning(file)):
            return {}
        import json

        state = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return {}
    return state if isinstance(state, dict) else {}


def _set(file: str) -> str:
    try:
        lines = _beginning(file).splitlines()
    except OSError:
        return ""
    for line in lines:
        name, _equals, value = line.partition("=")
        if name.strip() == "theme":
            return value.strip().strip("\"'")
    return ""


def _beginning(file: str) -> str:
    """Return the start of a plain file, or an empty text for a pipe or device, where reading waits."""
    if not os.path.isfile(file):
        return ""
    with open(file, encoding="utf-8", errors="replace") as opened:
        return opened.read(_LIMIT)

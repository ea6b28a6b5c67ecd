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

GROUNDS = {
    "coze-dark": ("#11131a", "#171a23", "#d7dae4"),
    "coze-light": ("#fbfbfd", "#f2f3f8", "#262a3b"),
}
"""Background, bars and text of the themes, known before anything of them is imported; a test compares."""
_PROMPT = " › "
_DEFAULT = "coze-dark"
_LIMIT = 1 << 20


@contextmanager
def first_frame(arguments: Arguments, environment: Mapping[str, str]) -> Iterator[EarlyFrame | None]:
    """Paint the skeleton of the screen, and restore the terminal at the end; None without a terminal."""
    if arguments.linear:
        yield None
        return
    from coze_tui.terminal.first_frame import paint_skeleton

    paper, bar, ink = GROUNDS.get(likely_theme(arguments, environment), ("", "", ""))
    rows = [(0, " ●", bar), (-2, _PROMPT, paper), (-1, "", bar)]
    with _Ending() as ending:
        frame = ending.frame = paint_skeleton(rows, paper, ink, (len(_PROMPT), -2))
        ending.look()
        try:
            yield frame
        finally:
            if frame is not None:
                frame.restore()


class _Ending:
    """Restores the terminal if a signal ends the program before the app has started."""

    def __enter__(self) -> _Ending:
        import signal

        self.frame: EarlyFrame | None = None
        self._received = 0
        self._is_painted = False
        names = ("SIGTERM", "SIGHUP", "SIGQUIT")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        self._taken = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
        for number in self._taken:
            signal.signal(number, self._receive)
        return self

    def __exit__(self, *error: object) -> None:
        import signal

        for number in self._taken:
            signal.signal(number, signal.SIG_DFL)

    def look(self) -> None:
        """Exit if a signal arrived while the frame was painted."""
        self._is_painted = True
        if self._received:
            self._end()

    def _receive(self, number: int, _frame: object) -> None:
        self._received = number
        if self._is_painted:
            self._end()

    def _end(self) -> None:
        import signal

        if self.frame is not None:
            self.frame.restore()
        signal.signal(self._received, signal.SIG_DFL)
        signal.raise_signal(self._received)


def likely_theme(arguments: Arguments, environment: Mapping[str, str]) -> str:
    """Return the theme without reading all settings: a wrong guess is visible for a moment only."""
    wish = arguments.theme or environment.get("COZE_TUI_THEME")
    if wish:
        return str(wish)
    config, _data, state, _is_temporary = find_folders(environment)
    return _chosen(f"{state}/{REMEMBERED}") or _set(f"{config}/{SETTINGS}") or _DEFAULT


def _chosen(file: str) -> str:
    try:
        if not (text := _beginning(file)):
            return ""
        import json

        return str(json.loads(text)["chosen"]["theme"])
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return ""


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

"""`coze-tui serve`: run the demo's server alone, until Ctrl+C."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Mapping
from io import BytesIO
from types import FrameType

from coze_tui.cli.interrupt import take_ending_signals
from coze_tui.cli.options import Arguments
from coze_tui.cli.past_chats import show_capture_problems
from coze_tui.config.child_environment import TOKEN_VARIABLE
from coze_tui.config.settings import variable_of
from coze_tui.engine.analysis.capture_files import read_open_capture
from coze_tui.errors import SettingsError
from coze_tui.report.console import Console
from coze_tui.standin.demo_bots.bots import demo_bots
from coze_tui.standin.scenarios import Bot, Capture
from coze_tui.standin.server import StandIn
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _, current_language, is_chinese
from coze_tui.text.system_text import path_from

_FIRST_CAPTURE = 7511000000000000801
_MOST_BYTES = 256_000_000
"""Of a capture: more than a chat can have, times included."""


def run_serve(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Start the server, print how to reach it, and wait for a signal.

    Raises:
        SettingsError: the port cannot be used, or a capture cannot be read or is empty.
    """
    # The printed lines lead to the first bot: a capture goes before the demo.
    recorded = [_recorded(number, name) for number, name in enumerate(arguments.capture)]
    bots = [*recorded, *demo_bots(chinese=is_chinese(current_language()))]
    stand_in = StandIn(
        dialect=arguments.dialect,
        port=arguments.port,
        pace=time_factor(arguments.pace),
        bots=bots,
    )
    try:
        stand_in.start()
    except OSError as error:
        raise SettingsError(
            _("cannot be used: {reason}").format(reason=error.strerror),
            source=f"--port {arguments.port or ''}".rstrip(),
        ) from error
    ended = _ended_by_signal()
    try:
        _print_start(stand_in, bots, Console(sys.stdout, environment))
        while not ended.wait(3600):  # without a limit Windows would not see Ctrl+C
            pass
    finally:
        stand_in.stop()
    return 0


def time_factor(pace: float) -> float:
    """Return the factor for the times of the stand-in: 0.5 is twice as fast, 0 is at once."""
    return 1 / pace if pace else 0.0


def _recorded(number: int, name: str) -> Bot:
    path, shown = path_from(name), clean_line(name)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
    except OSError as error:
        raise SettingsError(
            _("cannot be read: {reason}").format(reason=error.strerror), source=f"--capture {shown}"
        ) from error
    capture = read_open_capture(BytesIO(data), name)
    show_capture_problems(shown, capture.problems)
    if not capture.frames:
        raise SettingsError(_("contains no events"), source=f"--capture {shown}")
    question = clean_line(capture.facts.get("question", ""))
    return Bot(
        str(_FIRST_CAPTURE + number),
        clean_line(path.stem),
        [Capture(data)],
        clean_line(path.name),
        suggested_questions=(question,) if question else (),
    )


def _print_start(stand_in: StandIn, bots: list[Bot], console: Console) -> None:
    console.text(f"export {variable_of('base_url')}={shlex.quote(stand_in.base_url)}")
    console.text(f"export {TOKEN_VARIABLE}={shlex.quote(stand_in.token)}")
    console.text(f"export {variable_of('bot_id')}={bots[0].id}")
    console.text()
    console.text(_("bots:"))
    for bot in bots:
        console.text(f"  {bot.id}  {bot.name}")
    console.text()
    console.text(_("Press Ctrl+C to stop."))
    console.flush()


def _ended_by_signal() -> threading.Event:
    """Return an event that Ctrl+C and similar signals set."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    take_ending_signals(end)
    return ended

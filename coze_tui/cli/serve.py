"""`coze-tui serve`: the demo's server alone, until Ctrl+C."""

from __future__ import annotations

import argparse
import shlex
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from coze_tui.cli.commands import Command
from coze_tui.credentials import TOKEN_VARIABLE
from coze_tui.errors import SettingsError
from coze_tui.i18n import _
from coze_tui.settings import variable_of
from coze_tui.standin.bots import Bot, demo_bots
from coze_tui.standin.scenarios import Capture
from coze_tui.standin.server import StandIn

_FIRST_CAPTURE = 7511000000000000801


def run_serve(command: Command, arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Serve, say how to reach it, and wait for the end."""
    bots = [*demo_bots(), *(_recorded(number, name) for number, name in enumerate(arguments.capture))]
    stand_in = StandIn(
        profile=arguments.profile_name or "official",
        port=int(_number("--port", arguments.port, 0, 0, 65535)),
        pace=_number("--pace", arguments.pace, 1, 0, 1000),
        bots=bots,
    )
    try:
        stand_in.start()
    except OSError as error:
        raise SettingsError(
            _("cannot be listened on: {reason}").format(reason=error.strerror), source="--port"
        ) from error
    ended = _ended_by_signal()
    try:
        _tell(stand_in, bots)
        while not ended.wait(3600):  # without a limit Windows would not see Ctrl+C
            pass
    finally:
        stand_in.stop()
    return 0


def _recorded(number: int, name: str) -> Bot:
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise SettingsError(
            _("{file} cannot be read: {reason}").format(file=name, reason=error.strerror), source="--capture"
        ) from error
    return Bot(str(_FIRST_CAPTURE + number), Path(name).stem, [Capture(data)], Path(name).name)


def _number(flag: str, text: str | None, default: float, lowest: float, highest: float) -> float:
    try:
        number = default if text is None else float(text)
    except ValueError:
        number = lowest - 1
    if not lowest <= number <= highest:
        raise SettingsError(
            _("must be a number from {lowest:g} to {highest:g}").format(lowest=lowest, highest=highest),
            source=flag,
        )
    return number


def _tell(stand_in: StandIn, bots: list[Bot]) -> None:
    print(f"export {variable_of('base_url')}={shlex.quote(stand_in.base_url)}")
    print(f"export {TOKEN_VARIABLE}={shlex.quote(stand_in.token)}")
    print(f"export {variable_of('bot_id')}={bots[0].id}")
    print()
    print(_("bots:"))
    for bot in bots:
        print(f"  {bot.id}  {bot.name}")
    print()
    print(_("Ctrl+C ends it."), flush=True)


def _ended_by_signal() -> threading.Event:
    """Is set by Ctrl+C, SIGTERM, or the end of the terminal."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    return ended

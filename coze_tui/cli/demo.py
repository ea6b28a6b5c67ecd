"""`coze-tui demo`: the normal program against a server inside it, with a home that vanishes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING

from coze_tui.cli.chat import run_chat
from coze_tui.cli.commands import Command
from coze_tui.cli.options import Arguments
from coze_tui.cli.start import begin
from coze_tui.config.credentials import TOKEN_VARIABLE
from coze_tui.config.folders import HOME_VARIABLE
from coze_tui.config.settings import PREFIX, variable_of
from coze_tui.standin.demo_bots.bots import demo_bots
from coze_tui.standin.server import StandIn

if TYPE_CHECKING:
    from coze_tui.terminal.first_frame import EarlyFrame


def run_demo(
    command: Command,
    arguments: Arguments,
    environment: Mapping[str, str],
    frame: EarlyFrame | None,
) -> int:
    """Run the app; the person's own settings, token and history are not touched."""
    bots = demo_bots()
    with (
        tempfile.TemporaryDirectory(prefix="coze-tui-demo-", ignore_cleanup_errors=True) as home,
        StandIn(bots=bots) as stand_in,
    ):
        own = {
            HOME_VARIABLE: home,
            TOKEN_VARIABLE: stand_in.token,
            variable_of("base_url"): stand_in.base_url,
            variable_of("bot_id"): bots[0].id,
            variable_of("tools"): json.dumps(_TOOLS),
        }
        rest = {name: value for name, value in environment.items() if not name.startswith("COZE_")}
        looks = {
            name: value
            for name, value in environment.items()
            if name.startswith(PREFIX) and name.removeprefix(PREFIX) in _LOOKS
        }
        return run_chat(begin(command, arguments, {**rest, **looks, **own}), arguments, frame, is_kept=False)


_TOOLS = {"get_local_time": ["date", "+%H:%M"]} if os.name == "posix" else {}
"""What may be run for the bot that asks for tools: one of its two, so that both ways are seen."""

_LOOKS = frozenset(
    {"LANGUAGE", "THEME", "MOUSE", "SIDEBAR", "SIMPLE_EMOJI", "DIFFERENCES", "FRAMES_PER_SECOND", "SEND_KEY"}
)
"""What a person may have set for the terminal, which is the same in the demo."""

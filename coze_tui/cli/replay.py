"""`coze-tui replay`: a chat that is over, played again on the screen. Needs no token and no network."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from coze_tui.cli.commands import Command
from coze_tui.cli.exits import Exit
from coze_tui.cli.option_values import number
from coze_tui.cli.options import Arguments
from coze_tui.cli.past_chats import read_past_chat
from coze_tui.cli.start import begin, notify, show_problems
from coze_tui.text.i18n import _

_LOWEST, _HIGHEST = 0.1, 100.0


def run_replay(command: Command, arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Play the chat until the screen is left; its exit status."""
    from coze_tui.terminal.signals import ExitGuard, missing_terminals, speak_utf8

    start = begin(command, arguments, environment)
    show_problems(start)
    pace = number("--pace", arguments.pace, 1, _LOWEST, _HIGHEST)
    if missing_terminals(sys.__stdin__, sys.__stderr__):
        notify(_("a replay needs a terminal. Without one, use `coze-tui show`."))
        return Exit.USAGE
    past = read_past_chat(start, arguments.words)
    speak_utf8(sys.__stderr__)
    with ExitGuard() as lifeline:
        from coze_tui.cli.chat import AppAccess
        from coze_tui.tui.chat_sources import KeptChat
        from coze_tui.tui.replay_app import ReplayApp

        source = KeptChat(past.frames, past.facts, past.problems)
        app = ReplayApp(start.settings, AppAccess(start), source, pace=pace)
        app.lifeline = lifeline
        app.run(mouse=start.settings.mouse)
    if app.crash is not None:
        raise app.crash
    return lifeline.code or app.return_code or 0

"""`coze-tui` without a command: the screens, wired to the engine and to where tokens are kept."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from coze_tui.cli.commands import COMMANDS
from coze_tui.cli.exits import Exit
from coze_tui.cli.options import Arguments, read_arguments
from coze_tui.cli.start import Start, begin, notify, show_problems
from coze_tui.config.credentials import OAuthPair, Secret
from coze_tui.config.settings import Settings, variable_of
from coze_tui.errors import CozeTuiError
from coze_tui.text.i18n import _

if TYPE_CHECKING:
    from coze_tui.cli.connect import Connection
    from coze_tui.terminal.first_frame import EarlyFrame

_SWITCH_SECONDS = 0.001
"""How long the engine's thread may keep the interpreter when a key has come: a fifth of the default."""


def run_chat(start: Start, arguments: Arguments, frame: EarlyFrame | None, *, is_kept: bool = True) -> int:
    """Run the app until it is left; its exit status.

    Args:
        frame: what is on the screen already.
        is_kept: what is said can be gone on with later; False for the demo.
    """
    if getattr(arguments, "linear", False):
        from coze_tui.cli.linear import run_linear

        return run_linear(start, arguments)
    from coze_tui.terminal.signals import ExitGuard, missing_terminals, speak_utf8

    if missing_terminals(sys.__stdin__, sys.__stderr__):
        show_problems(start)
        notify(_('the screens need a terminal. Without one, use `coze-tui ask "…"`.'))
        return Exit.USAGE
    speak_utf8(sys.__stderr__)
    sys.setswitchinterval(_SWITCH_SECONDS)
    with ExitGuard(frame.modes if frame else None) as lifeline:
        from coze_tui.tui.app import CozeApp
        from coze_tui.tui.context import LaunchTarget

        target = LaunchTarget(
            conversation=getattr(arguments, "conversation", None) or "",
            go_on=bool(getattr(arguments, "continue", False)),
        )
        app = CozeApp(start.settings, AppAccess(start), target=target, problems=start.problems)
        app.lifeline, app.early_frame = lifeline, frame
        app.run(mouse=start.settings.mouse)
        if frame is not None:
            frame.restore()
    if app.crash is not None:
        raise app.crash
    if app.context.wants_demo:
        from coze_tui.cli.demo import run_demo

        demo = COMMANDS["demo"]
        return run_demo(demo, read_arguments(demo, []), start.environment, None)
    if lifeline.code is None and app.context.left_conversation and is_kept:
        key = app.context.left_conversation
        if sys.stdout.isatty():
            speak_utf8(sys.stdout)  # as the screens just did on the same terminal
        print(_("conversation {key} — go on with: coze-tui -s {key}").format(key=key))
    return lifeline.code or app.return_code or 0


class AppAccess:
    """What the screens may do outside of themselves, without knowing where anything is kept."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.paths = start.paths
        self.memory = start.memory
        self.environment = start.environment

    def connect(self, settings: Settings) -> Connection:
        """A client for these settings, with the token of their profile."""
        from coze_tui.cli.connect import Connection

        return Connection(self._start.with_settings(settings))

    def connect_with(self, settings: Settings, token: Secret | OAuthPair) -> Connection:
        """A client with a token that is not kept yet."""
        from coze_tui.cli.connect import Connection

        return Connection(self._start.with_settings(settings), token)

    def has_token(self, settings: Settings) -> bool:
        """Whether there is a token for the profile."""
        try:
            self._start.with_settings(settings).token()
        except CozeTuiError:
            return False
        return True

    def settings_of(self, profile: str) -> Settings:
        """The settings of another profile."""
        environment = dict(self._start.environment)
        for name in ("profile", "base_url", "bot_id"):
            environment.pop(variable_of(name), None)  # the profile's own are meant
        command = COMMANDS["chat"]
        arguments = read_arguments(command, ["--profile", profile])
        return begin(command, arguments, environment).settings

    def keep_token(self, settings: Settings, token: Secret | OAuthPair) -> None:
        """Keep a token that was checked."""
        self._start.credentials.keep(settings.profile, token)
        self._start.memory.use_site(settings.profile, settings.base_url)

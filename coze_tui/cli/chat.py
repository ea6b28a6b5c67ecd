"""`coze-tui` without a command: the screens, wired to the engine and to where tokens are kept."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from coze_tui.cli.start import Start, tell, tell_problems
from coze_tui.credentials import Secret
from coze_tui.errors import CozeTuiError
from coze_tui.i18n import _
from coze_tui.settings import Settings

if TYPE_CHECKING:
    from coze_tui.cli.connect import Connection


def run_chat(start: Start, arguments: argparse.Namespace) -> int:
    """Run the app until it is left; its exit status."""
    stdin, stderr = sys.__stdin__, sys.__stderr__
    if stdin is None or stderr is None or not (stdin.isatty() and stderr.isatty()):
        tell_problems(start)
        tell(_('the screens need a terminal. Without one, use `coze-tui ask "…"`.'))
        return 2
    from coze_tui.tui.app import CozeApp, Wish

    wish = Wish(
        conversation=getattr(arguments, "conversation", None) or "",
        go_on=bool(getattr(arguments, "continue", False)),
        new=bool(getattr(arguments, "new", False)),
    )
    app = CozeApp(start.settings, AppAccess(start), wish=wish, problems=start.problems)
    app.run(mouse=start.settings.mouse)
    if app.left_conversation:
        print(_("conversation {key} — go on with: coze-tui -s {key}").format(key=app.left_conversation))
    return app.return_code or 0


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

        return Connection(replace(self._start, settings=settings))

    def connect_with(self, settings: Settings, token: Secret) -> Connection:
        """A client with a token that is not kept yet."""
        from coze_tui.cli.connect import Connection

        return Connection(replace(self._start, settings=settings), token)

    def has_token(self, settings: Settings) -> bool:
        """Whether there is a token for the profile."""
        try:
            replace(self._start, settings=settings).token()
        except CozeTuiError:
            return False
        return True

    def keep_token(self, settings: Settings, token: Secret) -> None:
        """Keep a token that was checked."""
        self._start.credentials.keep(settings.profile, token)
        self._start.memory.use_site(settings.profile, settings.base_url)

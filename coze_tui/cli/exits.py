"""The exit statuses of the program, and the mapping from errors to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import IntEnum

from coze_tui.text.i18n import N_

TYPE_CHECKING = False  # as typing's, which is slow to import: `--help` comes by here
if TYPE_CHECKING:
    from coze_tui.engine.model.updates import TurnEnded


class Exit(IntEnum):
    """The documented exit statuses."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    AUTH = 3
    API = 4
    CUT = 5
    ACTION = 6
    STOPPED = 130
    PIPE = 141


MEANINGS: Mapping[Exit, str] = {
    Exit.OK: N_("success"),
    Exit.INTERNAL: N_("internal error, or a problem with data saved on this machine"),
    Exit.USAGE: N_("invalid arguments or settings"),
    Exit.AUTH: N_("no token, or Coze rejected it"),
    Exit.API: N_("Coze returned an error, the chat failed, or a bench expectation was not met"),
    Exit.CUT: N_("no connection, timeout, or the answer was cut off"),
    Exit.ACTION: N_("the bot is waiting for a local tool"),
    Exit.STOPPED: N_("stopped by Ctrl+C; 143 by SIGTERM, 129 by SIGHUP, 131 by SIGQUIT"),
    Exit.PIPE: N_("the reader of the output went away (broken pipe)"),
}


def exit_for(error: BaseException) -> Exit:
    """Return the status for an error that ends the program."""
    from coze_tui import errors

    match error:
        case errors.SettingsError() | errors.FileError():
            return Exit.USAGE
        case errors.CredentialsError() | errors.AuthError():
            return Exit.AUTH
        case errors.ApiError():
            return Exit.API
        case errors.TransportError() | errors.ProtocolError():
            return Exit.CUT
        case KeyboardInterrupt():
            return Exit.STOPPED
        case BrokenPipeError():
            return Exit.PIPE
        case _:
            return Exit.INTERNAL


def exit_for_end(ended: TurnEnded) -> Exit:
    """Return the status for the end of a turn."""
    from coze_tui.engine.model.outcomes import Outcome

    match ended.outcome:
        case Outcome.COMPLETED:
            return Exit.OK
        case Outcome.CANCELED:
            return Exit.STOPPED
        case Outcome.REQUIRES_ACTION:
            return Exit.ACTION
        case Outcome.INTERRUPTED:
            return Exit.CUT
        case Outcome.FAILED | Outcome.EXPIRED | Outcome.SERVER_CANCELED:
            return Exit.API if ended.error is None else exit_for(ended.error)


def forget_stdout() -> None:
    """Discard the rest of stdout because its reader is gone, so flushing would block or fail."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        pass

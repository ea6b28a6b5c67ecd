"""`coze-tui logout`: forgets the kept token of a profile."""

from __future__ import annotations

from collections.abc import Mapping

from coze_tui.cli.commands import Command
from coze_tui.cli.options import Arguments
from coze_tui.cli.start import begin, notify, show_problems
from coze_tui.errors import CredentialsError
from coze_tui.text.i18n import _


def run_logout(command: Command, arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Forget it; a token of the environment, a file or a command is not ours to forget."""
    start = begin(command, arguments, environment)
    show_problems(start)
    profile = start.settings.profile
    if start.credentials.forget(profile):
        print(_("The token of the profile {profile} is forgotten.").format(profile=profile))
    else:
        print(_("There is no kept token of the profile {profile}.").format(profile=profile))
    try:
        token = start.token()
    except CredentialsError:
        return 0
    notify(_("{source} still gives a token").format(source=token.source))
    return 0

"""Asking the person before something is done that cannot be taken back. Nobody there to ask is a no."""

from __future__ import annotations

import sys

from coze_tui.errors import SettingsError
from coze_tui.text.i18n import _


def confirm(question: str) -> bool:
    """Whether the person says yes.

    Raises:
        SettingsError: there is nobody at a terminal to be asked.
    """
    if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
        raise SettingsError(
            _("is needed where nobody can be asked: {question}").format(question=question), source="--yes"
        )
    print(question, _("[y/N]"), end=" ", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip().casefold()
    return answer in ("y", "yes", _("y"), _("yes"))

"""The environment for the programs that coze-tui starts, for example an editor, tmux or a tool command."""

from __future__ import annotations

from collections.abc import Mapping

from coze_tui.config.settings import definitions, variable_of

TOKEN_VARIABLE = "COZE_API_TOKEN"


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of the environment without our variables that may contain a secret.

    Every call that starts a program gets its `env` from here (tests/architecture/test_children.py). The
    user's other variables remain, whatever they contain.
    """
    secret = {variable_of(name) for name, each in definitions().items() if each.may_hold_secret}
    secret.add(TOKEN_VARIABLE)
    return {name: value for name, value in environment.items() if name not in secret}

"""Errors explained inside the program: advice names its own commands, where the shell has others."""

from __future__ import annotations

from dataclasses import replace

from coze_tui.diagnostics.explain import explain as explain_in_shell
from coze_tui.diagnostics.sentences import Explanation

_COMMANDS = {
    "`coze-tui login < token.txt`": "/login",
    "`coze-tui login --device`": "/login",
    "`coze-tui login`": "/login",
}
"""A command of the shell, as the texts of all languages write it → the one that does the same here."""


def in_program(text: str) -> str:
    """Return a text that names the program's commands instead of those of the shell."""
    for command, ours in _COMMANDS.items():
        text = text.replace(command, ours)
    return text


def explain(error: BaseException, *, base_url: str) -> Explanation:
    """Return what happened, why, and what to do; see `diagnostics.explain.explain`."""
    found = explain_in_shell(error, base_url=base_url)
    return replace(found, title=in_program(found.title), what=in_program(found.what), do=in_program(found.do))

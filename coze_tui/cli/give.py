"""`coze-tui give`: a past chat as something that another person can run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace

from coze_tui.cli.commands import Command
from coze_tui.cli.options import Arguments
from coze_tui.cli.past_chats import read_past_chat
from coze_tui.cli.start import begin, require_bot, show_problems
from coze_tui.engine.analysis.as_command import Form, given_as, request_from
from coze_tui.errors import SettingsError
from coze_tui.text.i18n import _

_FORMS: Mapping[str, Form] = {"curl": "curl", "python": "python", "ask": "ask"}


def run_give(command: Command, arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print the chat's question in the form that was asked for. A bot or site of the flags wins."""
    start = begin(command, arguments, environment)
    show_problems(start)
    past = read_past_chat(start, arguments.words)
    if not past.facts.question:
        raise SettingsError(_("its question is not known"), source=past.name)
    facts = replace(
        past.facts,
        bot_id="" if arguments.bot else past.facts.bot_id,
        site="" if arguments.base_url else past.facts.site,
    )
    if not facts.bot_id:
        require_bot(start.settings)
    form = _FORMS[getattr(arguments, "as") or "curl"]
    sys.stdout.write(given_as(form, *request_from(facts, start.settings)))
    return 0

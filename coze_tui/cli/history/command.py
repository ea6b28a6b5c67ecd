"""`coze-tui history …`: the conversations on this machine, without a screen.

Nothing needs a network or token but to rename and delete at the server, too, what it has.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coze_tui.cli.commands import Command
from coze_tui.cli.options import Arguments
from coze_tui.cli.past_store import past_store
from coze_tui.cli.start import Start, begin, show_problems
from coze_tui.config.coercion import nearest
from coze_tui.errors import SettingsError
from coze_tui.report.console import Console
from coze_tui.store import history
from coze_tui.store.database import Database
from coze_tui.store.history import SavedConversation
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _

LAST = "last"
"""Names the conversation in which something was last said."""
_CHANGING = frozenset({"import", "rename", "delete", "prune"})


@dataclass(frozen=True, slots=True)
class Call:
    """What one call of the command works with."""

    start: Start
    arguments: Arguments
    database: Database
    paper: Console

    @property
    def words(self) -> Sequence[str]:
        return list(self.arguments.words)


def run_history(command: Command, arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Do what the second word says; `list` without one."""
    start = begin(command, arguments, environment)
    show_problems(start)
    name = command.name.partition(" ")[2] or "list"
    status = asyncio.run(_run(name, start, arguments))
    sys.stdout.flush()
    return status


async def _run(name: str, start: Start, arguments: Arguments) -> int:
    async with past_store(start.paths.database_file, is_to_change=name in _CHANGING) as database:
        return await _do(name, Call(start, arguments, database, Console(sys.stdout, start.environment)))


async def _do(name: str, call: Call) -> int:
    match name:
        case "list":
            from coze_tui.cli.history.listing import list_conversations

            return await list_conversations(call)
        case "search":
            from coze_tui.cli.history.listing import search_conversations

            return await search_conversations(call)
        case "show":
            from coze_tui.cli.history.listing import show_conversation

            return await show_conversation(call)
        case "export":
            from coze_tui.cli.history.files import export_conversations

            return await export_conversations(call)
        case "import":
            from coze_tui.cli.history.files import import_files

            return await import_files(call)
        case "rename":
            from coze_tui.cli.history.changes import rename_conversation

            return await rename_conversation(call)
        case "delete":
            from coze_tui.cli.history.changes import delete_conversations

            return await delete_conversations(call)
        case _:
            from coze_tui.cli.history.changes import prune_history

            return await prune_history(call)


async def conversations_named(call: Call, words: Sequence[str]) -> list[SavedConversation]:
    """The conversations that the words name, each once.

    Raises:
        SettingsError: a word names none or several, or there is no word.
    """
    if not words:
        raise SettingsError(_("which conversation? Give its id"), source="ID")
    found = [await conversation_named(call, word) for word in words]
    return list({saved.key: saved for saved in found}.values())


async def conversation_named(call: Call, word: str) -> SavedConversation:
    """The conversation that a word names: by its id, by Coze's, by how the id begins, or `last`.

    Raises:
        SettingsError: there is none, or there are several.
    """
    database, shown = call.database, clean_line(word)
    if word == LAST:
        last = await database.read(history.last_conversation)
        if last is None:
            raise SettingsError(_("there are no conversations yet"), source=shown)
        return last
    keys = await database.read(lambda c: history.keys_named(c, word))
    if len(keys) > 1:
        raise SettingsError(
            _("several conversations are named so: {ids}").format(ids=", ".join(keys[:5])), source=shown
        )
    saved = await database.read(lambda c: history.conversation(c, keys[0])) if keys else None
    if saved is None:
        known = await database.read(history.listed_keys)
        raise SettingsError(
            _("there is no conversation of this id"), source=shown, suggestion=nearest(word, known)
        )
    return saved

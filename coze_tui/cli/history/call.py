"""One call of a `coze-tui history` command: the opened history, and the conversations that its words name."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from coze_tui.cli.options import Arguments
from coze_tui.cli.start import Start, begin, notify, show_problems
from coze_tui.config.coercion import nearest
from coze_tui.diagnostics.explain import store_warning_text
from coze_tui.errors import SettingsError
from coze_tui.report.console import Console
from coze_tui.store import history
from coze_tui.store.database import Database, open_or_rescue
from coze_tui.store.history import SavedConversation
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _

LAST = "last"
"""Names the conversation that was changed last."""


@dataclass(frozen=True, slots=True)
class Call:
    """The context of one call."""

    start: Start
    arguments: Arguments
    database: Database
    console: Console

    @property
    def words(self) -> Sequence[str]:
        return self.arguments.words


def run(
    work: Callable[[Call], Awaitable[int]],
    arguments: Arguments,
    environment: Mapping[str, str],
    *,
    changes: bool = False,
) -> int:
    """Open the history and run a command on it; return its exit status.

    Args:
        changes: whether the command changes the history; see `open_history`.

    Raises:
        StoreError: the history cannot be read, or cannot be changed.
    """
    start = begin(arguments, environment)
    show_problems(start)

    async def opened() -> int:
        async with open_history(start.paths.database_file, changes=changes) as database:
            return await work(Call(start, arguments, database, Console(sys.stdout, environment)))

    return asyncio.run(opened())


@asynccontextmanager
async def open_history(file: Path, *, changes: bool = False) -> AsyncIterator[Database]:
    """Open the history, or a copy in memory of what can be read of it, and report problems on stderr.

    Args:
        changes: whether a copy in memory does not serve, since the changes would be lost with it.

    Raises:
        StoreError: nothing can be read of the history, or it is to be changed and cannot be.
    """
    opened = await open_or_rescue(file)
    database = opened.database
    try:
        if not database.is_saved and (changes or not await _holds_anything(database, file)):
            await database.close()
            database = await Database.open(file)  # raises what is wrong
        else:
            for trouble in opened.troubles:
                notify(store_warning_text(trouble))
        yield database
    finally:
        await database.close()


async def _holds_anything(database: Database, file: Path) -> bool:
    """Return True if a copy in memory shows the history, be it that there is none yet."""
    is_there = await asyncio.to_thread(os.path.lexists, file)
    return not is_there or await database.read(history.last_conversation) is not None


async def conversations_named(call: Call, words: Sequence[str]) -> list[SavedConversation]:
    """Return the conversations that the words name, each once.

    Raises:
        SettingsError: a word names none or several, or there is no word.
    """
    if not words:
        raise SettingsError(_("which conversation? Give its id"), source="ID")
    found = [await conversation_named(call, word) for word in words]
    return list({saved.key: saved for saved in found}.values())


async def conversation_named(call: Call, word: str) -> SavedConversation:
    """Return the conversation of this ID, the start of one, this Coze conversation ID, or `last`.

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

"""One call of a `coze-tui history` command: the opened history, and the conversations that its words name."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from coze_tui.cli.options import Arguments
from coze_tui.cli.startup import begin, notify, show_error, show_problems
from coze_tui.config.secret_cleaner import SecretCleaner
from coze_tui.config.startup import Startup
from coze_tui.diagnostics.notices import store_warning_text
from coze_tui.engine.library.conversations import SavedConversation
from coze_tui.engine.library.history import OpenHistory, open_history
from coze_tui.errors import SettingsError
from coze_tui.report.console import Console
from coze_tui.text.cleaning import StreamCleaner, clean_line
from coze_tui.text.i18n import _, listed
from coze_tui.text.matching import nearest
from coze_tui.values import valueclass

LAST = "last"
"""The name of the conversation that was changed last."""


@valueclass
class Call:
    """The context of one call."""

    startup: Startup
    arguments: Arguments
    history: OpenHistory
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
        changes: whether the command changes the history; see `opened_history`.

    Raises:
        StoreError: the history cannot be read, or cannot be changed.
    """
    startup = begin(arguments, environment)
    show_problems(startup)

    async def opened() -> int:
        async with opened_history(startup, changes=changes) as history:
            return await work(Call(startup, arguments, history, Console(sys.stdout, environment)))

    return asyncio.run(opened())


@asynccontextmanager
async def opened_history(startup: Startup, *, changes: bool = False) -> AsyncIterator[OpenHistory]:
    """Open the history as `open_history` does, and report its problems on stderr."""

    async def find_cleaner() -> Callable[[], StreamCleaner]:
        token = await asyncio.to_thread(startup.known_token)  # it may be in a keyring that is slow
        return StreamCleaner if token is None else lambda: SecretCleaner(token.reveal)

    file = startup.paths.database_file
    async with open_history(file, find_cleaner, changes=changes) as history:
        for warning in history.warnings:
            notify(store_warning_text(warning))
        if history.unsettled is not None:
            notify(_("the history cannot be updated, so a chat that was cut off is shown from its events:"))
            show_error(history.unsettled)
        yield history


async def conversations_named(call: Call, words: Sequence[str]) -> list[SavedConversation]:
    """Return the conversations that the words name, each once.

    Raises:
        SettingsError: a word names none or several, or there is no word.
    """
    if not words:
        raise SettingsError(_("requires a conversation ID"), source=call.arguments.command.name)
    found = [await conversation_named(call, word) for word in words]
    return list({saved.key: saved for saved in found}.values())


async def conversation_named(call: Call, word: str) -> SavedConversation:
    """Return the conversation of this ID, the start of one, this Coze conversation ID, or `last`.

    Raises:
        SettingsError: there is none, or there are several.
    """
    browsing, shown = call.history.browsing, clean_line(word)
    if word == LAST:
        last = await browsing.last()
        if last is None:
            raise SettingsError(_("matches no conversation, because there are none yet"), source=shown)
        return last
    found = await browsing.named(word)
    if len(found) > 1:
        keys = listed(saved.key for saved in found[:5])
        raise SettingsError(_("is ambiguous; it matches: {ids}").format(ids=keys), source=shown)
    if not found:
        raise SettingsError(
            _("matches no conversation"),
            source=shown,
            suggestion=nearest(word, await browsing.keys()),
        )
    return found[0]

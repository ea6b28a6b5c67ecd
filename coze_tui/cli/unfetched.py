"""Reports answers that `ask` did not receive completely, and finds the chat for `ask --fetch`."""

from __future__ import annotations

import shlex

from coze_tui.cli.options import Arguments
from coze_tui.cli.startup import notify, show_error
from coze_tui.config.startup import Startup
from coze_tui.diagnostics.explain import explain
from coze_tui.engine.model.updates import ChatIdentified, TurnEnded
from coze_tui.errors import CozeTuiError, SettingsError, StillAnswering, StreamCut, is_refused
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _

_REPEATED = ("profile", "base_url")
"""Settings whose options the command to fetch an answer repeats."""


def show_unfetched(ended: TurnEnded, chat: ChatIdentified, arguments: Arguments, base_url: str) -> None:
    """Report why an answer is not whole, the IDs of its chat, and how to fetch it later."""
    _show_reason(ended, is_streamed=not (arguments.no_stream or arguments.fetch), base_url=base_url)
    show_how_to_fetch(chat, arguments, error=ended.error)


def show_how_to_fetch(
    chat: ChatIdentified, arguments: Arguments, *, error: CozeTuiError | None = None
) -> None:
    """Print the IDs of a chat, and the command that fetches its answer unless Coze refuses that."""
    ids = _("conversation {conversation}, chat {chat}")
    notify(clean_line(ids.format(conversation=chat.conversation_id, chat=chat.chat_id)))
    if not is_refused(error):
        text = _("to fetch the answer later, run: {command}")
        notify(clean_line(text.format(command=_command(chat, arguments))))


def _show_reason(ended: TurnEnded, *, is_streamed: bool, base_url: str) -> None:
    match ended.error:
        case None:
            notify(ended.outcome.reason)
        case StreamCut() if is_streamed and not isinstance(ended.error, StillAnswering):
            show_error(ended.error, base_url=base_url)
        case error:
            text = _("the answer cannot be fetched: {reason}")
            if is_streamed:
                text = _("the answer was cut off before its end; the rest cannot be fetched: {reason}")
            notify(text.format(reason=explain(error, base_url=base_url).text))


def _command(chat: ChatIdentified, arguments: Arguments) -> str:
    """Return the command that fetches the answer of a chat, for a POSIX shell."""
    words = ["coze-tui", "ask"]
    for option in arguments.command.options:
        if option.setting in _REPEATED and (value := getattr(arguments, option.dest)):
            words += [option.name, value]
    for name, value in (("--conversation", chat.conversation_id), ("--fetch", chat.chat_id)):
        words += [f"{name}={value}"] if value.startswith("-") else [name, value]
    return shlex.join(words)


async def chat_to_fetch(startup: Startup, chat: str, conversation_id: str, last_asked: str) -> ChatIdentified:
    """Return the IDs of a chat to fetch.

    Args:
        chat: Its Coze chat ID, or a name of a chat in the history.
        conversation_id: Its Coze conversation ID; if empty, the history and the last `ask` are asked for it.
        last_asked: The Coze conversation ID of the last `ask`, or an empty text.

    Raises:
        SettingsError: The conversation of the chat is not known.
    """
    if conversation_id:
        return ChatIdentified(chat, conversation_id, "")
    found = await _in_history(startup, chat)
    if found is not None:
        return found
    if last_asked:
        return ChatIdentified(chat, last_asked, "")
    problem = _("requires --conversation ID, because the conversation of this chat is unknown")
    raise SettingsError(problem, source="--fetch")


async def _in_history(startup: Startup, name: str) -> ChatIdentified | None:
    file = startup.paths.database_file
    if not file.exists():
        return None
    from coze_tui.cli.history.call import opened_history
    from coze_tui.engine.library.chats import Inspecting

    async with opened_history(startup) as history:
        return await Inspecting(history.database).ids(name)

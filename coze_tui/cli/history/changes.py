"""`coze-tui history rename`, `delete` and `prune`.

Renaming and deleting happen here first, and then on the server if it has the conversation. If the server
refuses, the change here stays, and the refusal is reported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from coze_tui.cli.exits import Exit, exit_for
from coze_tui.cli.history.call import Call, conversation_named, conversations_named, run
from coze_tui.cli.history.listing import conversation_values
from coze_tui.cli.options import Arguments, age_in_days
from coze_tui.cli.startup import confirm, notify, show_error
from coze_tui.engine.library.conversations import SavedConversation, now_ms
from coze_tui.engine.library.history import PrunePlan
from coze_tui.engine.session.maintenance import DAY_MS, give_back, prune_conversations, prune_frames
from coze_tui.errors import CozeTuiError, SettingsError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import size, thousands
from coze_tui.text.i18n import _, listed, ngettext

if TYPE_CHECKING:
    from coze_tui.api.client import CozeClient
    from coze_tui.engine.library.server import ServerSide


def run_rename(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Change the title of a conversation, here and on the server."""
    return run(_rename, arguments, environment, changes=True)


async def _rename(call: Call) -> int:
    if len(call.words) < 2 or not " ".join(call.words[1:]).strip():
        raise SettingsError(
            _("requires a conversation ID and a new title"), source=call.arguments.command.name
        )
    saved, title = await conversation_named(call, call.words[0]), " ".join(call.words[1:])
    await call.history.browsing.rename(saved.key, title)
    await _print_changed(call, saved.key)
    return await _rename_on_server(call, saved, clean_line(title).strip())


def run_delete(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Delete conversations here and on the server, or restore them here."""
    return run(_delete, arguments, environment, changes=True)


async def _delete(call: Call) -> int:
    browsing = call.history.browsing
    if call.arguments.undo:
        keys = [await _deleted(call, word) for word in call.words]
        if not keys:
            raise SettingsError(_("requires a conversation ID"), source=call.arguments.command.name)
        await browsing.undelete(keys)
        for key in keys:
            await _print_changed(call, key)
        return Exit.OK
    found = await conversations_named(call, call.words)
    await browsing.delete([saved.key for saved in found])
    for saved in found:
        await _print_changed(call, saved.key)
    notify(_("deleted; `coze-tui history delete --undo ID` restores it here within seven days"))
    return await _delete_on_server(call, found)


async def _deleted(call: Call, word: str) -> str:
    saved = await call.history.browsing.conversation(word)
    if saved is None:
        raise SettingsError(_("matches no conversation"), source=clean_line(word))
    return saved.key


async def _print_changed(call: Call, key: str) -> None:
    saved = await call.history.browsing.conversation(key)
    if saved is None:
        return
    if call.arguments.json:
        values = conversation_values(saved)
        call.console.json({**values, "deleted": bool(saved.deleted_at)})
    else:
        call.console.line((saved.key, "answering"), (f"  {saved.title}", "plain"))


# --- on the server ---


async def _rename_on_server(call: Call, saved: SavedConversation, title: str) -> int:
    """Rename on the server what was renamed here; return the exit status."""
    if not _is_on_server(call, saved):
        return Exit.OK
    async with _server_side(call) as server:
        try:
            await server.rename(saved.key, title)
        except CozeTuiError as error:
            notify(_("Renamed here, but not on the server."))
            show_error(error, base_url=call.startup.settings.base_url)
            return exit_for(error)
    return Exit.OK


async def _delete_on_server(call: Call, deleted: Sequence[SavedConversation]) -> int:
    """Delete on the server what was deleted here; return the status of the first refusal."""
    keys = [saved.key for saved in deleted if _is_on_server(call, saved)]
    if not keys:
        return Exit.OK
    status = Exit.OK
    async with _server_side(call) as server:
        for refusal in await server.delete(keys):
            notify(_("“{title}” was deleted here, but not on the server.").format(title=refusal.title))
            show_error(refusal.error, base_url=call.startup.settings.base_url)
            status = status or exit_for(refusal.error)
    return status


def _is_on_server(call: Call, saved: SavedConversation) -> bool:
    """Return True if the server in use has the conversation; report it if another site has it."""
    if not (saved.on_server and saved.conversation_id):
        return False
    if saved.site == call.startup.settings.site:
        return True
    words = _("“{title}” also exists on {site}, which is not the current site; it was not changed there")
    notify(words.format(title=clean_line(saved.title), site=clean_line(saved.site)))
    return False


@asynccontextmanager
async def _server_side(call: Call) -> AsyncIterator[ServerSide]:
    """Provide the server; the token is read when the first call needs it."""
    from coze_tui.engine.library.server import ServerSide
    from coze_tui.engine.session.site import Connection

    connections: list[Connection] = []
    async with AsyncExitStack() as stack:

        async def client() -> CozeClient:
            if not connections:
                connections.append(Connection(call.startup))
                stack.push_async_callback(connections[0].aclose)
            await connections[0].renew()
            return connections[0].client

        yield ServerSide(call.history.database, client, lambda: call.startup.settings)


# --- prune ---


def run_prune(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Show what would be removed, ask, remove it, and return the space to the system."""
    return run(_prune, arguments, environment, changes=True)


async def _prune(call: Call) -> int:
    arguments = call.arguments
    days = age_in_days(arguments.older_than or "")
    if days is None:
        raise SettingsError(
            _("must be a number of days, weeks or years, such as 90d, 12w or 1y"), source="--older-than"
        )
    before_ms = now_ms() - days * DAY_MS
    plan = await call.history.browsing.prune_plan(before_ms, frames_only=arguments.events_only)
    if not arguments.json:
        call.console.text(_plan_text(plan))
        call.console.flush()
    is_wanted = bool(plan.conversations or plan.recorded_chats) and not arguments.dry_run
    is_done = is_wanted and (arguments.yes or confirm(_("Remove this permanently?")))
    given_back = 0
    if is_done:
        if arguments.events_only:
            await prune_frames(call.history.database, before_ms)
        else:
            await prune_conversations(call.history.database, plan.keys)
        given_back = await give_back(call.history.database)
    if arguments.json:
        call.console.json(
            {
                "conversations": plan.conversations,
                "messages": plan.messages,
                "chats": plan.chats,
                "recorded_chats": plan.recorded_chats,
                "bytes": plan.bytes,
                "ids": plan.keys,
                "done": is_done,
                "given_back_bytes": given_back,
            }
        )
    elif is_done:
        room = _("Freed {size} of disk space.").format(size=size(given_back))
        call.console.text(room if given_back else _("Removed. The space will be reused."))
    elif is_wanted:
        notify(_("nothing was removed"))
    return Exit.OK


def _plan_text(plan: PrunePlan) -> str:
    if not plan.conversations and not plan.recorded_chats:
        return _("Nothing is that old.")
    parts = []
    if plan.conversations:
        parts = [
            ngettext("{n} conversation", "{n} conversations", plan.conversations).format(
                n=thousands(plan.conversations)
            ),
            ngettext("{n} message", "{n} messages", plan.messages).format(n=thousands(plan.messages)),
        ]
    parts.append(
        ngettext("the events of {n} chat", "the events of {n} chats", plan.recorded_chats).format(
            n=thousands(plan.recorded_chats)
        )
    )
    return _("Will remove {things}, about {size}.").format(things=listed(parts), size=size(plan.bytes))

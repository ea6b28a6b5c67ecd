"""What `coze-tui history rename` and `delete` do at the server, where it has the conversation, too.

Done here first, and whatever becomes of it there: what the server was not told is said.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from coze_tui.cli.exits import Exit, exit_for
from coze_tui.cli.history.command import Call
from coze_tui.cli.start import notify, show_error
from coze_tui.errors import CozeTuiError
from coze_tui.store.history import SavedConversation
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _

if TYPE_CHECKING:
    from coze_tui.api.client import CozeClient
    from coze_tui.engine.library.server import ServerSide


async def rename_there(call: Call, saved: SavedConversation, title: str) -> int:
    """Give one that was renamed here the same title there; the status."""
    if not _is_there(call, saved):
        return Exit.OK
    async with _server_side(call) as server:
        try:
            await server.rename(saved.key, title)
        except CozeTuiError as error:
            notify(_("Renamed here; the server was not told."))
            show_error(error, base_url=call.start.settings.base_url)
            return exit_for(error)
    return Exit.OK


async def delete_there(call: Call, deleted: Sequence[SavedConversation]) -> int:
    """Delete there what was deleted here; the status is that of the first that failed."""
    keys = [saved.key for saved in deleted if _is_there(call, saved)]
    if not keys:
        return Exit.OK
    status = Exit.OK
    async with _server_side(call) as server:
        for refusal in await server.delete(keys):
            notify(_("“{title}” was deleted here, not at the server.").format(title=refusal.title))
            show_error(refusal.error, base_url=call.start.settings.base_url)
            status = status or exit_for(refusal.error)
    return status


def _is_there(call: Call, saved: SavedConversation) -> bool:
    """The server has it, as far as is known; says so where that is another one than that in use."""
    if not (saved.on_server and saved.conversation_id):
        return False
    if saved.site == call.start.settings.site:
        return True
    words = _("“{title}” is also on {site}, which was not told: another site is in use")
    notify(words.format(title=clean_line(saved.title), site=clean_line(saved.site)))
    return False


@asynccontextmanager
async def _server_side(call: Call) -> AsyncIterator[ServerSide]:
    """The way to the server; a token is looked for when something is asked of it."""
    from coze_tui.cli.connect import Connection
    from coze_tui.engine.library.server import ServerSide

    connections: list[Connection] = []
    async with AsyncExitStack() as stack:

        async def client() -> CozeClient:
            if not connections:
                connections.append(Connection(call.start))
                stack.push_async_callback(connections[0].aclose)
            await connections[0].renew()
            return connections[0].client

        yield ServerSide(call.database, client, lambda: call.start.settings)

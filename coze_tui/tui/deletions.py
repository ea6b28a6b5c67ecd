"""Deletions in the history: they can be undone, and reach the server when the time to undo is over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.timer import Timer

from coze_tui.errors import ApiError, CozeTuiError
from coze_tui.render.cells import shorten
from coze_tui.text.i18n import _
from coze_tui.tui.history_items import Item
from coze_tui.values import valueclass

if TYPE_CHECKING:
    from coze_tui.engine.library.server import Refusal, ServerConversation
    from coze_tui.tui.context import AppContext

_UNDO_SECONDS = 12.0
"""Seconds before a locally deleted conversation is deleted on the server."""
_LEAVING_SECONDS = 3.0
"""Seconds that the program waits for the server when it exits."""
_TITLE_CELLS = 30


@valueclass
class _Deleted:
    """The conversations of one deletion."""

    ids: tuple[str, ...]
    """IDs of the items."""
    keys: tuple[str, ...]
    """Local IDs of the stored conversations."""
    conversation_ids: frozenset[str]
    """Coze conversation IDs of those that the server has."""
    only_there: tuple[ServerConversation, ...]


class Deletions:
    """Deletes locally at once and on the server later, so that every deletion can be undone."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._undoable: list[_Deleted] = []
        """The latest is the last."""
        self._owed: list[_Deleted] = []
        """Not deleted on the server yet."""
        self._settled_ids: set[str] = set()
        self._timer: Timer | None = None

    @property
    def can_undo(self) -> bool:
        """Return True if there is a deletion to undo."""
        return bool(self._undoable)

    def hides(self, conversation_id: str) -> bool:
        """Return True if a conversation that the server may still list was deleted."""
        if conversation_id in self._settled_ids:
            return True
        return any(conversation_id in deleted.conversation_ids for deleted in self._owed)

    async def delete(self, items: Sequence[Item]) -> None:
        """Delete conversations locally, and on the server after the time to undo."""
        here = [item.summary for item in items if item.summary is not None]
        only_there = tuple(item.server for item in items if item.server is not None)
        keys = tuple(summary.key for summary in here)
        ids = {summary.conversation_id for summary in here if summary.on_server and summary.conversation_id}
        ids |= {conversation.conversation_id for conversation in only_there}
        deleted = _Deleted(tuple(item.id for item in items), keys, frozenset(ids), only_there)
        if keys:
            await self._context.engine_thread.call(lambda engine: engine.browsing.delete(keys))
        self._undoable.append(deleted)
        if ids:
            self._owed.append(deleted)
            if self._timer is not None:
                self._timer.stop()
            self._timer = self._context.app.set_timer(_UNDO_SECONDS, self.delete_on_server)

    async def undo(self) -> str:
        """Undo the latest deletion; return the ID of its first item."""
        deleted = self._undoable.pop()
        if deleted in self._owed:
            self._owed.remove(deleted)
        if deleted.keys:
            await self._context.engine_thread.call(lambda engine: engine.browsing.undelete(deleted.keys))
        return deleted.ids[0]

    def delete_on_server(self) -> None:
        """Delete on the server now. A conversation that is restored later exists only locally."""
        # a worker of the app, not of the screen, which may be about to go
        self._context.app.run_worker(self._delete_on_server(), group="delete", exit_on_error=False)

    async def delete_what_is_owed(self) -> None:
        """Delete on the server what an earlier run could not; if it cannot be reached, the next run tries."""
        engine_thread = self._context.engine_thread
        if keys := await engine_thread.call(lambda engine: engine.server_side.owed()):
            for refusal in await engine_thread.call(lambda engine: engine.server_side.delete(keys)):
                if isinstance(refusal.error, ApiError):
                    self._notify_refusal(refusal)

    async def settle_before_leaving(self) -> None:
        """Delete on the server before the program ends; wait at most three seconds."""
        try:
            await asyncio.wait_for(self._delete_on_server(), _LEAVING_SECONDS)
        except (TimeoutError, CozeTuiError):
            pass  # the screen that could show it is gone; the next run tries again

    async def _delete_on_server(self) -> None:
        owed, self._owed = self._owed, []
        if not owed:
            return
        self._undoable = [deleted for deleted in self._undoable if deleted.keys]
        keys = [key for deleted in owed for key in deleted.keys]
        only_there = [conversation for deleted in owed for conversation in deleted.only_there]
        for deleted in owed:
            self._settled_ids |= deleted.conversation_ids
        refusals = await self._context.engine_thread.call(
            lambda engine: engine.server_side.delete(keys, only_there)
        )
        for refusal in refusals:
            self._notify_refusal(refusal)

    def _notify_refusal(self, refusal: Refusal) -> None:
        title = shorten(refusal.title or _("untitled"), _TITLE_CELLS)
        if refusal.is_gone_here:
            words = _("“{title}” was deleted here, but not on the server.").format(title=title)
        else:
            words = _("“{title}” could not be deleted on the server.").format(title=title)
        self._context.notify_failure(refusal.error, words)

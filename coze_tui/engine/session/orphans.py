"""Closes the orphaned chats of ended programs as soon as the store allows it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from coze_tui.engine.session.maintenance import FindCleaner, close_orphan
from coze_tui.errors import StoreError
from coze_tui.store import journal
from coze_tui.store.database import Database, now_ms


class Orphans:
    """The orphaned chats of a store.

    Args:
        report: called with each refusal of the store.
        find_cleaner: as for `close_orphan`.
    """

    def __init__(
        self, database: Database, report: Callable[[StoreError], None], find_cleaner: FindCleaner
    ) -> None:
        self._database = database
        self._report = report
        self._find_cleaner = find_cleaner
        self._refused: set[int] = set()
        """Keys of the chats whose end the store refused."""
        self._closing: asyncio.Task[None] | None = None

    def __contains__(self, chat_key: object) -> bool:
        return chat_key in self._refused

    async def close(self) -> None:
        """Finish the chats that ended programs left, as cut off; the store may refuse that.

        Raises:
            StoreError: the store cannot be read.
        """
        left = await self._database.run(lambda c: journal.orphaned_chats(c, now_ms()))
        self._refused = {chat.key for chat in left}
        for chat in left:
            try:
                await close_orphan(self._database, chat, self._find_cleaner)
            except StoreError as error:
                self._report(error)
                if error.kind == "locked":  # each further chat would wait as long
                    break
            else:
                self._refused.discard(chat.key)

    def store_works_again(self) -> None:
        """Finish the chats that the store refused, in the background."""
        if self._refused:
            self._closing = asyncio.create_task(self._close_refused(), name="orphans")

    async def _close_refused(self) -> None:
        with contextlib.suppress(StoreError):  # the next start tries again
            await self.close()

    async def aclose(self) -> None:
        """Stop the background task."""
        if self._closing is not None:
            self._closing.cancel()
            await asyncio.gather(self._closing, return_exceptions=True)

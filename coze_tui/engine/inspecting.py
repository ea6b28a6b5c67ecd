"""Looking at chats after the fact: their frames, their like, and figures over many of them."""

from __future__ import annotations

import sqlite3

from coze_tui.engine.statistics import Grouping, Statistics, statistics
from coze_tui.store.database import Database
from coze_tui.store.statistics import chat_figures


class Inspecting:
    """What can be told of stored chats. Every method may raise StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def statistics(
        self,
        by: Grouping = "bot",
        *,
        since_ms: int = 0,
        until_ms: int = 1 << 62,
        site: str = "",
        bot_id: str = "",
        conversation: str = "",
    ) -> Statistics:
        """Chats added up; all of them, or those of a time, a site, a bot, a conversation."""

        def read(c: sqlite3.Connection) -> Statistics:
            chats = chat_figures(
                c,
                since_ms=since_ms,
                until_ms=until_ms,
                site=site,
                bot_id=bot_id,
                conversation=conversation,
            )
            return statistics(chats, by)

        return await self._database.read(read)

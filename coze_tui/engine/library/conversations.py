"""Opens conversations of the history, reads them in pages, and changes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from coze_tui.api.objects import Bot
from coze_tui.engine.model.transcript import ChatTranscript, chat_transcripts
from coze_tui.store import history, journal, prompts
from coze_tui.store.database import Database
from coze_tui.store.database import now_ms as now_ms
from coze_tui.store.edits import SavedEdit as SavedEdit  # re-exported for layers above the engine
from coze_tui.store.edits import clear_sent, edit_of, set_edit

# Re-exported for layers above the engine.
from coze_tui.store.history import SavedConversation as SavedConversation
from coze_tui.store.messages import message as message_by_key
from coze_tui.store.messages import messages
from coze_tui.store.records import SLOT, ChatRecord, SavedMessage
from coze_tui.values import valueclass

_PAGE = 40
"""Messages of one page, rounded up to whole chats."""


@valueclass
class ChatPage:
    """Adjacent chats of a conversation, oldest first."""

    chats: tuple[ChatTranscript, ...]
    first: int
    """Position of the first message, to read the previous page; 0 if there is none."""
    last: int
    has_older: bool
    has_newer: bool
    running: tuple[ChatRecord, ...] = ()
    """The running chats of this part. `chats` contains only those whose rest is being fetched."""
    cleared_at_ms: int = 0
    """When the context was cleared after the last message; 0 if it was not."""


@valueclass
class Opened:
    """A conversation with its last chats."""

    summary: SavedConversation
    page: ChatPage
    last_chat: int
    """Key of its latest chat; 0 if there is none."""
    edit: SavedEdit | None = None
    """The earlier question that is being edited; meanwhile the draft waits."""


def new_key() -> str:
    """Return a key for a new conversation."""
    return history.new_key()


class Conversations:
    """Reads and changes conversations. Every method may raise StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, site: str, bot_id: str, bot_name: str = "", *, key: str = "") -> str:
        """Create an empty conversation, with the given key if any; return its key. Lists omit empty ones."""
        return await self._database.write(
            lambda c: history.create_conversation(c, site, bot_id, now_ms(), bot_name=bot_name, key=key)
        )

    async def summary(self, key: str) -> SavedConversation | None:
        """Return one conversation, even a deleted one; None if it does not exist."""
        return await self._database.run(lambda c: history.conversation(c, key))

    async def open(self, id: str) -> Opened | None:
        """Return a conversation with its last chats; None if it does not exist or is deleted.

        Args:
            id: its key or its Coze conversation ID.
        """

        def read(c: sqlite3.Connection) -> Opened | None:
            key = history.key_by_id(c, id)
            saved = history.conversation(c, key)
            if saved is None:
                return None
            last = journal.last_chat(c, key)
            return Opened(saved, _page(c, saved), last, edit_of(c, key))

        return await self._database.run(read)

    async def page(self, key: str, *, before: int | None = None, after: int | None = None) -> ChatPage:
        """Return the chats next to a position, or else the last ones; `after=0` returns the first ones."""

        def read(c: sqlite3.Connection) -> ChatPage:
            saved = history.conversation(c, key)
            if saved is None:
                return ChatPage((), 0, 0, False, False)
            return _page(c, saved, before=before, after=after)

        return await self._database.read(read)

    async def around(self, key: str, message: int) -> tuple[ChatPage, int]:
        """Return the chats around a message, and its position; the last chats and 0 if it does not exist."""

        def read(c: sqlite3.Connection) -> tuple[ChatPage, int]:
            saved = history.conversation(c, key)
            if saved is None:
                return ChatPage((), 0, 0, False, False), 0
            wanted = message_by_key(c, message)
            if wanted is None or wanted.conversation != key:
                return _page(c, saved), 0
            for before in (_PAGE // 3, 1):  # fewer if the chats before are very long
                rows = list(messages(c, key, before=wanted.position + 1, limit=before))
                start = _whole_start(c, key, rows)[0].position
                page = _page(c, saved, after=start - 1)
                if page.last >= wanted.position:
                    break
            return page, wanted.position

        return await self._database.read(read)

    async def last(self) -> str | None:
        """Return the key of the conversation with the latest message, or None."""
        saved = await self._database.run(history.last_conversation)
        return saved.key if saved else None

    async def keep_draft(
        self, key: str, draft: str, *, site: str, bot: Bot, edit: SavedEdit | None = None
    ) -> None:
        """Save the unsent text; create the conversation if the store does not have it.

        Args:
            edit: the earlier question that is being edited; None if there is none.
        """

        def write(c: sqlite3.Connection) -> None:
            if draft.strip():
                history.create_conversation(c, site, bot.id, now_ms(), bot_name=bot.name, key=key)
            history.set_draft(c, key, draft)
            set_edit(c, key, edit)

        await self._database.write(write)

    async def keep_queue(
        self, key: str, queue: Sequence[str], *, site: str, bot: Bot, added: str = ""
    ) -> None:
        """Save the waiting questions; create the conversation if the store does not have it.

        Args:
            added: one of them, which is no longer the draft.
        """

        def write(c: sqlite3.Connection) -> None:
            if queue:
                history.create_conversation(c, site, bot.id, now_ms(), bot_name=bot.name, key=key)
            history.set_queue(c, key, queue)
            if added:
                clear_sent(c, key, added)

        await self._database.write(write)

    async def prompts(self) -> tuple[str, ...]:
        """Return earlier questions of all conversations, latest first."""
        return await self._database.read(prompts.latest)

    async def name_bot(self, site: str, bot_id: str, bot_name: str) -> None:
        """Set the name of a bot in its conversations."""
        await self._database.write(lambda c: history.set_bot_name(c, site, bot_id, bot_name))

    async def adopt(self, key: str, *, site: str, bot: Bot) -> None:
        """Assign a bot to a conversation that was started without one; do nothing if it has a bot."""
        await self._database.write(
            lambda c: history.adopt(c, key, site=site, bot_id=bot.id, bot_name=bot.name)
        )

    async def unbind(self, key: str) -> None:
        """Clear the Coze conversation ID, so that the next chat starts a new one (docs/wire.md 7.3)."""
        await self._database.write(lambda c: history.set_conversation_id(c, key, ""))


def _page(
    c: sqlite3.Connection, saved: SavedConversation, *, before: int | None = None, after: int | None = None
) -> ChatPage:
    rows = list(messages(c, saved.key, before=before, after=after, limit=_PAGE))
    if not rows:
        return ChatPage((), 0, 0, False, False)
    rows = _whole_start(c, saved.key, rows) if after is None else _whole_end(c, saved.key, rows)
    chats = [
        chat for key in dict.fromkeys(row.chat for row in rows) if key and (chat := journal.chat(c, key))
    ]
    running = {chat.key: chat for chat in chats if not chat.is_final}
    first, last = rows[0].position, rows[-1].position
    # The program that runs such a chat shows it itself while it grows.
    hidden = {key for key, chat in running.items() if chat.status != journal.INTERRUPTED}
    shown = [row for row in rows if row.chat not in hidden]
    sections = history.sections(c, saved.key)
    starts = [section.position for section in sections]
    # Asked of the store, because completing the page may have taken the last messages.
    has_newer = bool(messages(c, saved.key, after=last, limit=1))
    is_cleared = bool(sections) and starts[-1] > last and not has_newer
    return ChatPage(
        chat_transcripts(
            shown, chats, bot_name=saved.bot_name or saved.bot_id, site=saved.site, section_starts=starts
        ),
        first,
        last,
        has_older=bool(messages(c, saved.key, before=first, limit=1)),
        has_newer=has_newer,
        running=tuple(running.values()),
        cleared_at_ms=sections[-1].started_at if is_cleared else 0,
    )


def _whole_start(c: sqlite3.Connection, key: str, rows: list[SavedMessage]) -> list[SavedMessage]:
    """Return the rows, completed with the start of their first chat."""
    while rows[0].chat and rows[0].position % SLOT:
        more = messages(c, key, before=rows[0].position, limit=_PAGE)
        missing = [row for row in more if row.chat == rows[0].chat]
        if not missing:
            break
        rows = [*missing, *rows]
    return rows


def _whole_end(c: sqlite3.Connection, key: str, rows: list[SavedMessage]) -> list[SavedMessage]:
    """Return the rows, completed with the end of their last chat."""
    while rows[-1].chat:
        more = messages(c, key, after=rows[-1].position, limit=_PAGE)
        missing = [row for row in more if row.chat == rows[-1].chat]
        if not missing:
            break
        rows = [*rows, *missing]
    return rows

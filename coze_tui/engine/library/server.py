"""Lists, imports, renames and deletes conversations on the server.

See docs/wire.md 4.6, 4.7.

Every change is made locally first. If the server refuses it, the user sees the error; the local change is
never undone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from coze_tui.api import resources
from coze_tui.api.client import CozeClient
from coze_tui.api.events import MessageCompleted
from coze_tui.api.objects import Conversation, Frame, Message, MessageType, Role
from coze_tui.config.settings import Settings
from coze_tui.engine.model.contents import shown_text
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.transcript import ChatTranscript, chat_transcripts
from coze_tui.engine.session.recorder import messages_of
from coze_tui.errors import ApiError, CozeTuiError, NotFoundError
from coze_tui.store import history
from coze_tui.store.database import Database, now_ms
from coze_tui.store.history import SavedConversation
from coze_tui.store.messages import ServerMessage, add_missing
from coze_tui.store.records import SavedMessage
from coze_tui.text.cleaning import clean, clean_line, title_of
from coze_tui.values import valueclass

_MOST_PAGES = 200
"""Pages of messages in one conversation, ten thousand messages in all."""
_UNDO_MS = 60_000
"""No program delays a deletion longer than this to allow an undo."""
_LATEST = 253_370_764_800
"""The year 9999."""


@valueclass
class ServerConversation:
    """A conversation as the server lists it."""

    conversation_id: str
    bot_id: str
    name: str
    """Clean, on one line; may be empty."""
    section_id: str
    created_at_ms: int
    updated_at_ms: int
    """Equal to `created_at_ms` if the server does not send it."""
    key: str
    """Key of the local conversation that is bound to it; empty if there is none."""


@valueclass
class ServerPage:
    """One page of the server's list."""

    items: tuple[ServerConversation, ...]
    has_more: bool


@valueclass
class ImportResult:
    """The result of an import."""

    key: str
    is_new: bool
    """It was only on the server."""
    added: int
    """Number of new messages."""


@valueclass
class Refusal:
    """A request that the server refused, or that did not reach the server."""

    title: str
    error: CozeTuiError
    is_gone_here: bool = True
    """The local change was made nevertheless."""


class ServerSide:
    """The conversations on the site in use. Methods raise errors of the API, or StoreError.

    Args:
        client: returns the client with a fresh token.
        settings: returns the settings in use.
    """

    def __init__(
        self,
        database: Database,
        client: Callable[[], Awaitable[CozeClient]],
        settings: Callable[[], Settings],
    ) -> None:
        self._database = database
        self._client = client
        self._settings = settings

    # --- listing ---

    async def page(self, bot_id: str, number: int = 1) -> ServerPage:
        """Return a page of this account's conversations with a bot, newest first; pages count from 1."""
        site, connector_id = self._settings().site, self._settings().connector_id
        listed = await resources.list_conversations(
            await self._client(), bot_id, number, connector_id=connector_id
        )

        def join(c: sqlite3.Connection) -> tuple[ServerConversation, ...]:
            return tuple(
                _server_conversation(item, bot_id, history.find_by_conversation_id(c, site, bot_id, item.id))
                for item in listed.items
            )

        return ServerPage(await self._database.read(join), listed.has_more)

    async def note(self, bot_id: str, ids: Collection[str]) -> None:
        """Record which local conversations the server has, given the IDs of its whole list."""
        site = self._settings().site

        def write(c: sqlite3.Connection) -> None:
            for saved in history.conversations(c, site=site, bot_id=bot_id, limit=-1):
                is_there = saved.conversation_id in ids
                if saved.conversation_id and saved.on_server != is_there:
                    history.set_on_server(c, saved.key, is_there)

        await self._database.write(write)

    async def preview(self, conversation_id: str, bot_name: str) -> tuple[ChatTranscript, ...]:
        """Return the last chats of a conversation on the server; store nothing."""
        listed = await resources.list_conversation_messages(await self._client(), conversation_id)
        found = [item.message for item in _listed(listed.items)]
        # They are not stored, so they have no positions yet.
        numbered = [replace(message, position=place) for place, message in enumerate(found, 1)]
        return chat_transcripts(numbered, (), bot_name=bot_name, site=self._settings().site)

    # --- importing ---

    async def take(self, conversation: ServerConversation, bot_name: str = "") -> ImportResult:
        """Import a conversation with all its messages, or add those that the local one lacks."""
        listed = await self._messages(conversation.conversation_id)
        site = self._settings().site

        def write(c: sqlite3.Connection) -> ImportResult:
            known = history.find_by_conversation_id(
                c, site, conversation.bot_id, conversation.conversation_id
            )
            title = conversation.name or _title_from(listed)
            if known is None:
                key = history.create_conversation(
                    c,
                    site,
                    conversation.bot_id,
                    conversation.created_at_ms or now_ms(),
                    bot_name=bot_name,
                    title=title,
                    conversation_id=conversation.conversation_id,
                    section_id=conversation.section_id,
                    on_server=True,
                )
            else:
                key = known.key
                # The name on the server replaces an automatic title, never one of the user's (`by_user`).
                if title and (conversation.name or not known.title):
                    history.rename(c, key, title, by_user=False)
                history.set_on_server(c, key, True)
            return ImportResult(key, known is None, add_missing(c, key, listed))

        return await self._database.write(write)

    async def _messages(self, conversation_id: str) -> tuple[ServerMessage, ...]:
        """Return all messages that the server has of a conversation, oldest first."""
        client = await self._client()
        found: list[Message] = []
        cursor = ""
        for _page in range(_MOST_PAGES):
            page = await resources.list_conversation_messages(client, conversation_id, cursor)
            found += page.items
            cursor = page.next_cursor
            if not page.has_more:
                break
        return _listed(found)

    # --- changing ---

    async def rename(self, key: str, title: str) -> bool:
        """Rename a conversation on the server; return False if the server does not have it."""
        saved = await self._at_server(key)
        if saved is None or not title:
            return False
        try:
            await resources.rename_conversation(await self._client(), saved.conversation_id, title)
        # It was deleted on the server meanwhile.
        except NotFoundError:
            await self._database.write(lambda c: history.set_on_server(c, key, False))
            return False
        return True

    async def rename_there(self, conversation: ServerConversation, title: str) -> None:
        """Rename a conversation that is only on the server."""
        await resources.rename_conversation(await self._client(), conversation.conversation_id, title)

    async def delete(
        self, keys: Sequence[str], only_there: Sequence[ServerConversation] = ()
    ) -> tuple[Refusal, ...]:
        """Delete conversations on the server: those with these local keys, and some that are only there.

        The local ones remain but are no longer bound to the server: if restored, they are only local.

        Returns:
            The requests that were refused or did not arrive; `owed` returns the latter.
        """
        refusals = []
        for key in keys:
            saved = await self._at_server(key)
            if saved is None:
                continue
            try:
                await self._delete_there(saved.conversation_id)
            except CozeTuiError as error:
                # A refusal is final, but a request that failed on the way is repeated later (`owed`).
                if isinstance(error, ApiError) and saved.deleted_at:
                    await self._database.write(partial(history.set_on_server, key=key, on_server=False))
                refusals.append(Refusal(clean_line(saved.title), error))
                continue
            # Unbound: the next chat in it must not use the deleted conversation.
            await self._database.write(partial(history.set_conversation_id, key=key, conversation_id=""))
        for conversation in only_there:
            try:
                await self._delete_there(conversation.conversation_id)
            except CozeTuiError as error:
                refusals.append(Refusal(conversation.name, error, is_gone_here=False))
        return tuple(refusals)

    async def owed(self) -> tuple[str, ...]:
        """Return the keys of conversations deleted locally but, because of a failure, not on the server."""
        site, before = self._settings().site, now_ms() - _UNDO_MS
        return await self._database.read(lambda c: history.deleted_on_server(c, site, before))

    async def _delete_there(self, conversation_id: str) -> None:
        try:
            await resources.delete_conversation(await self._client(), conversation_id)
        except NotFoundError:
            pass  # already deleted: that is the goal

    async def _at_server(self, key: str) -> SavedConversation | None:
        """Return the conversation if the site in use has it, else None."""
        saved = await self._database.run(lambda c: history.conversation(c, key))
        if saved is None or not (saved.on_server and saved.conversation_id):
            return None
        return saved if saved.site == self._settings().site else None


def bound(summary: SavedConversation) -> ServerConversation | None:
    """Return a local conversation as the server lists it; None if the server does not have it."""
    if not (summary.on_server and summary.conversation_id):
        return None
    return ServerConversation(
        summary.conversation_id, summary.bot_id, "", summary.section_id, 0, 0, summary.key
    )


def _server_conversation(
    item: Conversation, bot_id: str, saved: SavedConversation | None
) -> ServerConversation:
    created = _ms(item.created_at)
    return ServerConversation(
        conversation_id=item.id,
        bot_id=bot_id,
        name=clean_line(item.name).strip(),
        section_id=item.last_section_id,
        created_at_ms=created,
        updated_at_ms=_ms(item.updated_at) or created,
        key=saved.key if saved else "",
    )


def _listed(newest_first: Sequence[Message]) -> tuple[ServerMessage, ...]:
    """Return the messages that can be stored, oldest first."""
    return tuple(
        ServerMessage(saved, message.chat_id, message.section_id)
        for message in reversed(newest_first)
        if (saved := _saved(message)) is not None
    )


def _saved(message: Message) -> SavedMessage | None:
    """Return a message in its stored form, read as in a stream, so that both look the same."""
    at_ms = _ms(message.created_at)
    if message.role is Role.USER or message.type is MessageType.QUESTION:
        text = clean(shown_text(message))
        return SavedMessage("user", "question", text, message_id=message.id, created_at=at_ms)
    # The state machine reads cards and tool calls as it does in a stream.
    state = TurnState()
    state.apply(MessageCompleted(Frame("conversation.message.completed", ""), message))
    found = messages_of(state, at_ms)
    return replace(found[0], message_id=message.id, created_at=at_ms) if found else None


def _ms(seconds: int) -> int:
    """Return Unix seconds as milliseconds, limited to the year 9999."""
    return max(0, min(_LATEST, seconds)) * 1000


def _title_from(listed: Sequence[ServerMessage]) -> str:
    return title_of(next((item.message.content for item in listed if item.message.type == "question"), ""))

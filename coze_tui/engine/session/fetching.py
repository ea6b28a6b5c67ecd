"""Asks for a chat whose events do not arrive: without a stream, after a cut, or after a long silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from coze_tui.api import chats
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Chat, ChatStatus, Message
from coze_tui.engine.model.state import TurnState
from coze_tui.errors import CozeTuiError, ProtocolError, StillAnswering, may_pass

Fetched = tuple[str, object]
"""A fetched part of a chat: the name of the event that would contain it, and its data."""
_LONGEST_POLL_SECONDS = 15.0
"""The pause between two requests for a chat doubles up to this."""
_MOST_UNREADABLE = 3
"""Number of unreadable replies in a row after which the server is considered unable to answer."""


class ChatFetcher:
    """Fetches the end of one chat and the messages that its stream lacks (docs/wire.md 2.3, 7.4).

    Args:
        state: the chat so far, with its IDs. It is not changed.
        stopped: set when the user stops the turn; every wait then ends.
        running_seconds: how long to wait for the end while Coze reports that the chat is in progress.
        poll_seconds: the first pause between two requests.
        failing_seconds: how long to ask if no request succeeds.
    """

    def __init__(
        self,
        client: CozeClient,
        state: TurnState,
        *,
        stopped: asyncio.Event,
        running_seconds: float,
        poll_seconds: float,
        failing_seconds: float,
        clock: Callable[[], float],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._client = client
        self._state = state
        self._stopped = stopped
        self._running_seconds = running_seconds
        self._poll_seconds = poll_seconds
        self._failing_seconds = failing_seconds
        self._clock = clock
        self._pause = pause

    async def chats(self, *, slows_down: bool) -> AsyncGenerator[Chat, None]:
        """Yield Coze's state of the chat repeatedly until it is final or the turn is stopped.

        Args:
            slows_down: each pause between two requests is twice as long as the previous one, up to 15 s.

        Raises:
            StillAnswering: the chat does not end in time.
            CozeTuiError: a request is refused permanently, or none succeeds in time.
        """
        pause, began = self._poll_seconds, self._clock()
        while (chat := await self._retrieve()) is not None:
            yield chat
            if chat.status.is_final:
                return
            left = began + self._running_seconds - self._clock()
            if left <= 0:
                raise StillAnswering(self._running_seconds)
            await self._wait(min(pause, left))
            pause = min(2 * pause, _LONGEST_POLL_SECONDS) if slows_down else pause

    async def rest_if_over(self) -> list[Fetched]:
        """Return `missing` if the chat is final; empty if it is not, or if this request fails."""
        try:
            chat = await chats.retrieve(self._client, self._state.conversation_id, self._state.chat_id)
            return await self.missing(chat) if chat.status.is_final else []
        except CozeTuiError:
            return []

    async def missing(self, chat: Chat) -> list[Fetched]:
        """Return the messages of a final chat that its stream lacks, and its end.

        Raises:
            CozeTuiError: the messages cannot be fetched.
        """
        messages: tuple[Message, ...] = ()
        if chat.status is not ChatStatus.CANCELED:
            messages = await chats.list_messages(self._client, chat.conversation_id, chat.id)
        return [
            *(
                ("conversation.message.completed", message.raw)
                for message in _in_order(messages)
                # The stream has already delivered these.
                if message.id not in self._state.completed_ids
            ),
            # The final event comes last, as in a stream.
            (f"conversation.chat.{chat.status}", chat.raw),
        ]

    async def _retrieve(self) -> Chat | None:
        """Return the chat, repeating failed requests that may succeed later; None if the turn is stopped."""
        pause, unreadable = self._poll_seconds, 0
        deadline = self._clock() + self._failing_seconds
        while not self._stopped.is_set():
            try:
                return await chats.retrieve(self._client, self._state.conversation_id, self._state.chat_id)
            except CozeTuiError as error:
                unreadable = unreadable + 1 if isinstance(error, ProtocolError) else 0
                if unreadable == _MOST_UNREADABLE or not may_pass(error) or self._clock() >= deadline:
                    raise
            await self._wait(pause)
            pause = min(2 * pause, _LONGEST_POLL_SECONDS)
        return None

    async def _wait(self, seconds: float) -> None:
        """Pause, but only until the user stops the turn."""
        pausing = asyncio.ensure_future(self._pause(seconds))
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait((pausing, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pausing.cancel()
            stopped.cancel()


# For messages of the same second, which is the unit of `created_at`.
_ORDER = {"function_call": 0, "tool_response": 1, "tool_output": 1, "knowledge": 1, "answer": 2, "verbose": 3}


def _in_order(messages: Sequence[Message]) -> list[Message]:
    """Sort messages by time, then by the order of their types in a chat; the server sends them in any order.

    See docs/wire.md 4.2.
    """
    return sorted(messages, key=lambda message: (message.created_at, _ORDER.get(str(message.type), 4)))

"""The frames of one chat for the screens: from the store, from a running turn, or from a file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from coze_tui.api.captures import Problem
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.records import ChatFrames
from coze_tui.engine.thread import EngineThread

if TYPE_CHECKING:
    pass

_CHUNK = 100
"""Frames that are added without a pause; they take some milliseconds."""


class ChatSource:
    """One chat, whose frames a screen reads."""

    def __init__(
        self,
        read: Callable[[int, int], Awaitable[ChatFrames | None]],
        chat: int = 0,
        problems: Sequence[Problem] = (),
    ) -> None:
        """Create a source; reads nothing yet.

        Args:
            read: Returns the frames of the chat with a key after a number of them; None if it is gone.
            chat: Its key in the store; 0 if it is not there, or its key is not known yet.
            problems: Places of its capture that could not be read.
        """
        self.chat = chat
        self.problems = tuple(problems)
        self._read = read

    @classmethod
    def stored(cls, engine_thread: EngineThread, conversation: str, chat: int = 0) -> ChatSource:
        """Return the source of a stored chat; without a key of the last one of its conversation."""

        async def read(chat: int, after: int) -> ChatFrames | None:
            return await engine_thread.call(lambda engine: engine.inspecting.page(conversation, chat, after))

        return cls(read, chat)

    @classmethod
    def whole(cls, chat: ChatFrames) -> ChatSource:
        """Return the source of a chat with all of its frames, for example from a file."""

        async def read(_key: int, after: int) -> ChatFrames | None:
            return ChatFrames(chat.record, chat.frames[after:])

        return cls(read, problems=chat.problems)

    async def page(self, after: int) -> ChatFrames | None:
        """Return the frames after the first `after`; None if the chat is gone. May raise StoreError."""
        page = await self._read(self.chat, after)
        if page is not None:
            self.chat = page.record.key
        return page


async def take_in(
    chat: InspectedChat, frames: Sequence[Frame], taken: Callable[[], None] = lambda: None
) -> None:
    """Add frames to a chat without delaying keys; call `taken` after each chunk."""
    for start in range(0, len(frames), _CHUNK):
        chat.add(frames[start : start + _CHUNK])
        taken()
        await asyncio.sleep(0)


async def whole_chat(page: ChatFrames) -> InspectedChat:
    """Return a finished chat with the frames of a page, which contains all of them."""
    chat = InspectedChat(page.record)
    await take_in(chat, page.frames)
    chat.end(page.record)
    return chat

"""Where the screens get the frames of a chat from: the store, a turn that runs, a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from coze_tui.api.captures import Problem
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.library.chats import FramesPage
from coze_tui.engine.model.chat_facts import ChatFacts
from coze_tui.engine.session.thread import EngineThread

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine

_CHUNK = 100
"""Frames that are taken in in one go: some milliseconds."""


class ChatSource(Protocol):
    """One chat."""

    chat: int
    """Its key in the store; 0 where it is not there, or that is not known yet."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be read."""

    async def page(self, after: int) -> FramesPage | None:
        """The frames behind the first `after`; None where there is no such chat. May raise StoreError."""


class StoredChat:
    """A chat of the store, also one that runs now.

    Args:
        chat: its key; 0 for the last one of the conversation.
    """

    problems: tuple[Problem, ...] = ()

    def __init__(self, engine_thread: EngineThread[Engine], conversation: str, chat: int = 0) -> None:
        self.chat = chat
        self._engine_thread = engine_thread
        self._conversation = conversation

    async def page(self, after: int) -> FramesPage | None:
        """The frames from here on."""
        conversation, chat = self._conversation, self.chat
        page = await self._engine_thread.call(
            lambda engine: engine.inspecting.page(conversation, chat, after)
        )
        if page is not None:
            self.chat = page.chat
        return page


async def take_in(
    chat: InspectedChat, frames: Sequence[Frame], taken: Callable[[], None] = lambda: None
) -> None:
    """Let a chat take in frames without holding up the keys; `taken` is called after each few of them."""
    for start in range(0, len(frames), _CHUNK):
        chat.add(frames[start : start + _CHUNK])
        taken()
        await asyncio.sleep(0)


async def whole_chat(page: FramesPage) -> InspectedChat:
    """A chat that is over, with all of its frames taken in."""
    chat = InspectedChat(page.facts)
    await take_in(chat, page.frames)
    chat.end(page.facts)
    return chat


class KeptChat:
    """A chat that is wholly known: from a file, for instance."""

    chat = 0

    def __init__(self, frames: Sequence[Frame], facts: ChatFacts, problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        self._frames = tuple(frames)
        self._facts = facts

    async def page(self, after: int) -> FramesPage | None:
        """All there is."""
        return FramesPage(0, self._facts, self._frames[after:], True)

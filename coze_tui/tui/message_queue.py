"""The questions that wait in the open conversation: shown above the prompt, and kept in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coze_tui.api.objects import Bot
from coze_tui.tui.widgets.prompt.area import QueueStrip
from coze_tui.tui.widgets.prompt.prompt import Prompt

if TYPE_CHECKING:
    from coze_tui.engine.thread import EngineThread


class MessageQueue:
    """What is to be sent when the running answer ends, or when the person asks for it, in this order."""

    def __init__(self, engine_thread: EngineThread, strip: QueueStrip, prompt: Prompt) -> None:
        self._engine_thread = engine_thread
        self._strip = strip
        self._prompt = prompt
        self._waiting: tuple[str, ...] = ()

    @property
    def waiting(self) -> tuple[str, ...]:
        """The questions, the next one first."""
        return self._waiting

    def show(self, waiting: Sequence[str]) -> None:
        """These wait from now on."""
        self._waiting = tuple(waiting)
        self._strip.show(self._waiting)
        self._prompt.has_queue = bool(self._waiting)

    def add(self, question: str) -> None:
        """One more waits."""
        self.show((*self._waiting, question))

    def take_next(self) -> str:
        """The one whose turn it is."""
        question, *rest = self._waiting
        self.show(rest)
        return question

    def take_last(self) -> str:
        """The one that was added last."""
        *rest, question = self._waiting
        self.show(rest)
        return question

    async def keep(self, key: str, bot: Bot, waiting: Sequence[str]) -> None:
        """Save what waits with its conversation.

        Raises:
            StoreError: the store cannot be written to.
        """
        await self._engine_thread.call(
            lambda engine: engine.conversations.keep_queue(key, waiting, site=engine.settings.site, bot=bot)
        )

    async def taken_from_store(self, key: str) -> tuple[str, tuple[str, ...]]:
        """The next one that the store has, which no other program gets then; and the rest.

        Raises:
            StoreError: the store cannot be written to.
        """
        return await self._engine_thread.call(lambda engine: engine.conversations.take_queued(key))

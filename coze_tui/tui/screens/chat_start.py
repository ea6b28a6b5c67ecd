"""The start of the chat screen after its first frame: opens the store, a conversation and the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from coze_tui.errors import StoreError
from coze_tui.text.i18n import _
from coze_tui.tui.screens.bot_setup import BotSetup
from coze_tui.tui.screens.conversation import ChatWidgets, OpenConversation
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.screens.left_chats import LeftChats
from coze_tui.tui.screens.opening import ConversationOpener
from coze_tui.tui.screens.turn_control import TurnControl

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine

_PATIENCE_SECONDS = 1.5
"""Seconds after which the banner says that the store is not open yet."""
_LOOK_SECONDS = 1.5
"""Seconds between two tries to open a store that another program has locked."""


class ChatStart:
    """Opens the conversation that the user wants to see first, and learns its bot or offers the first run.

    Args:
        on_ready: Called when the screen can be used; not if the first run is offered instead.
    """

    def __init__(
        self,
        screen: CozeScreen[None],
        widgets: ChatWidgets,
        conversation: OpenConversation,
        turns: TurnControl,
        opener: ConversationOpener,
        bots: BotSetup,
        left_chats: LeftChats,
        on_ready: Callable[[], object],
    ) -> None:
        self._screen = screen
        self._widgets = widgets
        self._conversation = conversation
        self._turns = turns
        self._opener = opener
        self._bots = bots
        self._left_chats = left_chats
        self._on_ready = on_ready

    async def run(self) -> None:
        """Open everything. Call it in a worker, after the first frame."""
        context, engine_thread = self._screen.context, self._screen.context.engine_thread
        conversation, banner = self._conversation, self._widgets.banner
        late = _("Opening the history takes longer than usual; another program may be using it.")
        if not (context.target.conversation or context.target.continues_last):
            conversation.greet()
        waiting = self._screen.set_timer(_PATIENCE_SECONDS, lambda: banner.add(late))
        await engine_thread.call(_ready)
        waiting.stop()
        banner.take_back(late)
        for text in await engine_thread.call(_warning_texts):
            banner.add(text)
        try:
            await self._open_target()
        except StoreError as error:  # one can chat without the history
            self._screen.notify_failure(error)
            if error.kind == "locked":
                self._screen.run_in_worker("later", self._open_target_later)
        if not conversation.key:
            conversation.greet()
        if context.startup.trust in ("new", "changed"):
            self._bots.offer_project(self._start_chatting)
        await self._start_chatting()

    async def _start_chatting(self) -> None:
        """Connect to the bot; ask for what is missing, unless a project file may name it."""
        context = self._screen.context
        has_bot = bool(context.settings.bot_id or self._conversation.key)
        # The token may come from a command, which is why a thread asks for it.
        problem = await asyncio.to_thread(context.startup.token_problem, context.settings)
        if not has_bot or problem is not None:
            if not self._bots.asks_about_project:
                self._bots.offer_first_run(problem)
            return
        self._on_ready()
        self._bots.start_learning_bot()
        self._turns.show_limits()
        self._left_chats.start()

    async def _open_target(self) -> None:
        """Open the conversation that the user wants to see first.

        Raises:
            StoreError: the history cannot be read.
        """
        engine_thread, target = self._screen.context.engine_thread, self._screen.context.target
        # Finish what dead programs left before it is shown.
        await engine_thread.call(lambda engine: engine.unfetched_chats())
        prompts = await engine_thread.call(lambda engine: engine.conversations.prompts())
        self._widgets.prompt.set_earlier(prompts)
        key: str | None = target.conversation
        if not key and target.continues_last:
            key = await engine_thread.call(lambda engine: engine.conversations.last())
        if key:
            await self._opener.open_first(key)

    async def _open_target_later(self) -> None:
        """Open it when no other program locks the history, unless the user has started to chat by then."""
        while not (self._conversation.key or self._turns.runs or self._widgets.prompt.message):
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._open_target()
            except StoreError as error:
                if error.kind != "locked":
                    self._screen.notify_failure(error)
                    return
            else:
                self._bots.start_learning_bot()
                self._left_chats.start()
                return


async def _ready(engine: Engine) -> None:
    """Do nothing: the call returns when the engine is open."""


async def _warning_texts(engine: Engine) -> list[str]:
    return engine.warning_texts()

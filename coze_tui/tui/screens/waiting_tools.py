"""The local tools that a chat waits for: opens or offers their form, and sends its outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from coze_tui.api.objects import ToolCall
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.screens.conversation import OpenConversation
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.screens.offers import Offers
from coze_tui.tui.turn_view import TurnView

if TYPE_CHECKING:
    from coze_tui.tui.screens.tool_request import ToolRequest


class WaitingTools:
    """Asks the user for the outputs of the tools that the last chat of the conversation has called.

    Args:
        resume: Continues the turn of an entry, with its figures so far, once the outputs are sent.
    """

    def __init__(
        self,
        screen: CozeScreen[None],
        conversation: OpenConversation,
        offers: Offers,
        view: TurnView,
        resume: Callable[[AnswerEntry, TurnFigures, TurnFeed], None],
    ) -> None:
        self._screen = screen
        self._conversation = conversation
        self._offers = offers
        self._view = view
        self._resume = resume
        self._engine_thread = screen.context.engine_thread
        self.calls: tuple[ToolCall, ...] = ()
        """The calls that wait for outputs; empty if there are none or they are not known yet."""
        self._drafts: dict[str, str] = {}
        """Call ID → what was typed for it; kept while the form is closed."""

    async def open_form(self) -> None:
        """Open the form for the local tools that a chat waits for, perhaps since an earlier run."""
        if await self._find_calls():
            self._screen.app.push_screen(self._form(), self._submit)

    async def offer_form_if_waiting(self) -> None:
        """Open the same form when the user stops typing."""
        if await self._find_calls():
            self.offer_form()

    async def _find_calls(self) -> bool:
        """Read the calls of the waiting chat unless they are known; return False if none waits."""
        entry = self._view.waiting_answer
        if entry is None:
            return False
        if not self.calls:
            chat = entry.chat
            calls = await self._engine_thread.call(lambda engine: engine.inspecting.waiting_calls(chat))
            if entry is not self._view.waiting_answer:
                return False
            self.calls = calls
            self._view.figures = await self._engine_thread.call(
                lambda engine: engine.inspecting.figures(chat)
            )
        return bool(self.calls)

    def offer_form(self) -> None:
        """Open the form for the local tools that the last chat waits for, when the user stops typing."""
        from coze_tui.tui.screens.tool_request import form_title

        if calls := self.calls:
            self._offers.add("tools", form_title(len(calls)), self._form, self._submit_offered)

    def _form(self) -> ToolRequest:
        from coze_tui.tui.screens.tool_request import ToolRequest

        return ToolRequest(
            self.calls,
            self._drafts,
            commands=self._screen.context.settings.tools,
            run=self._run_command,
        )

    async def _submit_offered(self, outputs: Sequence[tuple[str, str]] | None) -> None:
        self._submit(outputs)

    async def _run_command(self, words: Sequence[str], arguments: str) -> str:
        from coze_tui.engine.session.local_tools import run_command

        environment = self._screen.context.startup.environment
        return await self._engine_thread.call(lambda _engine: run_command(words, arguments, environment))

    def _submit(self, outputs: Sequence[tuple[str, str]] | None) -> None:
        """Send the outputs of the tools; does nothing for None, if the user closed the form."""
        entry, key = self._view.waiting_answer, self._conversation.key
        if outputs is None or entry is None:
            return
        chat, sent, feed = entry.chat, tuple(outputs), TurnFeed()
        self._resume(entry, self._view.figures, feed)
        self._screen.run_in_worker(
            "ask", self._engine_thread.call, lambda engine: engine.submit(key, chat, sent, feed)
        )

"""Panels that help after a turn has failed: they choose a token, or a way out if the conversation is busy."""

from __future__ import annotations

from functools import partial

from coze_tui.errors import BusyError, CozeTuiError, CredentialsError
from coze_tui.text.i18n import _
from coze_tui.tui.screens.bot_setup import BotSetup
from coze_tui.tui.screens.conversation import OpenConversation
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.screens.offers import Offers
from coze_tui.tui.screens.opening import ConversationOpener
from coze_tui.tui.screens.turn_control import TurnControl


class FailureHelp:
    """Offers a panel for errors that the user can solve at once."""

    def __init__(
        self,
        screen: CozeScreen[None],
        conversation: OpenConversation,
        turns: TurnControl,
        opener: ConversationOpener,
        bots: BotSetup,
        offers: Offers,
    ) -> None:
        self._screen = screen
        self._conversation = conversation
        self._turns = turns
        self._opener = opener
        self._bots = bots
        self._offers = offers
        self._engine_thread = screen.context.engine_thread

    def offer(self, error: CozeTuiError) -> bool:
        """Offer the panel that helps after a turn has failed; return False if there is none for the error."""
        question = self._turns.view.question
        if isinstance(error, CredentialsError):
            self._conversation.give_back(question)
            self._bots.offer_first_run(error)
        elif isinstance(error, BusyError):
            self._offer_ways_out(question)
        else:
            return False
        return True

    def _offer_ways_out(self, question: str) -> None:
        """Offer ways out for a question that Coze refused because another chat runs."""
        from coze_tui.tui.screens.dialogs import Choose, Option

        title = _("A chat is still running in this conversation")
        tool = []
        if self._turns.view.waiting_answer is not None:
            title = _("The bot waits for the output of a local tool")
            tool = [Option("tools", _("Enter the output; the question stays in the prompt"), "")]

        def ask() -> Choose:
            return Choose(
                title,
                _("Coze runs only one chat at a time per conversation (error 4016)."),
                [
                    *tool,
                    Option("cancel", _("Cancel the running chat and send again"), ""),
                    Option("wait", _("Wait, and keep the question in the prompt"), ""),
                    Option("new", _("Ask in a new conversation"), ""),
                ],
            )

        self._offers.add("busy", title, ask, partial(self._take_way_out, question))

    async def _take_way_out(self, question: str, choice: str | None) -> None:
        key = self._conversation.key
        if choice == "cancel":
            try:
                found = await self._engine_thread.call(lambda engine: engine.cancel_running(key))
            except CozeTuiError as error:
                self._screen.context.notify_failure(error)
            else:
                if not found:
                    self._screen.notify(_("No running chat was found to cancel."), markup=False)
                self._turns.send(question)
                return
        elif choice == "new":
            self._opener.show_new()
            self._turns.send(question)
            return
        self._conversation.give_back(question)
        if choice == "tools":
            await self._turns.tools.offer_form_if_waiting()

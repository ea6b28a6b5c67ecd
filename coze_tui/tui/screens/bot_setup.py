"""The bot and the site of the open conversation: learns the bot, changes it, and runs the first run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

from coze_tui.api.objects import Bot
from coze_tui.errors import CozeTuiError, CredentialsError
from coze_tui.text.i18n import _, current_language
from coze_tui.tui.screens.conversation import ChatWidgets, OpenConversation
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.screens.left_chats import LeftChats
from coze_tui.tui.screens.offers import Offers
from coze_tui.tui.screens.opening import ConversationOpener

if TYPE_CHECKING:
    from coze_tui.tui.screens.bots import BotChoice
    from coze_tui.tui.screens.first_run import FirstRun, FirstRunChoice


class BotSetup:
    """Shows the bot's name and greeting, and lets the user choose another bot, site or token."""

    def __init__(
        self,
        screen: CozeScreen[None],
        widgets: ChatWidgets,
        conversation: OpenConversation,
        opener: ConversationOpener,
        left_chats: LeftChats,
        offers: Offers,
    ) -> None:
        self._screen = screen
        self._widgets = widgets
        self._conversation = conversation
        self._opener = opener
        self._left_chats = left_chats
        self._offers = offers
        self._engine_thread = screen.context.engine_thread
        self.asks_about_project = False
        """Whether the user has not decided yet about the project file."""
        self._demo_language = current_language()
        """The language of the last answer about a bot of the demo."""

    async def learn_bot(self, behind_failures: bool = False) -> None:
        """Show the name and greeting of the bot; a token may chat without seeing them (docs/wire.md 4.5).

        Args:
            behind_failures: Greet also in a conversation in which every question has failed.
        """
        conversation, bot_id = self._conversation, self._conversation.bot.id
        language, is_demo = current_language(), bool(self._screen.context.demo_bots)
        again = is_demo and language != self._demo_language
        try:
            bot = await self._engine_thread.call(lambda engine: engine.site.bot(bot_id, again=again))
        except CredentialsError as error:
            self.offer_first_run(error)
            return
        except CozeTuiError as error:
            self._widgets.banner.add(self._screen.context.explain(error))
            return
        if is_demo and language != current_language():
            return  # the answer is in the language before; the change asks again
        self._demo_language = language
        if conversation.bot.id == bot_id:  # else a conversation with another bot was opened meanwhile
            conversation.use_bot(bot)
            self._screen.context.remember_bot(bot)
            conversation.greet(behind_failures=behind_failures)

    def start_learning_bot(self, *, behind_failures: bool = False) -> None:
        """Run `learn_bot` in the background."""
        self._screen.run_in_worker("bot", self.learn_bot, behind_failures, exclusive=True)

    def choose_bot(self, text: str, bot: Bot | None = None) -> None:
        """Use another bot, in a new conversation.

        Args:
            text: The initial text of the field above the bots.
            bot: The bot to use; without one the user chooses.
        """
        from coze_tui.tui.screens.bots import BotChoice, bot_picker

        if bot is not None:
            self._bot_chosen(BotChoice(bot.id, bot.name))
        else:
            picker = bot_picker(self._screen.context, text)
            self._screen.app.push_screen(picker, self._bot_chosen)

    def _bot_chosen(self, choice: BotChoice | None) -> None:
        if choice is not None:
            self._screen.run_in_worker("screen", self._use_bot, choice, exclusive=True)

    async def _use_bot(self, choice: BotChoice) -> None:
        from coze_tui.tui.screens.bots import use_choice

        await use_choice(self._screen.context, choice)
        self._conversation.use_settings()
        is_adopted = await self._adopt_open()
        if not is_adopted:
            self._opener.show_new()
        self.start_learning_bot(behind_failures=is_adopted)

    async def _adopt_open(self) -> bool:
        """Give the open conversation the bot in use if it has none; return whether it had none."""
        key, bot = self._conversation.key, self._conversation.bot
        if not key:
            return False
        saved = await self._engine_thread.call(lambda engine: engine.conversations.summary(key))
        if saved is None or saved.bot_id:
            return False
        await self._conversation.keep_draft()
        await self._engine_thread.call(lambda engine: engine.adopt(key, bot))
        if key == self._conversation.key:
            await self._opener.open(key)  # its messages get the name
        return True

    def start_first_run(self) -> None:
        """Let the user choose site, token and bot now. The demo only says that it could not save them."""
        if self._screen.context.target.demo is not None:
            self._screen.app.notify(
                _("The demo saves nothing. Quit it, and run `coze-tui login`."), markup=False
            )
            return
        self._screen.run_in_worker("screen", self._first_run, exclusive=True)

    async def _first_run(self) -> None:
        await self._use_choice(await self._screen.app.push_screen_wait(self._first_run_screen()))

    def offer_first_run(self, problem: CozeTuiError | None = None) -> None:
        """Offer the choice of site, token and bot, without which the program cannot chat.

        Args:
            problem: why there is no token; it is explained if there is one for another site.
        """
        is_for_other_site = isinstance(problem, CredentialsError) and problem.reason == "other site"
        notice = self._screen.context.explain(problem) if problem is not None and is_for_other_site else ""
        title = _("Choose a site, a token and a bot")
        self._offers.add("first run", title, lambda: self._first_run_screen(notice), self._use_choice)

    def _first_run_screen(self, notice: str = "") -> FirstRun:
        from coze_tui.tui.screens.first_run import first_run

        return first_run(self._screen.context, notice)

    async def _use_choice(self, choice: FirstRunChoice | Literal["demo"] | None) -> None:
        from coze_tui.tui.screens.first_run import missing_texts, use_choice, what_is_missing

        conversation = self._conversation
        conversation.take_back(missing_texts())
        before = conversation.bot.id
        if await use_choice(self._screen.context, choice):
            await self._use_changed_settings(before)
        elif choice is None and (text := await what_is_missing(self._screen.context)):
            conversation.warn(text)

    async def _use_changed_settings(self, before: str) -> None:
        """Talk to the bot of the settings, which perhaps is not the one before."""
        conversation = self._conversation
        conversation.use_settings()
        is_other = bool(conversation.key) and before != conversation.bot.id
        is_adopted = await self._adopt_open()
        if is_other and not is_adopted:
            self._opener.show_new()
        self.start_learning_bot(behind_failures=is_adopted)
        self._left_chats.start()

    def offer_project(self, then: Callable[[], Awaitable[None]]) -> None:
        """Ask about the project file when the user stops typing.

        Args:
            then: called with the decision in effect if the bot stays the same.
        """
        from coze_tui.tui.screens.project_trust import TrustProject, trust_title, use_decision

        context = self._screen.context
        project, trust = context.startup.project, context.startup.trust
        if project is None:
            return

        async def take(is_trusted: bool | None) -> None:
            self.asks_about_project = False
            before = self._conversation.bot.id
            is_used = is_trusted is not None and await use_decision(context, is_trusted)
            if is_used and context.settings.bot_id:
                await self._use_changed_settings(before)
            else:
                await then()

        self.asks_about_project = True
        self._offers.add("project", trust_title(), lambda: TrustProject(project, trust), take)

"""The actions of the slash commands, typed in the prompt or chosen in the command palette."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from coze_tui.text.i18n import _
from coze_tui.tui.commands import OfferedCommand, SlashCommand, slash_commands
from coze_tui.tui.screens.bot_setup import BotSetup
from coze_tui.tui.screens.command_completion import CommandCompletion
from coze_tui.tui.screens.conversation import ChatWidgets, OpenConversation
from coze_tui.tui.screens.conversation_actions import ConversationActions
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.screens.opening import ConversationOpener
from coze_tui.tui.screens.sidebar_layout import SidebarLayout
from coze_tui.tui.screens.turn_control import TurnControl
from coze_tui.values import valueclass


@valueclass
class SlashActions:
    """Runs slash commands on the parts of the chat screen."""

    screen: CozeScreen[None]
    widgets: ChatWidgets
    conversation: OpenConversation
    turns: TurnControl
    opener: ConversationOpener
    bots: BotSetup
    actions: ConversationActions
    layout: SidebarLayout
    completion: CommandCompletion

    def run(self, command: SlashCommand, argument: str) -> None:
        """Run a command with its argument."""
        SLASH_ACTIONS[command.name](self, argument)

    def offered(self) -> list[OfferedCommand]:
        """Return the commands that the command palette shows now. What is typed there is never sent."""
        waits = self.turns.view.waiting_answer is not None
        urgent = {"/stop": self.turns.runs, "/tools": waits, "/recover": self.turns.can_recover}
        offered = []
        for command in slash_commands():
            is_urgent = urgent.get(command.name, False)
            if command.name == "/send" or (command.name in ("/stop", "/tools") and not is_urgent):
                continue
            if command.needs_argument:
                run = partial(self._ask_argument, command)
            else:
                run = partial(self.run, command, "")
            offered.append(OfferedCommand(command, run, is_urgent))
        return offered

    def _ask_argument(self, command: SlashCommand) -> None:
        """Run a command of the palette with an argument that the user types in a dialog."""
        from coze_tui.tui.screens.dialogs import AskText

        def run(argument: str | None) -> None:
            if argument:
                self.run(command, argument)

        value = self.conversation.title if command.name == "/rename" else ""
        self.screen.app.push_screen(AskText(_(command.title), value, command.argument), run)

    def send(self, text: str) -> None:
        """Send a text unchanged, even if it begins with a slash; if it is empty, send the prompt."""
        if text:
            self.actions.ask(text)
        else:
            self.widgets.prompt.send()

    def answer_tools(self) -> None:
        """Open the form for the local tools that the bot waits for; say so if it waits for none."""
        if self.turns.view.waiting_answer is None:
            self.screen.notify(_("No local tool is waiting here."), markup=False)
        else:
            self.screen.run_in_worker("tools", self.turns.tools.open_form, exclusive=True)

    def choose_theme(self, name: str) -> None:
        """Change the colors; without the name of a theme, let the user pick one."""
        from coze_tui.tui.screens.look import choose_theme

        choose_theme(self.screen.context, name)

    def choose_language(self, code: str) -> None:
        """Change the language; without the code of one, let the user pick it."""
        from coze_tui.tui.screens.look import choose_language

        choose_language(self.screen.context, code)

    def choose_bot(self, text: str) -> None:
        """Talk to the bot of this name or ID; let the user choose one if it is not clear which."""
        self.bots.choose_bot(text, self.completion.bot_named(text))

    def examine_terminal(self) -> None:
        """Show what arrives from this terminal and what it can do; the bot can be checked there, too."""
        from coze_tui.tui.screens.doctor import DoctorScreen

        self.screen.app.push_screen(DoctorScreen(self.screen, self.conversation.bot.id))


SLASH_ACTIONS: Mapping[str, Callable[[SlashActions, str], object]] = {
    "/new": lambda chat, _argument: chat.opener.show_new(),
    "/history": lambda chat, _argument: chat.opener.show_history(),
    "/find": lambda chat, _argument: chat.widgets.find_bar.open(),
    "/fork": lambda chat, _argument: chat.widgets.log.action_ask("fork"),
    "/rename": lambda chat, title: chat.screen.run_in_worker(
        "rename", chat.actions.rename, title, exclusive=True
    ),
    "/plain": lambda chat, _argument: chat.actions.show_plain(),
    "/export": lambda chat, typed: chat.actions.export(typed),
    "/import": lambda chat, path: chat.screen.run_in_worker(
        "import", chat.opener.import_file, path, exclusive=True
    ),
    "/clear": lambda chat, _argument: chat.screen.run_in_worker(
        "clear", chat.actions.clear_context, exclusive=True
    ),
    "/stop": lambda chat, _argument: chat.turns.stop(),
    "/retry": lambda chat, _argument: chat.turns.regenerate(),
    "/resend": lambda chat, _argument: chat.widgets.log.action_ask("edit"),
    "/recover": lambda chat, _argument: chat.turns.recover(),
    "/tools": lambda chat, _argument: chat.answer_tools(),
    "/copy": lambda chat, _argument: chat.widgets.log.action_copy_message(),
    "/images": lambda chat, folder: chat.screen.run_in_worker("images", chat.actions.save_images, folder),
    "/events": lambda chat, _argument: chat.layout.toggle(),
    "/inspect": lambda chat, _argument: chat.actions.inspect(),
    "/replay": lambda chat, _argument: chat.actions.replay(),
    "/support-bundle": lambda chat, _argument: chat.screen.run_in_worker(
        "support bundle", chat.actions.save_support_bundle, exclusive=True
    ),
    "/side-by-side": lambda chat, _argument: chat.opener.ask_side_by_side(),
    "/stats": lambda chat, _argument: chat.screen.run_in_worker(
        "screen", chat.opener.show_statistics, exclusive=True
    ),
    "/send": SlashActions.send,
    "/edit": lambda chat, _argument: chat.actions.write_in_editor(),
    "/prompts": lambda chat, argument: chat.screen.run_in_worker(
        "screen", chat.actions.use_prompts, argument, exclusive=True
    ),
    "/attach": lambda chat, path: chat.screen.run_in_worker("attach", chat.actions.attach, path),
    "/detach": lambda chat, _argument: chat.widgets.attachments.clear(),
    "/theme": SlashActions.choose_theme,
    "/lang": SlashActions.choose_language,
    "/bot": SlashActions.choose_bot,
    "/login": lambda chat, _argument: chat.bots.start_first_run(),
    "/help": lambda chat, _argument: chat.screen.call_later(chat.screen.run_action, "app.help"),
    "/doctor": lambda chat, _argument: chat.examine_terminal(),
    "/quit": lambda chat, _argument: chat.screen.quit(),
}
"""The handler of each command of `slash_commands`; called with its argument."""

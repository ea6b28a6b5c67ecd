"""The commands of the program: those that are typed with a slash, and the command palette."""

from __future__ import annotations

from rich.align import Align
from rich.text import Text
from textual import on
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hits
from textual.system_commands import SystemCommandsProvider
from textual.widgets import Input
from textual.widgets.option_list import Option

from coze_tui.terminal.app import OnceLeftScreen
from coze_tui.terminal.textual_overrides import private_override
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _
from coze_tui.text.slash import command_word, unknown_command_text
from coze_tui.values import valueclass

_WITH_TEXT = ("/send", "/prompts")
"""Commands whose argument may have several lines."""


@valueclass
class SlashCommand:
    """One command."""

    name: str
    """With its slash."""
    title: str
    help: str
    """In English; `_` translates both when they are shown."""
    argument: str = ""
    """The name of its argument in the help; empty if it takes none."""

    @property
    def usage(self) -> str:
        """Return the command with the name of its argument, as the help shows it."""
        return f"{self.name} {_(self.argument)}" if self.argument else self.name


def slash_commands() -> tuple[SlashCommand, ...]:
    """Return all commands, in the order of the help."""
    return (
        SlashCommand(
            "/send",
            N_("Send"),
            N_("Send what is typed, or a text that begins with a slash"),
            N_("TEXT"),
        ),
        SlashCommand("/new", N_("New conversation"), N_("Begin a new conversation")),
        SlashCommand("/history", N_("History"), N_("Look through all conversations")),
        SlashCommand("/bot", N_("Choose a bot"), N_("Choose another bot"), N_("ID")),
        SlashCommand("/events", N_("Events"), N_("Show or hide the events")),
        SlashCommand("/inspect", N_("Inspector"), N_("Look at every frame of the chosen chat")),
        SlashCommand("/compare", N_("Compare bots"), N_("Ask two to four bots side by side")),
        SlashCommand("/stats", N_("Statistics"), N_("Tokens, times and failures of all chats")),
        SlashCommand("/stop", N_("Stop"), N_("Stop the answer")),
        SlashCommand("/retry", N_("Ask again"), N_("Ask the last question again")),
        SlashCommand("/recover", N_("Recover"), N_("Fetch the rest of an answer that was cut off")),
        SlashCommand("/copy", N_("Copy"), N_("Copy the chosen or the last message")),
        SlashCommand(
            "/images", N_("Save images"), N_("Save the images inside of the messages"), N_("FOLDER")
        ),
        SlashCommand("/edit", N_("Edit"), N_("Write the message in your editor")),
        SlashCommand(
            "/prompts",
            N_("Saved prompts"),
            N_("Use a saved prompt; `save NAME`, `delete NAME` and `rename OLD NEW` change them"),
            N_("NAME"),
        ),
        SlashCommand(
            "/clear",
            N_("Clear the context"),
            N_("Let the bot forget what was said; it stays in the log"),
        ),
        SlashCommand("/attach", N_("Attach"), N_("Send a file with the next message"), N_("PATH|URL")),
        SlashCommand("/detach", N_("Detach"), N_("Send no files with the next message")),
        SlashCommand("/rename", N_("Rename"), N_("Give the conversation a title"), N_("TITLE")),
        SlashCommand("/export", N_("Export"), N_("Write the conversation to a file")),
        SlashCommand("/import", N_("Import"), N_("Read conversations from a file"), N_("PATH")),
        SlashCommand("/theme", N_("Theme"), N_("Change the colors"), N_("NAME")),
        SlashCommand("/lang", N_("Language"), N_("Change the language: en, zh_CN"), N_("CODE")),
        SlashCommand("/login", N_("Log in"), N_("Choose site, token and bot")),
        SlashCommand("/help", N_("Help"), N_("Keys and commands")),
        SlashCommand("/doctor", N_("Doctor"), N_("Try keys, clipboard and terminal")),
        SlashCommand("/quit", N_("Quit"), N_("Leave the program")),
    )


def parse(text: str) -> tuple[SlashCommand, str] | None:
    """Return the command and its argument, or None if the text is a message.

    A command is one line, and has an argument only if it takes one; those of `_WITH_TEXT` may have several.
    """
    word = command_word(text)
    command = next((item for item in slash_commands() if item.name == word), None)
    line = text.strip()
    argument = line[len(word) :].strip()
    if command is None or (argument and not command.argument):
        return None
    return None if "\n" in line and command.name not in _WITH_TEXT else (command, argument)


def doubt_about(text: str) -> str:
    """Return why a text that begins like a command is none; empty for commands and messages."""
    word = command_word(text)
    if not word or parse(text) is not None:
        return ""
    names = [command.name for command in slash_commands()]
    if word not in names:
        return unknown_command_text(word, names)
    if "\n" in text.strip():
        return _("A command is one line.")
    return _("{name} takes nothing after it.").format(name=word)


class AppCommands(SystemCommandsProvider):
    """What the app offers, in its own order: by the alphabet Chinese would stand in no order at all."""

    async def discover(self) -> Hits:
        """Yield every command of the app, before anything is typed."""
        for title, text, run, _is_shown in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(title, run, help=text)


class Commands(CommandPalette, OnceLeftScreen[None]):
    """Textual's, left but once, whose list may be empty; what is pasted into it is cleaned."""

    def __init__(self, *, id: str) -> None:
        super().__init__([AppCommands], placeholder=_("Search for commands"), id=id)

    @on(Input.Changed)
    def _typed(self, changed: Input.Changed) -> None:
        """Before Textual's own handler, which searches for what stands in the field by then."""
        text = clean_line(changed.value)
        if text != changed.value:
            changed.input.value = text

    @private_override
    def _action_command_list(self, action: str) -> None:
        commands = self.query_one(CommandList)
        if commands.size and commands.option_count:
            super()._action_command_list(action)

    @private_override
    def _start_no_matches_countdown(self, search_value: str) -> None:
        """Textual would say it in English whatever the language."""
        self._stop_no_matches_countdown()
        self._no_matches_timer = self.set_timer(
            self._NO_MATCHES_COUNTDOWN, lambda: self._show_no_matches(search_value)
        )

    def _show_no_matches(self, search_value: str) -> None:
        if search_value:
            hint = Align.center(Text(_("nothing found"), style="not bold"))
            self.query_one(CommandList).add_option(Option(hint, disabled=True, id=self._NO_MATCHES))
        self._list_visible = bool(search_value)

"""Slash commands: their names and help, and the parser of what is typed. The chat screen runs them."""

from __future__ import annotations

from dataclasses import dataclass

from coze_tui.text.i18n import N_, _


@dataclass(frozen=True, slots=True)
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
        SlashCommand("/edit", N_("Edit"), N_("Write the message in your editor")),
        SlashCommand(
            "/clear",
            N_("Clear the context"),
            N_("Let the bot forget what was said; it stays in the log"),
        ),
        SlashCommand("/attach", N_("Attach"), N_("Send a file with the next message"), N_("PATH")),
        SlashCommand("/detach", N_("Detach"), N_("Send no files with the next message")),
        SlashCommand("/rename", N_("Rename"), N_("Give the conversation a title"), N_("TITLE")),
        SlashCommand("/export", N_("Export"), N_("Write the conversation to a file")),
        SlashCommand("/import", N_("Import"), N_("Read conversations from a file"), N_("PATH")),
        SlashCommand("/theme", N_("Theme"), N_("Change the colours"), N_("NAME")),
        SlashCommand("/lang", N_("Language"), N_("Change the language: en, zh_CN"), N_("CODE")),
        SlashCommand("/login", N_("Log in"), N_("Choose site, token and bot")),
        SlashCommand("/help", N_("Help"), N_("Keys and commands")),
        SlashCommand("/doctor", N_("Doctor"), N_("Try keys, clipboard and terminal")),
        SlashCommand("/quit", N_("Quit"), N_("Leave the program")),
    )


def parse(text: str) -> tuple[SlashCommand, str] | None:
    """Return the command and its argument, or None if the line is a message."""
    line = text.strip()
    if not line.startswith("/") or "\n" in line:
        return None
    name, _separator, argument = line.partition(" ")
    command = next((item for item in slash_commands() if item.name == name), None)
    return (command, argument.strip()) if command else None

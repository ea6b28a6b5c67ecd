"""The commands of the program: those that are typed with a slash, which the command palette shows, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from coze_tui.text.i18n import N_, _
from coze_tui.text.slash import command_word, unknown_command_text
from coze_tui.values import valueclass

_WITH_TEXT = ("/send", "/prompts")
"""Commands whose argument may have several lines."""
Completes = Literal["", "theme", "language", "format", "bot", "path", "folder", "prompt"]
"""The kind of completion that the prompt offers for an argument; empty for free text."""

CONVERSATION = N_("CONVERSATION")
CHAT = N_("CHAT")
MESSAGE = N_("NEXT MESSAGE")
LOOK = N_("LOOK")
PROGRAM = N_("PROGRAM")


@valueclass
class SlashCommand:
    """One command."""

    name: str
    """With its slash."""
    group: str
    """Its heading in the command palette."""
    title: str
    help: str
    """In English, like the group and the title; `_` translates them when they are shown."""
    argument: str = ""
    """The name of its argument in the help, the same in all languages; empty if it takes none."""
    needs_argument: bool = False
    """Whether it does nothing without one: the command palette asks for it."""
    completes: Completes = ""
    binding: str = ""
    """ID of the key binding that does the same."""

    @property
    def usage(self) -> str:
        """Return the command with the name of its argument, as the help shows it."""
        return f"{self.name} {self.argument}" if self.argument else self.name


@valueclass
class OfferedCommand:
    """A command that can be run now."""

    command: SlashCommand
    run: Callable[[], object]
    is_urgent: bool = False
    """Whether it matters only now, so that it goes before all others."""


def slash_commands() -> tuple[SlashCommand, ...]:
    """Return all commands, in the order of the help; those of a group follow each other."""
    return (*_of_conversations(), *_of_chats(), *_of_messages(), *_of_the_program())


def _of_conversations() -> tuple[SlashCommand, ...]:
    return (
        SlashCommand(
            "/new",
            CONVERSATION,
            N_("New conversation"),
            N_("Start a new conversation"),
            binding="chat.new",
        ),
        SlashCommand(
            "/history",
            CONVERSATION,
            N_("History"),
            N_("Browse all conversations"),
            binding="chat.history",
        ),
        SlashCommand(
            "/find", CONVERSATION, N_("Find"), N_("Find a text in the conversation"), binding="chat.find"
        ),
        SlashCommand(
            "/fork",
            CONVERSATION,
            N_("Fork from here"),
            N_("Copy the conversation up to the chosen or the last message"),
            binding="log.fork",
        ),
        SlashCommand(
            "/rename",
            CONVERSATION,
            N_("Rename"),
            N_("Rename the conversation"),
            "TITLE",
            needs_argument=True,
        ),
        SlashCommand(
            "/plain",
            CONVERSATION,
            N_("Plain view"),
            N_("Show all messages as plain text, for the terminal's own selection"),
            binding="log.plain_view",
        ),
        SlashCommand(
            "/export",
            CONVERSATION,
            N_("Export"),
            N_("Export the conversation to a file"),
            "FORMAT PATH",
            completes="format",
        ),
        SlashCommand(
            "/import",
            CONVERSATION,
            N_("Import"),
            N_("Import conversations from a file"),
            "PATH",
            needs_argument=True,
            completes="path",
        ),
        SlashCommand(
            "/clear",
            CONVERSATION,
            N_("Clear the context"),
            N_("Clear the bot's context; the messages stay on screen"),
        ),
    )


def _of_chats() -> tuple[SlashCommand, ...]:
    return (
        SlashCommand("/stop", CHAT, N_("Stop"), N_("Stop the answer"), binding="chat.stop"),
        SlashCommand(
            "/retry", CHAT, N_("Ask again"), N_("Ask the last question again"), binding="log.regenerate"
        ),
        SlashCommand(
            "/resend",
            CHAT,
            N_("Edit and resend"),
            N_("Put the chosen or the last question into the prompt"),
            binding="log.edit",
        ),
        SlashCommand(
            "/recover",
            CHAT,
            N_("Recover"),
            N_("Fetch the rest of an answer that was cut off"),
            binding="log.recover",
        ),
        SlashCommand(
            "/tools",
            CHAT,
            N_("Answer the tool"),
            N_("Enter the outputs of the local tools that the bot is waiting for"),
        ),
        SlashCommand(
            "/copy", CHAT, N_("Copy"), N_("Copy the selected or the last message"), binding="log.copy"
        ),
        SlashCommand(
            "/images",
            CHAT,
            N_("Save images"),
            N_("Save the images in the messages"),
            "FOLDER",
            completes="folder",
        ),
        SlashCommand("/events", CHAT, N_("Events"), N_("Show or hide the events"), binding="chat.events"),
        SlashCommand("/inspect", CHAT, N_("Inspector"), N_("Inspect every frame of the selected chat")),
        SlashCommand("/replay", CHAT, N_("Replay"), N_("Play the chosen chat again, at any pace")),
        SlashCommand(
            "/support-bundle",
            CHAT,
            N_("Support bundle"),
            N_("Save the chosen chat for Coze support, without tokens"),
        ),
        SlashCommand("/side-by-side", CHAT, N_("Side by side"), N_("Ask two to four bots the same question")),
        SlashCommand("/stats", CHAT, N_("Statistics"), N_("Tokens, times and failures of all chats")),
    )


def _of_messages() -> tuple[SlashCommand, ...]:
    return (
        SlashCommand(
            "/send",
            MESSAGE,
            N_("Send"),
            N_("Send the prompt, or a message that starts with a slash"),
            "TEXT",
            binding="prompt.send",
        ),
        SlashCommand(
            "/edit", MESSAGE, N_("Edit"), N_("Write the message in your editor"), binding="prompt.editor"
        ),
        SlashCommand(
            "/prompts",
            MESSAGE,
            N_("Saved prompts"),
            N_("Use a saved prompt; `save NAME`, `delete NAME` and `rename OLD NEW` change them"),
            "NAME",
            completes="prompt",
        ),
        SlashCommand(
            "/attach",
            MESSAGE,
            N_("Attach"),
            N_("Send a file with the next message"),
            "PATH|URL",
            needs_argument=True,
            completes="path",
        ),
        SlashCommand("/detach", MESSAGE, N_("Detach"), N_("Remove all attachments")),
    )


def _of_the_program() -> tuple[SlashCommand, ...]:
    return (
        SlashCommand("/theme", LOOK, N_("Theme"), N_("Change the colors"), "NAME", completes="theme"),
        SlashCommand(
            "/lang",
            LOOK,
            N_("Language"),
            N_("Change the language: en, zh_CN"),
            "CODE",
            completes="language",
        ),
        SlashCommand(
            "/bot",
            PROGRAM,
            N_("Choose a bot"),
            N_("Choose another bot"),
            "NAME|ID",
            binding="chat.bot",
            completes="bot",
        ),
        SlashCommand("/login", PROGRAM, N_("Log in"), N_("Choose site, token and bot")),
        SlashCommand("/help", PROGRAM, N_("Help"), N_("Keys and commands"), binding="chat.help"),
        SlashCommand("/doctor", PROGRAM, N_("Doctor"), N_("Test keys, clipboard and terminal")),
        SlashCommand("/quit", PROGRAM, N_("Quit"), N_("Quit coze-tui"), binding="app.quit"),
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
    return _("{name} takes no argument.").format(name=word)

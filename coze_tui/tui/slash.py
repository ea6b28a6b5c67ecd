"""Slash commands: a registry of names, and the parser of what was typed. Knows the screen's actions only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coze_tui.text.i18n import N_, _

if TYPE_CHECKING:
    from coze_tui.tui.screens.chat import ChatScreen

Run = Callable[["ChatScreen", str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One command."""

    name: str
    """With its slash."""
    title: str
    help: str
    """Both English, shown through `_`."""
    run: Run
    argument: str = ""
    """What stands for its argument in the help; empty where it takes none."""

    @property
    def usage(self) -> str:
        """The command with its argument, as the help shows it."""
        return f"{self.name} {_(self.argument)}" if self.argument else self.name

    def palette_action(self, screen: ChatScreen) -> Callable[[], None]:
        """The same from the command palette."""

        def run() -> None:
            screen.run_slash(self, "")

        return run


async def _send(screen: ChatScreen, argument: str) -> None:
    if argument:
        screen.ask(argument)
    else:
        screen.prompt.send()


async def _new(screen: ChatScreen, argument: str) -> None:
    screen.action_new()


async def _history(screen: ChatScreen, argument: str) -> None:
    screen.action_history()


async def _bot(screen: ChatScreen, argument: str) -> None:
    screen.choose_bot(argument)


async def _events(screen: ChatScreen, argument: str) -> None:
    screen.action_events()


async def _copy(screen: ChatScreen, argument: str) -> None:
    screen.log_widget.action_copy_message()


async def _edit(screen: ChatScreen, argument: str) -> None:
    screen.action_editor()


async def _retry(screen: ChatScreen, argument: str) -> None:
    screen.regenerate()


async def _recover(screen: ChatScreen, argument: str) -> None:
    screen.recover()


async def _inspect(screen: ChatScreen, argument: str) -> None:
    screen.inspect()


async def _compare(screen: ChatScreen, argument: str) -> None:
    screen.ask_side_by_side()


async def _stats(screen: ChatScreen, argument: str) -> None:
    screen.show_statistics()


async def _stop(screen: ChatScreen, argument: str) -> None:
    screen.stop_turn()


async def _clear(screen: ChatScreen, argument: str) -> None:
    screen.clear_context()


async def _attach(screen: ChatScreen, argument: str) -> None:
    screen.attach(argument)


async def _detach(screen: ChatScreen, argument: str) -> None:
    screen.attachments.clear()


async def _export(screen: ChatScreen, argument: str) -> None:
    screen.export()


async def _import(screen: ChatScreen, argument: str) -> None:
    screen.import_file(argument)


async def _rename(screen: ChatScreen, argument: str) -> None:
    screen.rename(argument)


async def _theme(screen: ChatScreen, argument: str) -> None:
    screen.choose_theme(argument)


async def _language(screen: ChatScreen, argument: str) -> None:
    screen.choose_language(argument)


async def _help(screen: ChatScreen, argument: str) -> None:
    screen.action_help()


async def _doctor(screen: ChatScreen, argument: str) -> None:
    screen.examine_terminal()


async def _login(screen: ChatScreen, argument: str) -> None:
    screen.open_first_run()


async def _quit(screen: ChatScreen, argument: str) -> None:
    await screen.app.action_quit()


def slash_commands() -> tuple[SlashCommand, ...]:
    """All commands, in the order of the help."""
    return (
        SlashCommand(
            "/send",
            N_("Send"),
            N_("Send what is typed, or a text that begins with a slash"),
            _send,
            N_("TEXT"),
        ),
        SlashCommand("/new", N_("New conversation"), N_("Begin a new conversation"), _new),
        SlashCommand("/history", N_("History"), N_("Look through all conversations"), _history),
        SlashCommand("/bot", N_("Choose a bot"), N_("Choose another bot"), _bot, N_("ID")),
        SlashCommand("/events", N_("Events"), N_("Show or hide the events"), _events),
        SlashCommand("/inspect", N_("Inspector"), N_("Look at every frame of the chosen chat"), _inspect),
        SlashCommand("/compare", N_("Compare bots"), N_("Ask two to four bots side by side"), _compare),
        SlashCommand("/stats", N_("Statistics"), N_("Tokens, times and failures of all chats"), _stats),
        SlashCommand("/stop", N_("Stop"), N_("Stop the answer"), _stop),
        SlashCommand("/retry", N_("Ask again"), N_("Ask the last question again"), _retry),
        SlashCommand("/recover", N_("Recover"), N_("Fetch the rest of an answer that was cut off"), _recover),
        SlashCommand("/copy", N_("Copy"), N_("Copy the chosen or the last message"), _copy),
        SlashCommand("/edit", N_("Edit"), N_("Write the message in your editor"), _edit),
        SlashCommand(
            "/clear",
            N_("Clear the context"),
            N_("Let the bot forget what was said; it stays in the log"),
            _clear,
        ),
        SlashCommand("/attach", N_("Attach"), N_("Send a file with the next message"), _attach, N_("PATH")),
        SlashCommand("/detach", N_("Detach"), N_("Send no files with the next message"), _detach),
        SlashCommand("/rename", N_("Rename"), N_("Give the conversation a title"), _rename, N_("TITLE")),
        SlashCommand("/export", N_("Export"), N_("Write the conversation to a file"), _export),
        SlashCommand("/import", N_("Import"), N_("Read conversations from a file"), _import, N_("PATH")),
        SlashCommand("/theme", N_("Theme"), N_("Change the colours"), _theme, N_("NAME")),
        SlashCommand("/lang", N_("Language"), N_("Change the language: en, zh_CN"), _language, N_("CODE")),
        SlashCommand("/login", N_("Log in"), N_("Choose site, token and bot"), _login),
        SlashCommand("/help", N_("Help"), N_("Keys and commands"), _help),
        SlashCommand("/doctor", N_("Doctor"), N_("Try keys, clipboard and terminal"), _doctor),
        SlashCommand("/quit", N_("Quit"), N_("Leave the program"), _quit),
    )


def parse(text: str) -> tuple[SlashCommand, str] | None:
    """The command and its argument in a typed line; None where it is a message."""
    line = text.strip()
    if not line.startswith("/") or "\n" in line:
        return None
    name, _separator, argument = line.partition(" ")
    command = next((item for item in slash_commands() if item.name == name), None)
    return (command, argument.strip()) if command else None

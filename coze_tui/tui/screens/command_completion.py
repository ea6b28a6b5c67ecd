"""Completes slash commands and their arguments from the table of commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import assert_never

from coze_tui.api.objects import Bot
from coze_tui.config.app_state import bot_key
from coze_tui.errors import CozeTuiError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _, current_language, languages
from coze_tui.tui.commands import SlashCommand, slash_commands
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.themes import AUTO_THEME, themes
from coze_tui.tui.widgets.prompt.completer import Offer
from coze_tui.tui.widgets.prompt.completion import Candidate, path_candidates
from coze_tui.values import valueclass


@valueclass
class _Choice:
    """One value of an argument."""

    value: str
    description: str = ""
    label: str = ""
    """The displayed text, if it differs from the value."""


class CommandCompletion:
    """Completes a text that begins with a slash to a command, or to a command with its argument.

    Args:
        screen: Runs the worker that asks for the bots.
    """

    def __init__(self, screen: CozeScreen[None]) -> None:
        self._screen = screen
        self._shown: tuple[Candidate, ...] = ()
        """The last results, shown while a folder is read."""
        self.bots: dict[str, str] = {}
        """IDs and clean names of the bots of the site in use, as far as they are known."""
        self._bots_of = ""

    def candidates(self, typed: str, offer: Offer) -> Sequence[Candidate]:
        """Return the completions that are known now.

        Args:
            offer: Called later, from any thread, with completions that take time to find.
        """
        name, space, argument = typed.partition(" ")
        if not space:
            return [_of_command(command) for command in slash_commands() if command.name.startswith(name)]
        command = next((each for each in slash_commands() if each.name == name), None)
        if command is None:
            return ()
        match command.completes:
            case "theme":
                return _matching(name, argument, self._themes())
            case "language":
                return _matching(name, argument, _languages())
            case "format":
                return self._formats(name, argument, offer)
            case "bot":
                return self._bots(name, argument, offer)
            case "path":
                return self._paths(f"{name} ", argument, offer)
            case "folder":
                return self._paths(f"{name} ", argument, offer, only_folders=True)
            case "prompt":
                return self._prompts(name, argument, offer)
            case "":
                return ()
            case _:
                assert_never(command.completes)

    def _themes(self) -> list[_Choice]:
        """Return the names of the themes, our own first."""
        app, now = self._screen.context.app, _("now")
        own = [AUTO_THEME, *(theme.name for theme in themes())]
        names = [*own, *sorted(set(app.available_themes) - set(own))]
        used = self._screen.context.settings.theme
        return [_Choice(name, now if name == used else "") for name in names]

    def _formats(self, name: str, argument: str, offer: Offer) -> Sequence[Candidate]:
        """Return the forms of an export, and after one of them the paths to which it can go."""
        from coze_tui.tui.export_flow import forms  # the first frame does without it

        form, space, path = argument.partition(" ")
        if space:
            return self._paths(f"{name} {form} ", path, offer)
        return _matching(name, form, [_Choice(each.key, f"{each.label}: {each.detail}") for each in forms()])

    # --- bots ---

    def _bots(self, name: str, argument: str, offer: Offer) -> Sequence[Candidate]:
        site = self._screen.context.settings.base_url
        if self._bots_of != site:
            self._bots_of = site
            self._screen.run_in_worker("bot names", self._find_bots, site, name, argument, offer)
        return self._known_bots(name, argument)

    def _known_bots(self, name: str, argument: str) -> list[Candidate]:
        titles = list(self.bots.values())
        choices = [
            _Choice(title if titles.count(title) == 1 else bot_id, bot_id, title)
            for bot_id, title in self.bots.items()
            if title
        ]
        return _matching(name, argument, choices)

    async def _find_bots(self, site: str, name: str, argument: str, offer: Offer) -> None:
        """Learn the names of the recent bots and of those in the workspaces of the token."""
        context, suffix = self._screen.context, bot_key("", site)
        recent = list((await context.app_state()).recent_bots.items())[::-1]
        bots = {key.removesuffix(suffix): clean_line(title) for key, title in recent if key.endswith(suffix)}
        self.bots = bots
        offer(f"{name} {argument}", self._known_bots(name, argument))
        with suppress(CozeTuiError):  # the picker says why they cannot be listed
            for workspace in await context.engine_thread.call(lambda engine: engine.site.workspaces()):
                found = await context.engine_thread.call(
                    lambda engine, workspace=workspace: engine.site.bots_of(workspace.id)  # type: ignore[misc]
                )
                self.bots = bots = {**bots, **{bot.id: clean_line(bot.name) for bot in found}}
                offer(f"{name} {argument}", self._known_bots(name, argument))

    def bot_named(self, name: str) -> Bot | None:
        """Return the known bot that has this name or ID; None if there is none, or several."""
        wanted = clean_line(name).casefold()
        found = [
            Bot(id=bot_id, name=title)
            for bot_id, title in self.bots.items()
            if wanted in (bot_id, title.casefold())
        ]
        return found[0] if len(found) == 1 else None

    # --- what is on the disk ---

    def _prompts(self, name: str, argument: str, offer: Offer) -> Sequence[Candidate]:
        """Return the names of the saved prompts, also after the words that change them."""
        from coze_tui.config.saved_prompts import RESERVED, SavedPrompts

        saved = SavedPrompts(self._screen.context.startup.paths.prompts)
        verb, space, typed = argument.partition(" ")
        if not space or verb not in RESERVED:
            verb, typed = "", argument
        before = f"{name} {verb}".rstrip()

        def find() -> list[Candidate]:
            if verb == "save":
                return []  # the name is a new one
            return _matching(before, typed, [_Choice(each.name, each.text[:200]) for each in saved.all()])

        return self._later(f"{name} {argument}", find, offer)

    def _paths(
        self, before: str, typed: str, offer: Offer, *, only_folders: bool = False
    ) -> Sequence[Candidate]:
        """Return the paths that begin with the typed text."""

        def find() -> list[Candidate]:
            return [
                Candidate(before + each.text, each.description, each.shown, is_complete=each.is_complete)
                for each in path_candidates(typed)
                if not (only_folders and each.is_complete)
            ]

        return self._later(before + typed, find, offer)

    def _later(self, text: str, find: Callable[[], list[Candidate]], offer: Offer) -> Sequence[Candidate]:
        """Let a thread read the disk; return the last results that still match."""

        def read() -> None:
            with suppress(CozeTuiError):  # the command says why it cannot be read
                found = find()
                self._shown = tuple(found)
                offer(text, found)

        # A folder on a dead network drive must hold up neither typing nor leaving: hence a daemon thread.
        threading.Thread(target=read, daemon=True).start()
        begun = text.casefold()
        return [each for each in self._shown if each.text.casefold().startswith(begun)]


def _of_command(command: SlashCommand) -> Candidate:
    text = command.name + (" " if command.argument else "")
    return Candidate(text, _(command.help), is_complete=not command.needs_argument)


def _languages() -> list[_Choice]:
    return [
        _Choice(code, f"{name} · {_('now')}" if code == current_language() else name)
        for code, name in languages().items()
    ]


def _matching(name: str, typed: str, choices: Iterable[_Choice]) -> list[Candidate]:
    """Return the choices that contain the typed text, first those that begin with it."""
    folded = typed.strip().casefold()
    found = [each for each in choices if folded in (each.label or each.value).casefold()]
    found.sort(key=lambda each: not (each.label or each.value).casefold().startswith(folded))
    if [each.value.casefold() for each in found] == [folded]:
        return []  # it is complete
    return [
        Candidate(f"{name} {each.value}", clean_line(each.description), each.label or each.value)
        for each in found
    ]

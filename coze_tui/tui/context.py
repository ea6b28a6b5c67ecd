"""The services that every screen shares, and the app in which screens find them. Imports no screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual import on
from textual.driver import Driver
from textual.notifications import Notify, SeverityLevel
from textual.screen import Screen
from textual.signal import Signal

from coze_tui.api.objects import Bot
from coze_tui.config.app_state import AppState, bot_key
from coze_tui.config.child_environment import child_environment
from coze_tui.config.settings import Settings
from coze_tui.config.startup import Startup
from coze_tui.config.tokens import OAuthPair, Secret
from coze_tui.diagnostics.notices import copied_text
from coze_tui.engine.thread import EngineThread
from coze_tui.errors import CozeTuiError, InternalError, StoreError
from coze_tui.render.palette import Palette
from coze_tui.terminal.app import TerminalApp
from coze_tui.terminal.pacing import over_ssh
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _, current_language, use_language
from coze_tui.tui.explained import explain
from coze_tui.tui.themes import ANSI_THEME, AUTO_THEME, DARK_THEME, LIGHT_THEME, palette_of
from coze_tui.tui.toasts import ToastQueue
from coze_tui.values import valueclass

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine
    from coze_tui.engine.model.dialects import Feature
    from coze_tui.engine.session.site import Connection

_PATIENCE_SECONDS = 10.0
"""Seconds of waiting after which the user may look elsewhere."""


@valueclass
class Demo:
    """The server of the demo, which runs in this process."""

    use_language: Callable[[str], Sequence[Bot]]
    """Lets its bots introduce themselves in a language, given by its code, and returns them."""


@valueclass
class LaunchTarget:
    """The conversation that the chat screen opens first."""

    conversation: str = ""
    """Its key; empty for a new conversation."""
    continues_last: bool = False
    """Without a key: open the latest conversation, if there is one."""
    demo: Demo | None = None
    """Set if the program runs as the demo."""


@valueclass
class StoreFailure:
    """A sentence about a failure of the store, and the earlier sentences that it replaces."""

    text: str
    replaced: tuple[str, ...]


class AppContext:
    """The settings, the engine and the other services of one run of the program.

    Screens read it as `CozeScreen.context`. All methods belong to the screen's loop.

    Args:
        app: Shows toasts, runs workers and writes to the terminal.
    """

    def __init__(self, app: ContextApp, startup: Startup, target: LaunchTarget | None = None) -> None:
        self.app = app
        self.startup = startup
        self.settings = startup.settings
        """The settings now; `start` has those with which the program was started."""
        self.target = target or LaunchTarget()
        self.engine_thread = EngineThread(self._build_engine)
        self.background = startup.remembered.background
        """The background of the terminal: `light`, `dark`, or empty if it has not reported one."""
        self.left_conversation = ""
        """Key of the conversation that is open when the program ends; empty if nothing was said in it."""
        self.wants_demo = False
        """The program ends only to run the demo."""
        self.language_changed: Signal[str] = Signal(app, "language changed")
        """Carries the code of the new language."""
        self.store_failed: Signal[StoreFailure] = Signal(app, "store failed")
        self.store_restored: Signal[Sequence[str]] = Signal(app, "store restored")
        """The store works again and has everything. Carries the sentences that are no longer true."""
        self._store_failures: dict[str, str] = {}
        """By the kind of the error: the sentence about it."""
        self._known_bots: dict[str, Bot] = {}
        """`bot_key` → what this run has learned of a bot."""
        self.demo_bots: Sequence[Bot] = ()
        """The bots of the demo; none if this is not the demo."""
        self._learn_demo_bots(current_language())
        # One thread writes all choices in order, so that a slow or locked disk never delays a key.
        self._state_thread = ThreadPoolExecutor(1, "app state")
        self._notified_limits: set[tuple[str, Feature]] = set()

    async def _build_engine(self) -> Engine:
        """Return the open engine. Runs in the engine's thread, which imports it after the first frame."""
        from coze_tui.engine.engine import Engine

        engine = Engine(
            self.settings,
            self.connect,
            self._report_store_failure,
            self._report_store_restored,
        )
        await engine.open(self.startup.paths.database_file)
        return engine

    def connect(self, settings: Settings, token: Secret | OAuthPair | None = None) -> Connection:
        """Return a connection to a site; by default with the token of the profile. See `Connection`."""
        from coze_tui.engine.session.site import Connection  # httpx loads after the first frame

        return Connection(self.startup.with_settings(settings), token)

    # --- errors ---

    def explain(self, error: CozeTuiError) -> str:
        """Return what happened, why, and what to do, for the site in use."""
        return explain(error, base_url=self.settings.base_url).text

    def notify_failure(self, error: CozeTuiError, consequence: str = "") -> None:
        """Show an error in a toast, after a sentence about its consequence if one is given."""
        text = self.explain(error)
        if consequence:
            text = _("{consequence}: {reason}").format(consequence=consequence.rstrip(".。"), reason=text)
        self.app.notify(text, severity="error", markup=False)

    def _report_store_failure(self, error: CozeTuiError) -> None:
        """Publish `store_failed`. Called from the engine's thread."""
        self.app.call_later(self._publish_store_failure, error)

    def _publish_store_failure(self, error: CozeTuiError) -> None:
        text, replaced = self.explain(error), None
        if isinstance(error, InternalError):
            text = f"{text} {self._write_report(error.fault)}"
        elif isinstance(error, StoreError):
            replaced = self._store_failures.pop(error.kind, None)
            self._store_failures[error.kind] = text
        self.store_failed.publish(StoreFailure(text, () if replaced is None else (replaced,)))

    def _report_store_restored(self) -> None:
        """Publish `store_restored`. Called from the engine's thread."""
        self.app.call_later(self._publish_store_restored)

    def _publish_store_restored(self) -> None:
        texts, self._store_failures = self._store_failures, {}
        self.store_restored.publish(tuple(texts.values()))

    def note_store_failure(self, error: StoreError) -> None:
        """Let the engine report that the store failed, and retry until it works again."""
        self.app.run_worker(
            self.engine_thread.call(lambda engine: engine.note_failure(error)), exit_on_error=False
        )

    def _write_report(self, fault: BaseException) -> str:
        """Write a crash report; return a sentence that names its path or says why there is none."""
        from coze_tui.diagnostics.crash import write_crash_report

        try:
            report = write_crash_report(self.startup.paths.crashes, fault, self.startup.environment)
        except OSError as failure:
            reason = failure.strerror or type(failure).__name__
            return _("Could not write a crash report: {reason}").format(reason=reason)
        return _("Crash report, without secrets: {path}").format(path=report)

    async def notify_limit(self, feature: Feature) -> None:
        """Warn that the server does not support a feature that is about to be used; once for each site."""
        site = self.settings.site
        found = await self.engine_thread.call(lambda engine: engine.limit(feature))
        if found is not None and (site, feature) not in self._notified_limits:
            self._notified_limits.add((site, feature))
            self.app.notify(found.text, severity="warning", markup=False)

    # --- appearance ---

    @property
    def palette(self) -> Palette:
        """Return the colors of rendered text in the current theme."""
        setting, in_tmux = self.settings.simple_emoji, "TMUX" in self.startup.environment
        simple = setting == "on" or (setting == "auto" and in_tmux)
        return replace(palette_of(self.app.current_theme), simple_emoji=simple)

    @property
    def max_fps(self) -> int:
        """Return how often a second a growing answer may be redrawn."""
        return self.settings.frame_rate(over_ssh=over_ssh(self.startup.environment))

    def choose_theme(self, name: str) -> None:
        """Use a theme now and at the next start; while NO_COLOR is set, only at a later start."""
        self.app.theme = self.app.theme_for(name)
        if name == AUTO_THEME and not self.app.no_color:
            self.app.ask_background()
        if self.app.no_color:
            self.app.notify(_("Saved. No colors are shown, because NO_COLOR is set."))
        self.settings = replace(self.settings, theme=name)
        self.remember("theme", name)

    def follow_background(self, is_light: bool) -> None:
        """Use the theme that goes with the background of the terminal, unless another one was chosen."""
        background = "light" if is_light else "dark"
        if background != self.background:
            self.background = background
            change = self._in_state_thread(lambda: self.startup.app_state.use_background(background))
            change.add_done_callback(asyncio.Future.exception)  # only the first frame would need it
        if self.settings.theme == AUTO_THEME:
            self.app.theme = self.app.theme_for(AUTO_THEME)

    def announce(self, title: str, text: str, seconds: float) -> None:
        """Ring the bell, and show a notification of the terminal, if the user may look elsewhere.

        Args:
            title: The conversation; may come from outside, like the text.
            seconds: How long the user has waited for it.
        """
        if self.settings.notifications != "never" and (not self.app.app_focus or seconds > _PATIENCE_SECONDS):
            self.app.run_worker(self._announce(title, text), group="announce", exit_on_error=False)

    async def _announce(self, title: str, text: str) -> None:
        from coze_tui.terminal import attention

        environment, choice = self.startup.environment, self.settings.notifications
        sequence = ""
        if choice != "bell":
            chosen: attention.Kind = choice if choice in ("osc9", "osc777") else ""  # type: ignore[assignment]
            if attention.in_tmux(environment):
                sequence = await attention.notification_in_tmux(
                    chosen, title, text, env=child_environment(environment)
                )
            else:
                kind = chosen or attention.kind_of(environment)
                sequence = attention.notification(kind, title, text)
        self.app.write_to_terminal(attention.BELL + sequence)

    def choose_language(self, code: str) -> None:
        """Use a language now and at the next start."""
        self.settings = replace(self.settings, language=code)
        self.remember("language", code)
        self.preview_language(code)

    def preview_language(self, code: str) -> None:
        """Use a language now. Does nothing if it is in use."""
        if code != current_language():
            use_language(code)
            self._learn_demo_bots(code)
            self.language_changed.publish(code)

    def choose_sidebar(self, choice: str) -> None:
        """Show or hide the event sidebar now and at the next start."""
        self.settings = replace(self.settings, sidebar=choice)
        self.remember("sidebar", choice)

    # --- the app state ---

    async def app_state(self) -> AppState:
        """Return the state that earlier runs of the program saved."""
        return await self._in_state_thread(self.startup.app_state.read)

    def remember(self, name: str, value: str) -> None:
        """Store a setting for the next start; warn in a toast if that fails."""
        change = self._in_state_thread(lambda: self.startup.app_state.choose(name, value))
        change.add_done_callback(self._warn_if_not_stored)

    def known_bot(self) -> Bot:
        """Return the bot of the settings with its known name and details; sends no request."""
        key = bot_key(self.settings.bot_id, self.settings.base_url)
        name = self.startup.remembered.recent_bots.get(key, "")
        return self._known_bots.get(key, Bot(id=self.settings.bot_id, name=name))

    def note_bot(self, bot: Bot) -> None:
        """Let `known_bot` return a bot of the site in use from now on."""
        self._known_bots[bot_key(bot.id, self.settings.base_url)] = bot

    def _learn_demo_bots(self, code: str) -> None:
        if self.target.demo is not None:
            self.demo_bots = self.target.demo.use_language(code)
            for bot in self.demo_bots:
                self.note_bot(bot)

    def remember_bot(self, bot: Bot) -> None:
        """Store a bot as the last one of its profile. A failure is ignored: only a convenience is lost."""
        self.note_bot(bot)
        settings, name = self.settings, clean_line(bot.name)
        started = self.startup.settings
        is_of_project = started.source_of("bot_id").kind == "project" and bot.id == started.bot_id
        self._in_state_thread(
            lambda: self.startup.app_state.use_bot(
                settings.profile, settings.base_url, bot.id, name, is_last=not is_of_project
            )
        ).add_done_callback(asyncio.Future.exception)

    def _in_state_thread(self, work: Callable[[], AppState]) -> asyncio.Future[AppState]:
        return asyncio.get_running_loop().run_in_executor(self._state_thread, work)

    def _warn_if_not_stored(self, change: asyncio.Future[AppState]) -> None:
        try:
            change.result()
        except StoreError as error:
            reason = self.explain(error)
        except OSError as error:
            reason = error.strerror or type(error).__name__
        else:
            return
        text = _("Not saved for the next start: {reason}").format(reason=clean_line(reason))
        self.app.notify(text, severity="warning")

    # --- the site and the clipboard ---

    async def use(self, settings: Settings) -> None:
        """Let the program and the engine work with other settings from now on."""
        self.settings = settings
        await self.engine_thread.call(lambda engine: engine.site.use(settings))

    def copy(self, text: str, what: str = "") -> None:
        """Copy a text, and show in a toast which way it was copied.

        Args:
            what: The name of what is copied, translated; empty for a text that the user sees.
        """
        if not text:
            self.app.notify(_("There is nothing to copy."))
            return
        self.app.run_worker(self._copy(text, what), group="copy", exit_on_error=False)

    async def _copy(self, text: str, what: str) -> None:
        from coze_tui.terminal.clipboard import copy

        copied = await copy(
            text,
            write=self.app.write_to_terminal,
            folder=self.startup.paths.copies,
            env=child_environment(self.startup.environment),
        )
        self.app.notify(copied_text(copied, what), markup=False)


class ContextApp(TerminalApp[None]):
    """An app whose screens find their services in `context`. It shows one toast at a time."""

    context: AppContext

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class)
        self._toasts = ToastQueue(self)
        self._toast_owner: Screen[Any] | None = None
        """The screen with which the toast leaves that is shown."""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
        owner: Screen[Any] | None = None,
    ) -> None:
        """Show a toast in place of the one before. Call it in the app's loop.

        Args:
            message: It begins with the fact: "Copied 189 characters".
            markup: Unlike Textual, no text is markup by default.
            owner: The screen whose keys the message names. The toast leaves with it.
        """
        show_toast = super().notify

        def show() -> None:
            if owner is None or owner in self.screen_stack:
                self._toast_owner = owner
                show_toast(message, title=title, severity=severity, timeout=timeout, markup=markup)

        self._toasts.add(show, severity)

    def take_away_toast_of(self, owner: Screen[Any]) -> None:
        """Remove the toast that is shown if it belongs to a screen."""
        if self._toast_owner is owner:
            self._toast_owner = None
            self.clear_notifications()

    @on(Notify)
    def _take_away_toast(self) -> None:
        # Textual's own handler comes next and adds the new one. It leaves the empty place of the old one.
        self.clear_notifications()
        for screen in self.screen_stack:
            screen.query("ToastHolder").remove()

    def theme_for(self, name: str) -> str:
        """Return the theme that shows if this one is chosen: without colors always the terminal's own."""
        if self.no_color:
            return ANSI_THEME
        if name == AUTO_THEME and self.context.background == "light":
            return LIGHT_THEME
        return name if name in self.available_themes else DARK_THEME

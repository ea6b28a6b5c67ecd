"""The terminal and the bot, examined: keys, copies and widths of characters; token, permissions and bot."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, getters, work
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import TextArea

from coze_tui.diagnostics.help_pages import help_page
from coze_tui.diagnostics.notices import explain_library
from coze_tui.engine.library.bot_checks import Check, check_bot
from coze_tui.errors import CozeTuiError
from coze_tui.render.cells import cell_len, fit, pad
from coze_tui.terminal import attention
from coze_tui.terminal.textual_overrides import changed_library
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _
from coze_tui.tui.key_names import bindings_of, long_key
from coze_tui.tui.screens.coze_screen import Pager, Panel
from coze_tui.tui.widgets.text_views import Paragraph, Paragraphs

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine

_MOST_KEYS = 4
_VERDICTS = {"good": ("✓", "good"), "note": ("!", "attention"), "wrong": ("✗", "failure")}
_KEY_CELLS = 14
_VARIABLES = ("TERM", "TERM_PROGRAM", "COLORTERM", "NO_COLOR", "TMUX", "STY", "SSH_CONNECTION", "SSH_TTY")
_SIGNS = ("0123456789", "一二三四五", "👍👩‍👩‍👧🇨🇳❤️👋🏽", "e̊a̋ȯûı́ñçx̂ẙz̄")
"""Each should take ten cells."""


class DoctorScreen(Panel[None]):
    """A panel on which the user tries three things that differ between terminals, and checks the bot.

    Args:
        screen: The screen whose keys are tested. They are read now, while it still has its focus.
        bot_id: The bot to check; empty if none is chosen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", N_("copy a line"), id="doctor.copy"),
        Binding("b", "check", N_("check the bot"), id="doctor.check"),
        Binding("pagedown", "page(1)", N_("page down"), id="doctor.page_down", show=False),
        Binding("pageup", "page(-1)", N_("page up"), id="doctor.page_up", show=False),
    ]
    PART = N_("Doctor")

    keys = getters.query_one("#keys", Paragraphs)
    checks = getters.query_one("#checks", Paragraphs)
    reading = getters.query_one(Pager)

    def __init__(self, screen: Screen[Any], bot_id: str = "") -> None:
        super().__init__(_("Doctor"), is_tall=True)
        self._meanings = _meanings(screen)
        self._types = isinstance(screen.focused, TextArea)
        self._bot_id = bot_id
        self._pressed: deque[Paragraph] = deque(maxlen=_MOST_KEYS)
        self._checked: list[Paragraph] = []

    def body(self) -> Iterable[Widget]:
        """Yield the parts about keys, clipboard, terminal and bot."""
        with Pager(classes="body") as reading:
            reading.can_focus = False
            yield Paragraphs(
                [(_("KEYS"), "muted bold")],
                _("Press any keys to see how they arrive here and what they do in the chat."),
            )
            yield Paragraphs("", id="keys")
            yield Paragraphs(
                "",
                [(_("CLIPBOARD"), "muted bold")],
                *self._clipboard(),
                *self._library(),
                "",
                [(_("TERMINAL"), "muted bold")],
                *self._terminal(),
                "",
                _("If the bars line up, the terminal and coze-tui agree on character widths:"),
                *([(f"{pad(signs, 10)}│", "text")] for signs in _SIGNS),
                [(self._emoji(), "muted")],
            )
            asks = _(
                "Press b to check the token, its permissions and the bot on the server: about 15 API calls, "
                "no tokens."
            )
            yield Paragraphs("", [(_("BOT"), "muted bold")], [(asks, "muted")])
            yield Paragraphs(id="checks")

    def on_mount(self) -> None:
        """Show that no key was pressed yet."""
        self._show_keys()

    def on_key(self, key: events.Key) -> None:
        """Show a pressed key; only keys of this dialog have another effect."""
        if key.key not in bindings_of(self, self).key_to_bindings:
            key.stop()
            key.prevent_default()
        meaning = self._meanings.get(key.key)
        if meaning is None and key.is_printable:
            meaning = _("text") if self._types else ""
        self._pressed.appendleft(
            [
                (fit(long_key(key.key), _KEY_CELLS), "bot bold"),
                (meaning or _("does nothing in the chat"), "text"),
            ]
        )
        self._show_keys()

    def action_page(self, step: int) -> None:
        """Scroll by pages."""
        self.reading.scroll_relative(y=step * (self.reading.size.height - 1), animate=False)

    def _show_keys(self) -> None:
        waiting: list[Paragraph] = [[("…", "muted")]] * (_MOST_KEYS - len(self._pressed))
        hint = _(
            "If Shift+Enter shows up as Enter, your terminal cannot tell them apart; use {key} for "
            "a new line."
        ).format(key=long_key("ctrl+j"))
        self.keys.show(*self._pressed, *waiting, [(hint, "muted")])

    def _clipboard(self) -> Sequence[Paragraph]:
        folder = clean_line(str(self.context.startup.paths.copies))
        if self.context.startup.environment.get("TMUX"):
            way = _("Copied text goes to the tmux buffer, and from there to the terminal's clipboard.")
        else:
            way = _(
                "Copied text is sent to the terminal's clipboard (OSC 52) and saved to a file in {folder}."
            ).format(folder=folder)
        return (way, [(_("Terminals do not confirm this: press y, then paste somewhere to check."), "muted")])

    def _emoji(self) -> str:
        if self.context.palette.simple_emoji:
            return _("simple_emoji is on, so ambiguous emoji are simplified in answers.")
        return _("If they do not, turn on simple_emoji in the settings.")

    def action_copy(self) -> None:
        """Copy a line with the current time."""
        text = _("copied by coze-tui at {time}").format(time=time.strftime("%H:%M:%S"))
        self.context.copy(text, _("a line"))

    # --- the bot ---

    @work(exclusive=True, group="check", exit_on_error=False)
    async def action_check(self) -> None:
        """Check the token and the bot on the server; each result is shown when it arrives."""
        self._checked = []
        self._show_checks(_("checking…"))

        async def run(engine: Engine) -> None:
            client, settings = await engine.site.client(), replace(engine.settings, bot_id=self._bot_id)
            async for check in check_bot(client, settings):
                self.app.call_later(self._add_check, check)

        try:
            await self.context.engine_thread.call(run)
        except CozeTuiError as error:
            self._add_check(Check(_("site"), "wrong", error=error))
        # Behind the results that the loop has not shown yet.
        self.app.call_later(self._show_checks)

    def _add_check(self, check: Check) -> None:
        sign, role = _VERDICTS[check.verdict]
        self._checked.append([(f"{sign} ", role), (f"{check.subject}  ", "muted"), (check.text, "text")])
        if check.error is not None:
            self._checked.append(self.context.explain(check.error))
            if page := help_page(check.error):
                self._checked.append([(_("More help: {url}").format(url=page), "muted")])
        self._show_checks(_("checking…"))

    def _show_checks(self, more: str = "") -> None:
        if self.is_attached:
            self.checks.show(*self._checked, *([[(more, "muted")]] if more else []))
            self.reading.scroll_end(animate=False)

    def _library(self) -> Sequence[Paragraph]:
        library = changed_library()
        return ("", explain_library(*library)) if library is not None else ()

    def _notifications(self) -> str:
        """Return how the end of an answer is signaled."""
        environment, choice = self.context.startup.environment, self.context.settings.notifications
        if choice == "never":
            return _("off")
        kind = choice if choice != "auto" else attention.kind_of(environment)
        if choice != "bell" and attention.in_tmux(environment):
            return _("the bell, and what tmux passes on")
        match kind:
            case "osc9":
                return _("the bell, and OSC 9")
            case "osc777":
                return _("the bell, and OSC 777")
            case _:
                return _("the bell only")

    def _terminal(self) -> Sequence[Paragraph]:
        environment, size = self.context.startup.environment, self.app.size
        facts = {
            _("size"): f"{size.width}×{size.height}",
            _("colors"): self.app.console.color_system or _("none"),
            _("redraws per second"): str(self.context.max_fps),
            _("background"): _(self.context.background) if self.context.background else _("unknown"),
            _("window title"): _("shown") if self.context.app.window.is_pushed else _("not shown"),
            _("notifications"): self._notifications(),
            **{name: clean_line(environment[name]) for name in _VARIABLES if environment.get(name)},
        }
        width = max(map(cell_len, facts))
        return [[(pad(name, width + 2), "muted"), (value, "text")] for name, value in facts.items()]


def _meanings(screen: Screen[Any]) -> Mapping[str, str]:
    """Return what each key does at the focus, by key name; the innermost widget takes precedence."""
    found: dict[str, str] = {}
    around = screen.focused.ancestors_with_self if screen.focused is not None else (screen, screen.app)
    for node in around:
        for key, binding in bindings_of(node, screen):
            words = _(binding.tooltip or binding.description) if binding.description else ""
            found.setdefault(key, " · ".join(filter(None, (words, binding.id))))
    return found

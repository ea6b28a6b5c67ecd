"""The pickers for theme and language. They show a choice while the cursor is on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.theme import Theme
from textual.timer import Timer

from coze_tui.render.cells import cell_len
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _, current_language, languages
from coze_tui.tui.context import AppContext
from coze_tui.tui.screens.filter_panel import FilterPanel
from coze_tui.tui.themes import ANSI_THEME, AUTO_THEME, theme_variable_defaults, themes
from coze_tui.tui.widgets.line_widget import Part
from coze_tui.tui.widgets.select_list import ListRow

_PREVIEW_SECONDS = 0.08
"""Seconds that the cursor rests on a theme before the screen is drawn in it."""
_SWATCH = "██"
_SWATCH_ROLES = ("bot", "user", "good", "attention", "failure")


def choose_theme(context: AppContext, name: str = "") -> None:
    """Use a theme; let the user pick one if none has this name."""
    if name == AUTO_THEME or name in context.app.available_themes:
        context.choose_theme(name)
    else:
        before = context.app.theme

        def end(chosen: str | None) -> None:
            if chosen is not None:
                context.choose_theme(chosen)
            else:
                context.app.theme = before

        context.app.push_screen(ThemePicker(context, name), end)


def choose_language(context: AppContext, code: str = "") -> None:
    """Use a language; let the user pick one if none has this code."""
    if code in languages():
        context.choose_language(code)
    else:
        before = current_language()

        def end(chosen: str | None) -> None:
            if chosen is not None:
                context.choose_language(chosen)
            else:
                context.preview_language(before)

        context.app.push_screen(LanguagePicker(context, code), end)


class PreviewPicker(FilterPanel):
    """A picker that shows a choice in place while the cursor is on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", N_("preview"), id="picker.up", key_display="↑↓", priority=True),
        Binding("enter", "choose", N_("keep"), id="picker.choose"),
        Binding("escape", "leave", N_("back"), id="panel.leave"),
    ]
    PART = N_("Picker with preview")
    FOOTER = ("picker.up", "picker.choose")


class ThemePicker(PreviewPicker):
    """Asks for a theme, and shows each in place while the cursor is on it. Saves nothing itself.

    Args:
        text: The initial text of the field.
    """

    PART = N_("Theme")

    def __init__(self, context: AppContext, text: str = "") -> None:
        super().__init__(_("Theme"), placeholder=_("Filter the themes"), text=text)
        self._context_app = context.app
        self._now = context.settings.theme
        self._own = tuple(theme.name for theme in themes())
        self._waiting: Timer | None = None

    def on_mount(self) -> None:
        """Put the cursor on the theme in use."""
        if self._context_app.no_color:
            self.heading.show_remark(_("no colors: NO_COLOR is set"))
        self.show_rows(self._now)

    def rows_for(self, query: str, width: int) -> Sequence[ListRow]:
        known = self._context_app.available_themes
        others = sorted(name for name in known if name not in self._own)
        own = (AUTO_THEME, *self._own)
        column = max(map(cell_len, known)) + 3
        rows: list[ListRow] = []
        for title, names in (("", own), (_("TEXTUAL THEMES"), others)):
            shown = [name for name in names if query.casefold() in name.casefold()]
            if title and shown:
                rows += [ListRow(None, ())] if rows else []
                rows.append(ListRow(None, ((title, "muted bold"),)))
            rows += [self._row(name, column) for name in shown]
        return rows

    def _row(self, name: str, column: int) -> ListRow:
        is_now = name == self._now
        app = self._context_app
        theme = app.available_themes[app.theme_for(name) if name == AUTO_THEME else name]
        kind = _kind_of(theme)
        if name == AUTO_THEME:
            kind = _("like the terminal: {kind}").format(kind=kind)
        left: list[Part] = [(clean_line(name).ljust(column), "text bold" if is_now else "text")]
        left += [*_swatches(theme), (f"  {kind}", "muted")]
        return ListRow(name, tuple(left), (("● " + _("now"), "bot"),) if is_now else ())

    def moved(self, key: str | None) -> None:
        """Show the theme, unless the cursor moves on at once."""
        if self._waiting is not None:
            self._waiting.stop()
        if key is not None:
            self._waiting = self.set_timer(_PREVIEW_SECONDS, lambda: self._preview(key))

    def _preview(self, name: str) -> None:
        self._context_app.theme = self._context_app.theme_for(name)


def _swatches(theme: Theme) -> list[Part]:
    """Return the colors of a theme side by side."""
    colors = theme_variable_defaults(theme) | theme.variables
    return [(_SWATCH, colors[role]) for role in _SWATCH_ROLES]


def _kind_of(theme: Theme) -> str:
    if theme.name == ANSI_THEME or theme.ansi:
        return _("terminal colors")
    return _("dark") if theme.dark else _("light")


class LanguagePicker(PreviewPicker):
    """Asks for a language, and shows each in place while the cursor is on it. Saves nothing itself."""

    PART = N_("Language")

    def __init__(self, context: AppContext, text: str = "") -> None:
        super().__init__(_("Language"), placeholder=_("Filter the languages"), text=text, is_tall=False)
        self._services = context
        self._now = current_language()

    def on_mount(self) -> None:
        """Put the cursor on the language in use."""
        self.show_rows(self._now)

    def rows_for(self, query: str, width: int) -> Sequence[ListRow]:
        column = max(map(cell_len, languages())) + 3
        rows = []
        for code, name in languages().items():
            if query.casefold() in f"{code}\n{name}".casefold():
                left = ((code.ljust(column), "muted"), (name, "text bold" if code == self._now else "text"))
                right = (("● " + _("now"), "bot"),) if code == self._now else ()
                rows.append(ListRow(code, left, right))
        return rows

    def moved(self, key: str | None) -> None:
        """Show the language, on this panel too."""
        if key is not None and key != current_language():
            self._services.preview_language(key)
            self.heading.rename(_("Language"))
            self.field.placeholder = _("Filter the languages")
            self.refresh_bindings()
            self.show_rows()

"""A text box of several lines: cuts no emoji, shows long pastes as tokens, and is as high as its text."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Self

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import DocumentNavigator, Edit, EditResult, Location, Selection

from coze_tui.render.cells import fit
from coze_tui.terminal.app import paint_now
from coze_tui.terminal.keys import KeyRun
from coze_tui.terminal.textual_overrides import private_override
from coze_tui.text.cleaning import clean
from coze_tui.text.i18n import N_
from coze_tui.text.words import word_left, word_right
from coze_tui.tui.widgets.field import edit
from coze_tui.tui.widgets.line_widget import RoleStyles
from coze_tui.tui.widgets.prompt.lines import PromptLines, cluster_at, next_border
from coze_tui.tui.widgets.prompt.pastes import Pastes

_BURST_PAUSE = 0.5
"""Seconds after which further characters do not belong to the same burst."""
_MARK_WIDTH = 2


class _Burst(NamedTuple):
    """Characters that arrived faster than a person types, so far."""

    start: Location
    end: Location
    shown: str
    """The text between the two; before the first run the selected text."""
    whole: str
    at: float


class TextBox(TextArea, inherit_bindings=False):
    """A text box that grows from one row to ten. Long pastes are tokens in it; `message` has their text.

    Without `private_override`s it grows a little later, and Textual wraps its text.
    """

    PART = N_("Editing")
    BINDINGS: ClassVar[list[BindingType]] = [
        edit("up", "cursor_up", "up", N_("line up")),
        edit("down", "cursor_down", "down", N_("line down")),
        edit("left", "cursor_left", "left", N_("left")),
        edit("right", "cursor_right", "right", N_("right")),
        edit("ctrl+left,alt+b", "cursor_word_left", "word_left", N_("word left")),
        edit("ctrl+right,alt+f", "cursor_word_right", "word_right", N_("word right")),
        edit("home,ctrl+a", "cursor_line_start", "line_start", N_("start of the line")),
        edit("end,ctrl+e", "cursor_line_end", "line_end", N_("end of the line")),
        edit("shift+left", "cursor_left(True)", "select_left", N_("select left")),
        edit("shift+right", "cursor_right(True)", "select_right", N_("select right")),
        edit("ctrl+shift+left", "cursor_word_left(True)", "select_word_left", N_("select a word left")),
        edit("ctrl+shift+right", "cursor_word_right(True)", "select_word_right", N_("select a word right")),
        edit("shift+home", "cursor_line_start(True)", "select_to_start", N_("select to the start")),
        edit("shift+end", "cursor_line_end(True)", "select_to_end", N_("select to the end")),
        edit("f7", "select_all", "select_all", N_("select all")),
        edit("backspace", "delete_left", "delete_left", N_("delete left")),
        edit("delete,ctrl+d", "delete_right", "delete_right", N_("delete right")),
        edit("ctrl+w,ctrl+backspace,alt+backspace", "delete_word_left", "delete_word", N_("delete a word")),
        edit("alt+d,alt+delete", "delete_word_right", "delete_word_right", N_("delete the next word")),
        edit("ctrl+u", "delete_to_start_of_line", "delete_to_start", N_("delete to the start of the line")),
        edit("ctrl+k", "delete_to_end_of_line_or_delete_line", "delete_to_end", N_("delete to the end")),
        edit("ctrl+x", "cut", "cut", N_("cut")),
        edit("ctrl+v", "paste", "paste", N_("paste what was cut")),
        edit("ctrl+underscore,super+z", "undo", "undo", N_("undo")),
        edit("ctrl+y,super+y", "redo", "redo", N_("redo")),
    ]
    MOST_ROWS: ClassVar[int] = 10

    folds_pastes: ClassVar[bool] = False
    """A paste that fills the box becomes a token; otherwise only one that the box cannot hold."""
    takes_line_ends: ClassVar[bool] = True
    """See `TakesRuns`."""

    _is_due = False
    """Whether it is painted after the current message was handled."""

    class PasteRefused(Message):
        """A paste was too long to be accepted."""

        def __init__(self, characters: int) -> None:
            super().__init__()
            self.characters = characters

    class PasteNotShown(Message):
        """A paste is too long for the box to show its text."""

        def __init__(self, characters: int) -> None:
            super().__init__()
            self.characters = characters

    def __init__(self, *, id: str | None = None) -> None:
        self._pastes = Pastes()
        self._roles = RoleStyles()
        self._burst: _Burst | None = None
        super().__init__(highlight_cursor_line=False, id=id)
        self.cursor_blink = False
        self.match_cursor_bracket = False

    @property
    def message(self) -> str:
        """Return the text, with pastes in place of their tokens."""
        return self._pastes.whole(self.text)

    def set_message(self, text: str) -> None:
        """Replace the whole text as one step of undo; the cursor is at its end, large pastes are tokens."""
        text = self._pastes.folded(clean(text))
        self.put(self._pastes.keep(text, "") if Pastes.is_long(text) else text)

    def clear_message(self) -> bool:
        """Clear the box, which undo restores.

        Returns:
            Whether there was a text.
        """
        if not self.text:
            return False
        self.put("")
        return True

    def placeholder_text(self, width: int) -> str:
        """Return the text of an empty box, at most `width` cells wide."""
        return ""

    def mark(self) -> str:
        """Return the sign before the first row, one cell wide."""
        return "›"

    def action_paste(self) -> None:
        """Insert the text that was cut or copied in this program."""
        self.insert_pasted(self.app.clipboard)

    # --- text that Textual would lose ---

    def on_key(self, key: events.Key) -> None:
        """Insert characters that Textual takes for unprintable."""
        if key.character and not key.is_printable and is_text(key.character):
            key.stop()
            key.prevent_default()
            self.insert_typed(key.character)

    def put(self, shown: str) -> None:
        """Replace the text of the box as one step of undo."""
        if shown == self.text:
            return
        self.history.checkpoint()
        self.replace(shown, (0, 0), self.document.end, maintain_selection_offset=False)
        self.history.checkpoint()
        self.move_cursor(self.document.end)

    def on_key_run(self, run: KeyRun) -> None:
        """Insert characters that were read at once.

        Runs that follow each other are one text. If the box cannot hold it, it becomes a token.
        """
        if (typed := self.typed_part(run)) is None:
            return
        run, burst = typed, self._burst
        if (
            burst is None
            or run.time - burst.at > _BURST_PAUSE
            or self.selection != Selection.cursor(burst.end)
            or self.get_text_range(burst.start, burst.end) != burst.shown
        ):
            start, end = sorted((self.selection.start, self.selection.end))
            burst = _Burst(start, end, self.get_text_range(start, end), "", run.time)
        text = clean(run.text)
        whole = burst.whole + text
        if Pastes.is_too_long(whole):
            self.post_message(self.PasteRefused(len(whole)))
            return
        held = len(self.text) - len(burst.shown)
        if Pastes.is_long_typed(whole, held) or (self.folds_pastes and Pastes.has_large_height(whole)):
            shown = self._pastes.keep(whole, self.text)
            self.replace(shown, burst.start, burst.end, maintain_selection_offset=False)
        else:
            self.insert_typed(text)
            shown = whole
        self._burst = _Burst(burst.start, self.cursor_location, shown, whole, run.time)

    def typed_part(self, run: KeyRun) -> KeyRun | None:
        """Return the part of a run that is text, after handling the keys before it; None if there is none."""
        return run

    # --- pasting ---

    def on_paste(self, paste: events.Paste) -> None:
        """Insert a paste cleaned or as a token, which Textual would insert unchanged."""
        paste.stop()
        paste.prevent_default()
        self.insert_pasted(paste.text)

    def insert_pasted(self, text: str) -> None:
        """Insert text from outside at the cursor: cleaned, and as a token if it is long."""
        if Pastes.is_too_long(text):
            self.post_message(self.PasteRefused(len(text)))
            return
        text = clean(text)
        if Pastes.is_long(text, len(self.text)) or (self.folds_pastes and Pastes.is_large(text)):
            text = self._pastes.keep(text, self.text)
        if text:
            self.insert_typed(text)

    def insert_text(self, text: str) -> None:
        """Insert a text at the cursor: cleaned, and as a token only if the box cannot hold it."""
        text = clean(text)
        self.insert_typed(
            self._pastes.keep(text, self.text) if Pastes.is_long(text, len(self.text)) else text
        )

    def insert_typed(self, text: str) -> None:
        """Replace the selection; the cursor is after the text."""
        self.replace(text, *self.selection, maintain_selection_offset=False)

    @property
    def selected_text(self) -> str:
        """Return the selected text, with pastes in place of their tokens."""
        return self._pastes.whole(super().selected_text)

    def action_cut(self) -> None:
        """Cut the selection, or without one the line of the cursor."""
        start, end = sorted((self.selection.start, self.selection.end))
        if start == end:
            start, end = self._line_span(start[0])
        if text := self._pastes.whole(self.get_text_range(start, end)):
            self.delete(start, end, maintain_selection_offset=False)
            self.app.copy_to_clipboard(text)

    def _line_span(self, row: int) -> tuple[Location, Location]:
        """Return the start and end of a line, including one line end next to it."""
        if row + 1 < self.document.line_count:
            return (row, 0), (row + 1, 0)
        start = (row - 1, len(self.document[row - 1])) if row else (0, 0)
        return start, (row, len(self.document[row]))

    def tokens_of(self, line: str) -> list[tuple[int, int]]:
        """Return the columns at which the tokens of pastes in a line start and end."""
        return self._pastes.spans(line)

    @property
    def has_tokens(self) -> bool:
        """Return whether a paste is shown as a token."""
        return any(self._pastes.spans(line) for line in self.document.lines)

    def action_open_paste(self) -> None:
        """Replace a token with the text of its paste: at the cursor, or else the last one before it."""
        cursor = self.cursor_location
        found = [
            (row, first, last)
            for row, line in enumerate(self.document.lines)
            for first, last in self._pastes.spans(line)
        ]
        if not found:
            return
        row, first, last = next((each for each in reversed(found) if each[:2] <= cursor), found[0])
        token = self.document[row][first:last]
        text = self._pastes.text_of(token)
        if Pastes.is_long(text, len(self.text) - len(token)):
            self.post_message(self.PasteNotShown(len(text)))
            return
        self.history.checkpoint()
        self.replace(self._pastes.open(token), (row, first), (row, last), maintain_selection_offset=False)
        self.history.checkpoint()
        self.move_cursor((row, first))

    def remove_line_end(self) -> bool:
        """Remove the line end right before the cursor; return False if there is none."""
        row, column = self.cursor_location
        if column or not row:
            return False
        self.replace("", (row - 1, len(self.document[row - 1])), (row, 0), maintain_selection_offset=False)
        return True

    # --- tokens and clusters ---

    def validate_selection(self, selection: Selection) -> Selection:
        """Move the ends of the selection out of tokens and graphemes."""
        start = self._snapped(selection.start, self.selection.start)
        return Selection(start, self._snapped(selection.end, self.selection.end))

    def _snapped(self, location: Location, before: Location | None = None) -> Location:
        """Return the nearest valid position of the cursor, depending on its previous position."""
        row, column = location
        if not 0 <= row < self.document.line_count:
            return location
        first, last = self._whole(self.document[row], column)
        if first == last:
            return location
        came_from_left = before is not None and before < location and before[0] == row
        return (row, last if came_from_left else first)

    def _whole(self, line: str, column: int) -> tuple[int, int]:
        """Return the token or character around a column as start and end; both are the column at a border."""
        for first, last in self._pastes.spans(line):
            if first < column < last:
                return first, last
        return cluster_at(line, column)

    def get_cursor_right_location(self) -> Location:
        """Return the location after the grapheme or token under the cursor."""
        row, column = self.cursor_location
        line = self.document[row]
        if column >= len(line):
            return super().get_cursor_right_location()
        for first, last in self._pastes.spans(line):
            if first == column:
                return row, last
        return row, next_border(line, column)

    def get_cursor_word_left_location(self) -> Location:
        """Return the start of the word before the cursor; at a line's start, the end of the one above."""
        row, column = self.cursor_location
        if column == 0 and row:
            return row - 1, len(self.document[row - 1])
        return row, word_left(self.document[row], column)

    def get_cursor_word_right_location(self) -> Location:
        """Return the end of the word after the cursor; at the end of a line, the start of the one below."""
        row, column = self.cursor_location
        if column == len(self.document[row]) and row < self.document.line_count - 1:
            return row + 1, 0
        return row, word_right(self.document[row], column)

    def action_delete_word_right(self) -> None:
        """Delete the selection, or without one the text up to the end of the next word."""
        start, end = self.selection
        if start == end:
            end = self.get_cursor_word_right_location()
        self.delete(start, end, maintain_selection_offset=False)

    def delete(self, start: Location, end: Location, *, maintain_selection_offset: bool = True) -> EditResult:
        """Delete the text between two places, and the rest of a grapheme or token that this would cut."""
        start, end = min(start, end), max(start, end)
        row, column = end
        if row < self.document.line_count:  # a whole line ends at the beginning of the next, also of none
            end = (row, self._whole(self.document[row], column)[1])
        return super().delete(self._snapped(start), end, maintain_selection_offset=maintain_selection_offset)

    def get_line(self, line_index: int) -> Text:
        """Return a line for painting: tokens are highlighted, and the cursor covers a whole grapheme."""
        line = super().get_line(line_index)
        text = line.plain
        for first, last in self._pastes.spans(text):
            line.stylize(self.style_of("attention"), first, last)
        row, column = self.cursor_location
        if row == line_index and self.has_focus and self.selection.is_empty and not text.isascii():
            last = next_border(text, column)
            if last > column + 1:
                line.stylize(self.get_component_rich_style("text-area--cursor"), column, last)
        return line

    # --- looks ---

    @property
    def gutter_width(self) -> int:
        """Return the cells of the mark at the left."""
        return _MARK_WIDTH

    def render_line(self, y: int) -> Strip:
        """Return the mark, and a row of text or the placeholder."""
        is_first = y + self.scroll_offset.y == 0
        mark = f"{self.mark()} " if is_first else "  "
        base = self.rich_style
        marked = Strip([Segment(mark, base + self.style_of("user") + Style(bold=True))], _MARK_WIDTH)
        if not self.text and y == 0:
            return Strip.join([marked, self._placeholder_line(base)])
        return Strip.join([marked, super().render_line(y)]).simplify()

    def _placeholder_line(self, base: Style) -> Strip:
        width = max(0, self.content_size.width - _MARK_WIDTH)
        text = fit(self.placeholder_text(width), width)
        muted = base + self.style_of("muted")
        if not self.has_focus or not text:
            return Strip([Segment(text, muted)], width)
        cursor = self.get_component_rich_style("text-area--cursor")
        clusters = next_border(text, 0)
        return Strip(
            [
                Segment(text[:clusters], muted + cursor),
                Segment(text[clusters:], muted),
            ],
            width,
        )

    def style_of(self, role: str) -> Style:
        """Return the style of a role."""
        return self._roles.style(self.app.theme_variables, role)

    @private_override
    def _set_document(self, text: str, language: str | None) -> None:
        super()._set_document(text, language)
        self.wrapped_document = PromptLines(self.document, self.wrap_width, self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._refresh_size()

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Repaint without waiting for the next frame, because the user has just typed."""
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        if repaint and not self._is_due and self.is_attached:
            self._is_due = True
            self.call_next(self._paint)
        return self

    def _paint(self) -> None:
        self._is_due = False
        paint_now(self)

    def edit(self, edit: Edit) -> EditResult:
        """Edit the text, then scroll to the cursor, because Textual scrolls before it counts the rows."""
        result = super().edit(edit)
        self.scroll_cursor_visible()
        return result

    @private_override
    def _refresh_size(self) -> None:
        # Called in every edit, so that a new row is never painted in a box too low for it.
        self._fit_height()
        super()._refresh_size()

    @on(TextArea.Changed)
    def _fit_height(self) -> None:
        rows = max(1, min(self.MOST_ROWS, self.wrapped_document.height))
        if self.styles.height is None or self.styles.height.value != rows:
            self.styles.height = rows


def is_text(character: str) -> bool:
    """Return whether a character is text. Textual drops some: the ideographic space, the joiner of emoji."""
    return character >= "\xa0" and clean(character) == character

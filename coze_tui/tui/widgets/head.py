"""Lines at the top of a screen or a pane: its name and the facts about its content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.strip import Strip

from coze_tui.engine.model.outcomes import error_of, shown_outcome_of, total_us_of
from coze_tui.render.cells import cell_len, shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import tail, thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.tui.widgets.line_widget import LineWidget, Part, width_of
from coze_tui.tui.widgets.status import Chip

if TYPE_CHECKING:  # the first screen does without them
    from coze_tui.engine.analysis.frames_table import InspectedChat
    from coze_tui.engine.model.records import ChatRecord

HeadParts = tuple[Sequence[Part], Sequence[Part]]
"""The parts at the left and at the right of one line."""
Layout = Callable[[int], Sequence[HeadParts]]
"""Returns the lines of a head for a width in cells."""

_LEAST_QUESTION = 10
_LEAST_GAP = 3
"""Cells between the two sides."""


class HeadLine(LineWidget):
    """Draws one or a few lines; paints only if they look different.

    Args:
        layout: Called when the line is drawn, so that it adapts to width and language.
    """

    def __init__(
        self, layout: Layout | None = None, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._layout = layout if layout is not None else lambda _width: ()
        self._shown: Sequence[HeadParts] = ()
        """The last painted content, at any width."""
        self._ground = ""

    def show(self, left: Sequence[Part], right: Sequence[Part] = ()) -> None:
        """Show this line."""
        self.show_lines((left, right))

    def show_lines(self, *lines: HeadParts) -> None:
        """Show these lines."""
        self.show_layout(lambda _width: lines)

    def show_layout(self, layout: Layout) -> None:
        """Show the lines that this function returns for the width."""
        self._layout = layout
        self.flush()

    def select(self, is_selected: bool) -> None:
        """Draw the line as selected or not."""
        self._ground = "selected" if is_selected else ""
        self.refresh()

    def flush(self) -> None:
        """Repaint if the lines have changed."""
        if self._layout(self.line_width) != self._shown:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a line."""
        lines = self._shown = self._layout(self.line_width)
        left, right = lines[y] if y < len(lines) else ((), ())
        return self.line(left, right, self._ground)


def fitting(groups: Sequence[Sequence[Part]], room: int) -> list[Part]:
    """Return the first groups that fit into `room` cells, with dots between them."""
    parts: list[Part] = []
    for group in groups:
        joint: list[Part] = [(" · ", "muted")] if parts else []
        if width_of([*parts, *joint, *group]) > room:
            break
        parts += [*joint, *group]
    return parts


# --- the chat of a screen ---


def chat_head(title: str, chat: InspectedChat, width: int) -> HeadParts:
    """Return the screen's name, the question, and the facts of the chat.

    If there is no room, the question is left out first, then the last facts.
    """
    left: list[Part] = [("● ", "bot"), (title, "text bold")]
    right = fitting([[fact] for fact in _facts(chat)], width - width_of(left) - 2)
    room = width - width_of(left) - width_of(right) - 5
    question = clean_line(chat.record.question[:400]).strip()
    if question and room >= _LEAST_QUESTION:
        left.append(("   " + shorten(question, room), "text"))
    return left, right


def _facts(chat: InspectedChat) -> list[Part]:
    """Return the known facts of a chat, the most important first."""
    record, figures = chat.record, chat.figures
    parts: list[Part] = [state_part(chat)]
    count = len(chat.table.rows)
    parts.append((ngettext("{n} frame", "{n} frames", count).format(n=thousands(count)), "muted"))
    if record.bot:
        parts.append((record.bot, "muted"))
    if chat_id := figures.chat_id or record.chat_id:
        parts.append((_("chat {id}").format(id=tail(clean_line(chat_id))), "muted"))
    if record.logid:
        logid = clean_line(record.logid)
        parts.append((f"logid {logid[:4] if len(logid) > 9 else ''}{tail(logid)}", "muted"))
    return parts


def state_part(chat: InspectedChat) -> Part:
    """Return the state of a chat as sign, word and time, also while the frames of a past one are read."""
    record, figures = chat.record, chat.figures
    if figures.outcome is None and (outcome := shown_outcome_of(record)) is not None:
        return Chip.of_end(outcome, error_of(record), total_us_of(record)).part
    return Chip.of(figures).part


def outcome_part(record: ChatRecord) -> Part:
    """Return the outcome of a chat as sign and word, or its duration if it completed; `●` if it runs."""
    outcome = shown_outcome_of(record)
    if outcome is None:
        return "●", "muted"
    return Chip.of_end(outcome, error_of(record), total_us_of(record)).part


# --- the history ---


def history_head(count: int | None, selected: int, width: int) -> HeadParts:
    """Return the screen's name, and how many conversations are selected and listed.

    Args:
        count: None while it is not known.
    """
    left: list[Part] = [("● ", "bot"), (_("History"), "text bold")]
    if selected:
        words = ngettext("{n} selected", "{n} selected", selected)
        left += [("   ✓ ", "user"), (words.format(n=thousands(selected)), "user")]
    if count is None:
        return left, ()
    words = ngettext("{n} conversation", "{n} conversations", count).format(n=thousands(count))
    return left, [(words, "muted")] if cell_len(words) + _LEAST_GAP <= width - width_of(left) else ()

"""The folds of the message pane: reasoning and tool calls, which open and close."""

from __future__ import annotations

from textual.widget import Widget

from coze_tui.engine.model.outcomes import Outcome
from coze_tui.text.i18n import _
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.blocks import FoldBlock
from coze_tui.tui.log.cursor import LogCursor
from coze_tui.tui.log.entries import Entry
from coze_tui.tui.log.viewport import LogViewport


class LogFolds:
    """Finds the folds that the keys of the pane open, and opens or closes them."""

    def __init__(self, log: Widget, viewport: LogViewport, cursor: LogCursor) -> None:
        self._log = log
        self._view = viewport
        self._cursor = cursor

    @property
    def opens(self) -> FoldBlock | AnswerEntry | None:
        """Return what Enter opens or closes: the fold under the cursor, or the first one of the message.

        It is the answer itself if that waits for the output of a local tool and the cursor is not on a fold;
        None if there is nothing to open.
        """
        if self._cursor.fold is not None:
            return self._cursor.fold
        entry = self._cursor.entry
        if isinstance(entry, AnswerEntry) and entry.outcome is Outcome.REQUIRES_ACTION:
            return entry
        return (
            next((block for block in entry.blocks if isinstance(block, FoldBlock)), None) if entry else None
        )

    @property
    def label(self) -> str:
        """Return the footer's label for the key that opens what `opens` returns; empty for nothing."""
        match self.opens:
            case FoldBlock(is_open=is_open):
                return _("close") if is_open else _("open")
            case AnswerEntry():
                return _("answer")
            case None:
                return ""

    @property
    def last(self) -> tuple[Entry, FoldBlock] | None:
        """Return the last fold in the view, else the last one of all, with its entry; None for none."""
        view = self._view
        last: tuple[Entry, FoldBlock] | None = None
        # From the end: the footer asks at each change of the bindings, also in a long conversation.
        for entry in reversed(self._view.entries):
            for block in reversed(entry.blocks):
                if not isinstance(block, FoldBlock):
                    continue
                last = last or (entry, block)
                line = view.first_line(entry) + entry.start_of(block)
                if view.top <= line < view.top + view.height:
                    return entry, block
                if line < view.top:
                    return last
        return last

    def toggle(self, fold: FoldBlock) -> None:
        """Open or close the fold under the cursor, and scroll to show as much of it as possible."""
        view, entry = self._view, self._cursor.entry
        if entry is None:
            return
        fold.toggle()
        # A fold is read from its start: scrolling to the end of the log would lose it.
        following, view.following = view.following, False
        view.entry_changed(entry, counts_as_new=False)
        self._cursor.show_whole()
        # Arriving text is followed again only if the end is still in the view.
        view.following = following and view.top >= view.total - view.height
        if self._log.has_focus:
            self._log.screen.refresh_bindings()

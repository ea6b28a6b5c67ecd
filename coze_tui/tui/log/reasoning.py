"""Reasoning as a block: its last lines while it arrives, then one folded line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.style import Style

from coze_tui.render.lines import Line, joined
from coze_tui.render.palette import Palette
from coze_tui.text.format import duration, seconds
from coze_tui.text.i18n import _
from coze_tui.tui.log.blocks import FoldBlock, Words, shown, slices_of

_LAST_LINES = 2
"""Lines that are shown while reasoning arrives."""
_MOST_NEW = 4_000
"""Characters of new reasoning laid out for these lines; only the end of a longer text."""


class ReasoningBlock(FoldBlock):
    """The reasoning for one answer.

    Args:
        text: The whole reasoning of a stored answer.
        elapsed_us: Its duration in microseconds; 0 if unknown.
    """

    is_prose = True

    def __init__(self, message_id: str, text: str = "", elapsed_us: int = 0) -> None:
        super().__init__()
        self.message_id = message_id
        self._elapsed_us = elapsed_us
        self._pieces = [text] if text else []
        self._started_us = 0
        self._latest_us = 0
        self._is_live = False
        self._new: list[str] = []
        """Pieces that arrived since the last layout."""
        self._last = ""
        """The text of the displayed last lines."""

    @property
    def text(self) -> str:
        """Return the source."""
        # Joined when somebody asks, as in `AnswerBlock.text`.
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def is_live(self) -> bool:
        """Return whether it is still arriving, so that its last lines are shown while folded."""
        return self._is_live

    def append(self, text: str, arrivals_us: Sequence[int] = ()) -> None:
        """Add text with its arrival times, in microseconds after the question."""
        self._pieces.append(text)
        self._new.append(text)
        if arrivals_us:
            if not self._started_us:
                self._started_us, self._is_live = arrivals_us[0], True
            self._latest_us = arrivals_us[-1]
        self.release()

    def finish(self, text: str) -> None:
        """Set the final text."""
        if text != self.text:
            self._pieces = [text]
        self.release()

    def end(self, at_us: int = 0) -> None:
        """Fold it, because something else follows.

        Args:
            at_us: Arrival time of what follows, or 0. Reasoning then ends with its last delta.
        """
        if self._is_live:
            self._is_live = False
            self._elapsed_us = max(at_us, self._latest_us) - self._started_us
            self._new.clear()
            self._last = ""
            self.release()

    def label(self, width: int) -> Words:
        return [(self._words(), "muted")]

    def _words(self) -> str:
        if self._is_live:
            time = self._latest_us - self._started_us
            return _("thinking {time}").format(time=seconds(time)) if time else _("thinking…")
        if self._elapsed_us:
            return _("thought for {time}").format(time=duration(self._elapsed_us))
        return _("reasoning")

    def body(self, width: int, palette: Palette) -> Iterable[Line]:
        from coze_tui.render.inline import render_plain

        style = palette.muted + Style(italic=True)
        text = shown(self.text, palette)
        if self._is_live:  # each delta lays it out again, and its end must be in sight
            return render_plain(text, width, style, is_open=True)
        return (line for piece in slices_of(text) for line in render_plain(piece, width, style))

    def preview(self, width: int, palette: Palette) -> Sequence[Line]:
        from coze_tui.render.inline import render_plain

        if not self._is_live:
            return ()
        new = shown("".join(self._new), palette)
        self._new.clear()
        # Only the end is seen, and all of it would cost more with each delta.
        text = (self._last + new)[-_MOST_NEW:]
        lines = render_plain(text, width, palette.muted + Style(italic=True), is_open=True)
        while len(lines) > 1 and not lines[-1].text.strip():
            lines.pop()  # a trailing line end becomes visible with the text after it
        rest = text[len(text.rstrip("\n")) :]
        # Continue the displayed lines with the next text, so that they do not wrap at other positions.
        lines = lines[-_LAST_LINES:]
        self._last = joined((line, line.text) for line in lines) + rest
        return lines

    def copy_text(self) -> str:
        return self.text

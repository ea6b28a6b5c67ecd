"""Lines across the top that say what is wrong with the program's surroundings, until they are dismissed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.strip import Strip

from coze_tui.render.cells import shorten
from coze_tui.render.wrap import rows_of
from coze_tui.text.cleaning import clean_line
from coze_tui.tui.widgets.line_widget import LineWidget

_MARK = "! "
_MOST_OF_ONE = 3
"""Lines that one text may take."""
_MOST = 6
"""Lines of all, as far as a third of the screen has them; the newest texts have the first claim."""


class Banner(LineWidget):
    """Troubles that do not stop the chat: an unsaved history, a wrong setting. Gone when there are none."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._texts: list[str] = []
        self.display = False

    @property
    def texts(self) -> Sequence[str]:
        """What is shown, the newest last."""
        return self._texts

    def add(self, text: str) -> None:
        """Show one more trouble; the same one only once."""
        text = clean_line(text)
        if text not in self._texts:
            self._texts.append(text)
            self._show()

    def take_back(self, text: str) -> None:
        """A trouble is over."""
        text = clean_line(text)
        if text in self._texts:
            self._texts.remove(text)
            self._show()

    def dismiss(self) -> None:
        """Show none."""
        self._texts.clear()
        self._show()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the texts take."""
        return max(1, len(self._lines(width, viewport.height)))

    def render_line(self, y: int) -> Strip:
        """One line of a text."""
        lines = self._lines(self.line_width, self.screen.size.height)
        if y >= len(lines):
            return self.line([])
        is_first, text = lines[y]
        return self.line([(_MARK if is_first else " " * len(_MARK), "attention bold"), (text, "attention")])

    def _lines(self, width: int, height: int) -> list[tuple[bool, str]]:
        """The lines that are shown, and whether a text begins with each."""
        room = max(1, width - len(_MARK))
        free = min(_MOST, max(1, height // 3))
        lines: list[tuple[bool, str]] = []
        for text in reversed(self._texts):
            rows = [text[row.start : row.end] for row in rows_of(text, room)]
            most = min(_MOST_OF_ONE, free)
            if most == 0:
                break
            if len(rows) > most:
                rows = [*rows[: most - 1], shorten(f"{rows[most - 1]} {rows[most]}", room)]
            lines[:0] = [(number == 0, row) for number, row in enumerate(rows)]
            free -= len(rows)
        return lines

    def _show(self) -> None:
        self.display = bool(self._texts)
        self.refresh(layout=True)

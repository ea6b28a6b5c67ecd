"""One line across the top that says what is wrong with the program's surroundings, until it is dismissed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from coze_tui.text import clean_line
from coze_tui.tui.widgets.drawn import Drawn


class Banner(Drawn):
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

    def dismiss(self) -> None:
        """Show none."""
        self._texts.clear()
        self._show()

    def render_line(self, y: int) -> Strip:
        if y >= len(self._texts):
            return self.line([])
        return self.line([("! ", "attention bold"), (self._texts[y], "attention")])

    def _show(self) -> None:
        self.display = bool(self._texts)
        self.styles.height = min(3, len(self._texts)) or 1
        self.refresh(layout=True)

"""An answer as a block. A long answer is laid out in slices, so that keys wait for one slice only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.render.wrap import prose_width
from coze_tui.tui.log.blocks import SLICE, EntryBlock, shown

if TYPE_CHECKING:
    from coze_tui.render.document import Document


class AnswerBlock(EntryBlock):
    """An answer in Markdown, complete or growing.

    Text enters the document slice by slice, whether it has just arrived, was unfolded, or must fit another
    width. A long text that is laid out again shows its old lines until the new ones are complete.
    """

    spaced = True

    def __init__(self, message_id: str, text: str = "", *, is_finished: bool = False) -> None:
        super().__init__()
        self.message_id = message_id
        self.is_finished = is_finished
        self._pieces = [text] if text else []
        self._new: list[str] = []
        """Pieces that arrived after the last slice."""
        self._waiting = ""
        """Text whose part from `_at` on is not in the document yet."""
        self._at = 0
        self._document: Document | None = None
        """The displayed document."""
        self._next: Document | None = None
        """The document that replaces `_document` as soon as it contains the whole text."""
        self._released = (0, 0)
        """Width and height when the lines were released."""

    @property
    def text(self) -> str:
        """Return the Markdown source."""
        # Joined when somebody asks: at each delta it would cost as much as the whole answer.
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def document(self) -> Document | None:
        """Return the rendering, or None before the first layout."""
        return self._document

    @property
    def is_empty(self) -> bool:
        """Return whether no text has arrived yet."""
        return not self._pieces

    @property
    def is_long(self) -> bool:
        """Return whether the text is longer than one slice."""
        return len(self.text) > SLICE

    @property
    def is_behind(self) -> bool:
        return self._at < len(self._waiting)

    def append(self, text: str) -> None:
        """Add text. It is rendered when the lines are next read."""
        if text:
            self._pieces.append(text)
            self._new.append(text)

    def finish(self, text: str) -> None:
        """Set the final text."""
        # As a rule the final text is what has arrived, and then all lines stay.
        is_same = text == self.text and not self.is_finished
        self.is_finished = True
        if not is_same:
            self._pieces = [text]
        if self._document is None or self._laid_out is None:
            return
        if not is_same:
            self._start(_new_document(*self._laid_out))
        elif not self.is_behind:
            self.advance()

    def lines(self, width: int, palette: Palette) -> Sequence[Line]:
        document, before = self._document, self._laid_out
        self._laid_out = (width, palette)
        # Lines contain their colors.
        if document is None or before is None or before[1] is not palette:
            self._start(_new_document(width, palette))
        elif before[0] != width:
            if self.is_long:
                self._start((self._next or document).renewed(width))
            else:
                document.resize(width)
        if self._new and not self.is_behind:
            self.advance()
        assert self._document is not None
        return self._document.lines

    def height(self, width: int, palette: Palette) -> int:
        height = len(self.lines(width, palette))
        released_at, lines = self._released
        # What is below must not jump up, and down again, while the lines come back.
        return max(height, lines) if self.is_behind and released_at == width else height

    def advance(self) -> int:
        """Lay out the next slice; return the first changed line, or the number of lines if none changed."""
        document = self._next or self._document
        if document is None or self._laid_out is None:
            return 0
        # Text after the final one is rare, but must not be lost: a finished document accepts none.
        if self._new and document.is_finished:
            self._start(_new_document(*self._laid_out))
            return 0
        if self._new:
            self._waiting = self._waiting[self._at :] + shown("".join(self._new), self._laid_out[1])
            self._at = 0
            self._new.clear()
        first = document.append(self._waiting[self._at : self._at + SLICE])
        self._at += SLICE
        if not self.is_behind:
            self._waiting, self._at = "", 0
            if self.is_finished:
                first = min(first, document.finish(redraws=False))
        is_hidden = document is self._next
        if not self.is_behind and is_hidden:
            self._document, self._next = document, None
            first, is_hidden = 0, False
        # A link may be defined after its use, which changes lines above (docs/textual.md 4.5).
        if not self.is_behind and document.has_late_links:
            self._begin(document.renewed(document.width))
            return 0 if self.is_long else self.advance()
        assert self._document is not None
        return len(self._document.lines) if is_hidden else first

    def estimate(self, width: int) -> int:
        from coze_tui.render.inline import estimated_height

        return sum(estimated_height(piece, prose_width(width)) for piece in self._pieces) or 1

    def release(self) -> None:
        # A growing answer needs its document for the next delta.
        if self.is_finished:
            if self._document is not None and not self.is_behind:
                self._released = (self._document.width, self._document.height)
            self._document = self._next = None
            self._waiting, self._at = "", 0

    def copy_text(self) -> str:
        return self.text

    def _start(self, document: Document) -> None:
        """Restart in a document, and lay out the first slice."""
        self._begin(document)
        self.advance()

    def _begin(self, document: Document) -> None:
        """Queue the whole text for a document, which is displayed at once if there is none yet."""
        assert self._laid_out is not None
        self._new.clear()
        self._waiting, self._at = shown(self.text, self._laid_out[1]), 0
        if self._document is None:
            self._document = document
        else:
            self._next = document


def _new_document(width: int, palette: Palette) -> Document:
    # Imported with the first message, here and in other blocks, because no frame before needs it.
    from coze_tui.render.document import Document

    return Document(width, palette)

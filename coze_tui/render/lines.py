"""A line of rendered text, which the message pane stores, paints and copies."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, overload

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.cells import cell_len, crop_runs, slice_cells

BAR = "▎"
"""Marks quoted text at the left; copied as `>`."""


class Line(NamedTuple):
    """A row of the message pane, without the fill at its right."""

    lead: tuple[Segment, ...] = ()
    """Indents, bullets, bars and padding, which do not move when the body scrolls sideways."""
    body: tuple[Segment, ...] = ()
    lead_width: int = 0
    width: int = 0
    """Cells of the body, which may exceed the width of the pane."""
    block: int = 0
    """The number of the line's block in its document. Lines of one block scroll sideways together."""
    joint: str | None = "\n"
    """The text between the previous line and this one in a copy; None if the line is decoration."""
    fill: Style | None = None
    """The background up to the right edge: code."""
    edge: Style | None = None
    """The style of the sign for hidden text; set for lines that scroll sideways."""
    label: Segment | None = None
    """The label at the right end of a code block's first row."""

    @property
    def wide(self) -> int:
        """Return the cells of the whole line before it is cut to the width of the pane."""
        return self.lead_width + self.width

    @property
    def continues(self) -> bool:
        """Return whether this line continues the previous one after a soft wrap."""
        return self.joint is not None and self.joint != "\n"

    @property
    def scrolls(self) -> bool:
        """Return whether the body scrolls sideways if it is wider than the pane."""
        return self.edge is not None

    @property
    def plain(self) -> str:
        """Return lead and body without styles."""
        return "".join([text for text, *_ in self.lead]) + "".join([text for text, *_ in self.body])

    @property
    def text(self) -> str:
        """Return the body without styles."""
        return "".join([text for text, *_ in self.body])

    def paint(self, width: int, shift: int = 0) -> list[Segment]:
        """Return the row in exactly `width` cells, with the body scrolled `shift` cells to the left."""
        room = width - self.lead_width
        if room < 0:
            return crop_runs(self.lead, 0, width)
        painted = list(self.lead)
        if self.label is not None:
            label = cell_len(self.label.text)
            if label + 1 <= room:
                painted += [Segment(" " * (room - label - 1), self.fill), self.label, Segment(" ", self.fill)]
                return painted
        shift = shift if self.scrolls else 0
        if not shift and self.width <= room:
            painted += self.body
            left = room - self.width
        else:
            painted += crop_runs(self.body, shift, room)
            left = max(0, shift + room - max(self.width, shift))
            if self.edge is not None:
                _mark_hidden(painted, self, shift, room)
        if left:
            painted.append(Segment(" " * left, self.fill))
        return painted

    def copied(self, start: int = 0, end: int | None = None, shift: int = 0) -> str:
        """Return the text between the painted cells `start` and `end` in the form for the clipboard.

        Omits the padding of code, all decoration, and the indent of wrapped lines.
        """
        if self.joint is None:
            return ""
        # The indent of code and of wrapped rows is layout, not text.
        bare = self.scrolls or self.continues
        lead = "" if bare else "".join([text for text, *_ in self.lead]).replace(BAR, ">")
        if start <= 0 and end is None:
            return lead + self.text
        offset = self.lead_width - (shift if self.scrolls else 0)
        body = slice_cells(self.text, start - offset, None if end is None else end - offset)
        return slice_cells(lead, start, end) + body


class Undrawn(Protocol):
    """A line that is not drawn yet."""

    def draw(self) -> Line:
        """Return the drawn line."""


class Lines(Sequence[Line]):
    """A sequence of lines, some of which are drawn at each access."""

    def __init__(self, kept: list[Line | Undrawn]) -> None:
        self._kept = kept

    def __len__(self) -> int:
        return len(self._kept)

    @overload
    def __getitem__(self, place: int) -> Line: ...

    @overload
    def __getitem__(self, place: slice) -> list[Line]: ...

    def __getitem__(self, place: int | slice) -> Line | list[Line]:
        if isinstance(place, slice):
            return [_drawn(line) for line in self._kept[place]]
        return _drawn(self._kept[place])

    def __iter__(self) -> Iterator[Line]:
        return map(_drawn, self._kept)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lines | list) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def _drawn(line: Line | Undrawn) -> Line:
    return line if isinstance(line, Line) else line.draw()


def joined(parts: Iterable[tuple[Line, str]]) -> str:
    """Return lines and their copied text, from top to bottom, as one text; rejoins wrapped lines."""
    text: list[str] = []
    for line, copied in parts:
        if line.joint is None:
            continue
        if text:
            text.append(line.joint)
        text.append(copied)
    return "".join(text)


def _mark_hidden(painted: list[Segment], line: Line, shift: int, room: int) -> None:
    """Add signs at the left or right end of a scrolled row if text is hidden there."""
    if line.width > shift + room and room > 0:
        visible = crop_runs(painted, 0, line.lead_width + room - 1)
        painted[:] = [*visible, Segment("›", line.edge)]
    if shift and line.width and line.lead_width and painted[0].text:
        lead = crop_runs(line.lead, 0, line.lead_width - 1)
        painted[: len(line.lead)] = [*lead, Segment("‹", line.edge)]

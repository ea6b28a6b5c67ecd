"""The blocks of an entry, which convert their content to lines of a given width. No widgets, no I/O."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal

from rich.segment import Segment
from rich.style import Style

from coze_tui.garbage import without_collection
from coze_tui.render.cells import cell_len, shorten
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.render.wrap import prose_width
from coze_tui.text.cleaning import clean_line, simple_emoji
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext

_MOST_SHOWN = 48
"""The most cells of a call's arguments on its one line."""

_INDENT = "  "
"""The indent of the lines in an open fold."""

SLICE = 8_192
"""The most characters laid out at once: 1 ms for ordinary text, 30 ms if it consists only of markup."""

SLICE_LINES = 256
"""The most lines of an open fold laid out at once."""

Role = Literal["text", "muted", "accent", "user", "good", "attention", "error"]
Words = Sequence[tuple[str, Role]]
"""Texts with their color roles."""


def style_of(palette: Palette, role: Role) -> Style:
    """Return the palette's style for a role."""
    style: Style = getattr(palette, role)
    return style


def shown(text: str, palette: Palette) -> str:
    """Return text in its displayed form; copying and searching use the original."""
    # tmux measures some emoji differently, which would shift the rest of the line (docs/textual.md 10.2).
    return simple_emoji(text) if palette.simple_emoji else text


def words_line(words: Words, palette: Palette, *, bold_first: bool = False) -> Line:
    """Return one unwrapped line."""
    segments = [Segment(shown(text, palette), style_of(palette, role)) for text, role in words if text]
    if bold_first and segments:
        first = segments[0]
        segments[0] = Segment(first.text, (first.style or Style.null()) + Style(bold=True))
    return Line(body=tuple(segments), width=sum(cell_len(segment.text) for segment in segments))


def _fitted(words: Words, width: int) -> Words:
    """Return the words in at most `width` cells, with `…` if cut."""
    if sum(cell_len(text) for text, _role in words) <= width:
        return words
    fitted: list[tuple[str, Role]] = []
    left = width
    for text, role in words:
        if (taken := cell_len(text)) >= left:
            # The blank lets `shorten` mark the cut even if this text fits exactly, because more follows it.
            fitted.append((shorten(f"{text} ", left), role))
            break
        fitted.append((text, role))
        left -= taken
    return fitted


class EntryBlock:
    """A group of lines, such as a message or a fold."""

    is_stop = False
    """Whether the cursor stops here, and not only at the header of the entry."""
    spaced = False
    """Whether a blank line separates this block from the one before, unless that is a header."""

    def __init__(self) -> None:
        self._lines: Sequence[Line] | None = None
        self._laid_out: tuple[int, Palette] | None = None

    def lines(self, width: int, palette: Palette) -> Sequence[Line]:
        """Return the lines at this width; cached until width, palette or content changes."""
        if self._lines is None or self._laid_out is None or self._laid_out != (width, palette):
            self._lines = self._lay_out(width, palette)
            self._laid_out = (width, palette)
        return self._lines

    def height(self, width: int, palette: Palette) -> int:
        """Return the number of lines at this width, some of which may not be laid out yet."""
        return len(self.lines(width, palette))

    @property
    def is_behind(self) -> bool:
        """Return whether a part of a long text is not laid out yet. `advance` lays out the next slice."""
        return False

    def advance(self) -> int:
        """Lay out the next slice; return the first changed line."""
        return 0

    def estimate(self, width: int) -> int:
        """Estimate the number of lines without a layout."""
        return 1

    def release(self) -> None:
        """Discard the lines, which can be computed again."""
        self._lines = None

    def copy_text(self) -> str:
        """Return the source for the clipboard; empty if there is none."""
        return ""

    def find_text(self) -> str:
        """Return the text that a search examines."""
        return self.copy_text()

    def _lay_out(self, width: int, palette: Palette) -> Sequence[Line]:
        return ()


class HeaderBlock(EntryBlock):
    """A name, followed by time and metrics in dim text."""

    def __init__(self, name: str, role: Role, facts: Sequence[str] = ()) -> None:
        super().__init__()
        # A name comes from the server: it must be one line, and no escape.
        self._name = clean_line(name)
        self._role: Role = role
        self._facts = tuple(facts)

    @property
    def facts(self) -> tuple[str, ...]:
        """Return the dim texts."""
        return self._facts

    def set_name(self, name: str) -> bool:
        """Set the name; return whether it changed."""
        name = clean_line(name)
        if name == self._name:
            return False
        self._name = name
        self.release()
        return True

    def set_facts(self, facts: Sequence[str]) -> bool:
        """Set the dim texts; return whether they changed."""
        if tuple(facts) == self._facts:
            return False
        self._facts = tuple(facts)
        self.release()
        return True

    def _lay_out(self, width: int, palette: Palette) -> Sequence[Line]:
        name = shorten(self._name, width)
        room = width - cell_len(name) - 2
        facts = ""
        for fact in self._facts:  # a fact that does not fit is omitted
            longer = f"{facts} · {fact}" if facts else fact
            if cell_len(longer) <= room:
                facts = longer
        tail = f"  {facts}" if facts else ""
        return [words_line([(name, self._role), (tail, "muted")], palette, bold_first=True)]


class PlainBlock(EntryBlock):
    """Plain text as typed. A long text is laid out in slices."""

    def __init__(self, text: str, role: Role = "text") -> None:
        super().__init__()
        self._text = text
        self._role: Role = role
        self._waiting: list[str] = []
        """The slices that are not laid out yet, in reverse order."""
        self._complete = (0, 0)
        """Width and height of the last complete layout."""

    @property
    def is_behind(self) -> bool:
        return bool(self._waiting)

    def advance(self) -> int:
        assert self._lines is not None
        assert self._laid_out is not None
        first = len(self._lines)
        self._lines = [*self._lines, *self._next_lines(*self._laid_out)]
        return first

    def height(self, width: int, palette: Palette) -> int:
        # While it is laid out again its last height counts, so that the lines below do not jump.
        height = len(self.lines(width, palette))
        if not self._waiting:
            self._complete = (width, height)
        return self._complete[1] if self._complete[0] == width else height

    def estimate(self, width: int) -> int:
        from coze_tui.render.inline import estimated_height

        return estimated_height(self._text, prose_width(width))

    def release(self) -> None:
        super().release()
        self._waiting.clear()

    def copy_text(self) -> str:
        return self._text

    def _lay_out(self, width: int, palette: Palette) -> Sequence[Line]:
        # Reversed, so that `pop` takes the next one without moving the others.
        self._waiting = slices_of(shown(self._text, palette))[::-1]
        return self._next_lines(width, palette)

    def _next_lines(self, width: int, palette: Palette) -> list[Line]:
        from coze_tui.render.inline import render_plain

        return render_plain(self._waiting.pop(), prose_width(width), style_of(palette, self._role))


def slices_of(text: str) -> list[str]:
    """Return a text in slices of whole lines, of at most `SLICE` characters if no line is longer."""
    slices: list[str] = []
    start = 0
    while len(text) - start > SLICE:
        end = text.rfind("\n", start, start + SLICE + 1)
        # A longer line stays whole: its wraps depend on all that is before them.
        if end < 0:
            end = text.find("\n", start + SLICE)
        if end < 0:
            break
        slices.append(text[start:end])
        start = end + 1
    return [*slices, text[start:]]


class FoldBlock(EntryBlock):
    """A line that the user can open: reasoning, or a tool call."""

    is_stop = True
    is_prose = False
    """Whether the folded content has the width of prose instead of the full width."""

    def __init__(self) -> None:
        super().__init__()
        self.is_open = False
        self._shown: list[Line] = []
        """The lines that are laid out."""
        self._rest: Iterator[Line] | None = None
        """The lines that are not laid out yet."""
        self._complete = (0, 0)
        """Width and height of the last complete layout."""

    def toggle(self) -> None:
        """Open or close the fold."""
        self.is_open = not self.is_open
        self._complete = (0, 0)
        self.release()

    @property
    def is_behind(self) -> bool:
        return self._rest is not None

    def advance(self) -> int:
        first = len(self._shown)
        self._lay_out_next()
        return first

    def height(self, width: int, palette: Palette) -> int:
        # While it is laid out again its last height counts, so that the lines below do not jump.
        height = len(self.lines(width, palette))
        if self._rest is None:
            self._complete = (width, height)
        return self._complete[1] if self._complete[0] == width else height

    def release(self) -> None:
        super().release()
        self._shown, self._rest = [], None

    def label(self, width: int) -> Words:
        """Return the line without its triangle, shortened to `width` cells if possible."""
        return ()

    def body(self, width: int, palette: Palette) -> Iterable[Line]:
        """Return the lines below it while it is open. An iterator is read in slices."""
        return ()

    def preview(self, width: int, palette: Palette) -> Sequence[Line]:
        """Return the lines below it while it is closed."""
        return ()

    def _lay_out(self, width: int, palette: Palette) -> Sequence[Line]:
        # The data of tools takes as many cells as it needs; prose of that width is hard to read.
        room = (prose_width(width) if self.is_prose else width) - cell_len(_INDENT)
        lines = (self.body if self.is_open else self.preview)(room, palette)
        mark = "▾ " if self.is_open or lines else "▸ "
        head = words_line(_fitted([(mark, "muted"), *self.label(width - cell_len(mark))], width), palette)
        self._shown = [head]
        self._rest = iter(lines)
        self._lay_out_next(None if isinstance(lines, Sequence) else SLICE_LINES)
        return self._shown

    def _lay_out_next(self, most: int | None = SLICE_LINES) -> None:
        """Lay out the next lines; None lays out all of them."""
        assert self._rest is not None
        before = len(self._shown)
        # The collector would look through all new values and lines several times.
        with without_collection():
            self._shown += [
                line._replace(
                    lead=(Segment(_INDENT), *line.lead), lead_width=line.lead_width + cell_len(_INDENT)
                )
                for line in islice(self._rest, most)
            ]
        if most is None or len(self._shown) - before < most:
            self._rest = None


Awaited = Literal["tool", "user", "nobody"]
"""The party whose response to a tool call is pending; `user` for a local tool."""


class ToolBlock(FoldBlock):
    """A tool call and its response."""

    def __init__(self, message_id: str, name: str, arguments: str, tail: Callable[[ToolBlock], str]) -> None:
        super().__init__()
        self.message_id = message_id
        self.name = name
        self.arguments = arguments
        self._summary: str | None = None
        """The arguments on one line; None until it is laid out."""
        self.response: str | None = None
        self.elapsed_us = 0
        self.awaits: Awaited = "tool"
        self.is_unpaired = False
        """Whether a response arrived that may belong to this call but does not identify it."""
        # A function, because its words depend on the language and on the state of the chat.
        self._tail = tail

    def await_response(self, awaits: Awaited) -> None:
        """Set the party whose response is pending, if there is no response yet."""
        if self.response is None and awaits != self.awaits:
            self.awaits = awaits
            self.release()

    def respond(self, text: str, elapsed_us: int) -> None:
        """Show the response."""
        self.response, self.elapsed_us = text, elapsed_us
        self._complete = (0, 0)
        self.release()

    def label(self, width: int) -> Words:
        tail = "  " + self._tail(self)
        # The arguments are cut first: what came of the call matters more.
        room = width - cell_len(self.name) - cell_len("()") - cell_len(tail)
        if self._summary is None:
            self._summary = shorten(clean_line(_arguments_text(self.arguments)), _MOST_SHOWN)
        text = shorten(self._summary, max(1, min(_MOST_SHOWN, room)))
        arguments = f"({text})" if text else ""
        return [(self.name, "attention"), (arguments, "muted"), (tail, "muted")]

    def body(self, width: int, palette: Palette) -> Iterator[Line]:
        if self.arguments:
            yield from _data_lines(self.arguments, width, palette)
        if self.response is not None:
            if self.arguments:
                yield words_line([("→", "muted")], palette)
            yield from _data_lines(self.response, width, palette)

    def copy_text(self) -> str:
        return "\n".join(part for part in (self.name, self.arguments, self.response) if part)


class MoreToolsBlock(EntryBlock):
    """The number of tool calls beyond the limit, which are not shown one by one."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def count(self) -> None:
        """Count one more call."""
        self._count += 1
        self.release()

    def _lay_out(self, width: int, palette: Palette) -> Sequence[Line]:
        from coze_tui.render.inline import render_plain

        text = ngettext(
            "… {n} more tool call in the inspector",
            "… {n} more tool calls in the inspector",
            self._count,
        )
        return render_plain(text.format(n=thousands(self._count)), width, style_of(palette, "muted"))


def _data_lines(text: str, width: int, palette: Palette) -> Iterator[Line]:
    """Yield the lines of JSON, or of other text as it is."""
    from coze_tui.render.inline import render_plain
    from coze_tui.render.json_tree import parsed_json, value_lines

    text = shown(text, palette)
    value = parsed_json(text)
    if value is not None:
        yield from value_lines(value, width, palette)
        return
    for piece in slices_of(text):
        yield from render_plain(piece, width, palette.text)


def _arguments_text(arguments: str) -> str:
    """Return arguments in a readable form: `"2025 春节"`, `pier: 3, count: 2`."""
    try:
        values = json.loads(arguments)
    except (ValueError, RecursionError):
        # A bot may write anything, also JSON that is nested without end.
        return arguments
    if not isinstance(values, dict):
        return arguments
    # Chinese stays readable, other than in JSON's own escapes.
    text = {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}
    return ", ".join(
        text.values() if len(text) == 1 else (f"{name}: {value}" for name, value in text.items())
    )


class NoticeBlock(EntryBlock):
    """A notice of the program about a chat, for example that it failed or was cut off.

    Args:
        page: the URL of a page that helps; its name is a link if it fits one line.
    """

    spaced = True

    def __init__(self, text: str, role: Role, glyph: str = "", *, page: str = "") -> None:
        super().__init__()
        self._page = page
        self._text = text
        self._role: Role = role
        self._glyph = glyph

    def copy_text(self) -> str:
        more = _("More help: {url}").format(url=self._page) if self._page else ""
        return "\n".join(filter(None, (self._text, more)))

    def _lay_out(self, width: int, palette: Palette) -> Sequence[Line]:
        from coze_tui.render.inline import render_plain, wrapped
        from coze_tui.render.links import link_runs

        lead_width = cell_len(self._glyph) + 1 if self._glyph else 0
        style = style_of(palette, self._role)
        head, *rest = self._text.split("\n", 1)
        room = prose_width(width) - lead_width
        lines = list(render_plain(head, room, style))
        if rest:
            lines += render_plain(rest[0], room, palette.text)
        # The whole URL would wrap; it is in the copied text.
        name = self._page.rpartition("/")[2]
        more = _("More help: {url}").format(url=name)
        if name and cell_len(more) <= room:
            lines += wrapped(link_runs(more, name, self._page, palette.muted), room)
        glyph, blank = Segment(self._glyph + " ", style), Segment(" " * lead_width)
        if not lead_width:
            return lines
        return [
            line._replace(
                lead=(blank if number else glyph, *line.lead), lead_width=line.lead_width + lead_width
            )
            for number, line in enumerate(lines)
        ]


class SectionBlock(EntryBlock):
    """A line that shows that the context was cleared."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def _lay_out(self, width: int, palette: Palette) -> Sequence[Line]:
        side = max(2, (width - cell_len(self._text) - 2) // 2)
        body = (
            Segment("─" * side, palette.line),
            Segment(f" {self._text} ", palette.muted),
            Segment("─" * side, palette.line),
        )
        return [Line(body=body, width=sum(cell_len(part.text) for part in body), joint=None)]

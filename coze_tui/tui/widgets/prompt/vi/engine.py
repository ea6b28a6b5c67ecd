"""The modes of vi: which keys wait, which commands they make, and what these do to a buffer."""

from __future__ import annotations

from enum import Enum

from coze_tui.text.i18n import N_
from coze_tui.tui.widgets.prompt.vi.buffer import Buffer, first_sign, line_end, line_start
from coze_tui.tui.widgets.prompt.vi.changes import Register, delete, joined, pasted, swapped_case
from coze_tui.tui.widgets.prompt.vi.commands import Command, read
from coze_tui.tui.widgets.prompt.vi.motions import last_place
from coze_tui.tui.widgets.prompt.vi.objects import Span
from coze_tui.tui.widgets.prompt.vi.places import Places

_MOST_UNDONE = 200
_REPEATED = frozenset("aAdcDCiIJoOpPrsSxXYy~") - frozenset("yY")
"""Commands that `.` repeats."""
_MEANS = {"x": "dl", "X": "dh", "D": "d$", "C": "c$", "s": "cl", "S": "cc", "Y": "yy"}
"""Commands that are an operator with a motion."""


class Mode(Enum):
    """The modes, with the words that the prompt shows."""

    INSERT = N_("insert")
    NORMAL = N_("normal")
    VISUAL = N_("visual")
    VISUAL_LINE = N_("visual line")

    @property
    def is_visual(self) -> bool:
        """Return whether a selection exists."""
        return self in (Mode.VISUAL, Mode.VISUAL_LINE)


class Vi:
    """Turns keys into changes of a buffer. It starts in insert mode, as shells do.

    In insert mode the buffer changes without it, except for Esc.
    """

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self.mode = Mode.INSERT
        self._keys: list[str] = []
        self._register = Register()
        self._places = Places(buffer)
        self._anchor = 0
        self._at = 0
        """The cursor in visual mode, where the buffer shows a selection."""
        self._undone: list[tuple[str, int]] = []
        self._undo: list[tuple[str, int]] = []
        self._present = (buffer.text, buffer.cursor)
        """Text and cursor when the last command was over."""
        self._insert_from = (*self._present, 1)
        """Text and cursor when insert mode began, and how often the text is to be inserted."""
        self._last: Command | None = None
        self._extent: tuple[int, int] = (0, 0)
        """Lines and characters that the last visual command changed; 0 lines if it was another one."""
        self._inserted = ""

    @property
    def pending(self) -> str:
        """Return the keys of an incomplete command."""
        return "".join(self._keys)

    @property
    def is_inserting(self) -> bool:
        """Return whether keys insert text."""
        return self.mode is Mode.INSERT

    def start_inserting(self) -> None:
        """Go to insert mode because another message begins."""
        self._keys.clear()
        self.mode = Mode.INSERT
        self._insert_from = (self._buffer.text, self._buffer.cursor, 1)

    def text_replaced(self) -> None:
        """Note that another text was put in place of the selection, or of everything."""
        self._keys.clear()
        if self.mode.is_visual:
            self.mode = Mode.NORMAL
        self._insert_from = (self._buffer.text, self._buffer.cursor, 1)

    def press(self, key: str) -> bool:
        """Handle a key; return False if it means nothing here, so that it keeps its usual meaning.

        Args:
            key: The character, or the name of a key that has none.
        """
        if self.mode is Mode.INSERT:
            if key == "escape":
                self._leave_insert()
            return key == "escape"
        if not self.mode.is_visual:
            self._settle()  # keys that are not of vi have moved the cursor, or changed the text
        if key == "escape":
            return self._escape()
        if key == "ctrl+r":
            self._keys.clear()
            if self.mode is Mode.NORMAL:
                self._redo()
                self._settle()
            return True
        command = read([*self._keys, key], visual=self.mode.is_visual)
        if command == "more":
            self._keys.append(key)
            return True
        was_empty = not self._keys
        self._keys.clear()
        if isinstance(command, str):
            return self._unknown(key, was_empty=was_empty)
        if self.mode.is_visual:
            self._run_visual(command)
        else:
            self._run(command)
        if self.mode is Mode.NORMAL:
            self._settle()
        return True

    def _unknown(self, key: str, *, was_empty: bool) -> bool:
        """Drop a character that is not a command, or insert one of an input method; return whether it did."""
        if len(key) != 1:
            return not was_empty
        if not key.isascii() and was_empty and self.mode is Mode.NORMAL:
            self._begin_insert(self._buffer.cursor)
            self._buffer.change(self._buffer.cursor, self._buffer.cursor, key)
        return True

    # --- modes ---

    def _escape(self) -> bool:
        if self._keys:
            self._keys.clear()
            return True
        if self.mode.is_visual:
            self._leave_visual(self._at)
            return True
        return False

    def _begin_insert(self, at: int, count: int = 1) -> None:
        self._buffer.move(at)
        self.mode = Mode.INSERT
        self._insert_from = (self._buffer.text, at, max(1, count))

    def _leave_insert(self) -> None:
        """Go to normal mode; the text that was inserted in one piece can be repeated."""
        buffer = self._buffer
        before, at, count = self._insert_from
        after = buffer.text
        grown = len(after) - len(before)
        is_piece = grown >= 0 and after[:at] == before[:at] and after[at + grown :] == before[at:]
        self._inserted = after[at : at + grown] if is_piece else ""
        if self._inserted and count > 1:
            end = at + grown
            buffer.change(end, end, self._inserted * (count - 1))
            buffer.move(end + grown * (count - 1))
        self.mode = Mode.NORMAL
        cursor = buffer.cursor
        if cursor > line_start(buffer.text, cursor):
            buffer.move(buffer.previous_border(cursor))
        self._settle()

    def _begin_visual(self, mode: Mode) -> None:
        self.mode = mode
        self._anchor = self._at = self._buffer.cursor
        self._show_selection()

    def _leave_visual(self, at: int) -> None:
        self.mode = Mode.NORMAL
        self._buffer.move(at)
        self._settle()

    def _show_selection(self) -> None:
        span = self._selected()
        forward = self._at >= self._anchor
        self._buffer.select(*((span.start, span.end) if forward else (span.end, span.start)))

    def _selected(self) -> Span:
        buffer = self._buffer
        start, end = sorted((self._anchor, self._at))
        if self.mode is Mode.VISUAL_LINE:
            return Span(line_start(buffer.text, start), line_end(buffer.text, end), is_linewise=True)
        return Span(start, buffer.next_border(end))

    def _settle(self) -> None:
        """Put the cursor on a character, and remember the text for undo."""
        buffer = self._buffer
        buffer.move(min(buffer.cursor, last_place(buffer, buffer.cursor)))
        self._note()

    # --- undo ---

    def _note(self) -> None:
        """Save the text before the last change, whatever made it."""
        text, cursor = self._buffer.text, self._buffer.cursor
        if text != self._present[0]:
            self._undo.append(self._present)
            del self._undo[:-_MOST_UNDONE]
            self._undone.clear()
        self._present = (text, cursor)

    def _step_back(self, count: int) -> None:
        for _step in range(max(1, count)):
            if self._undo:
                self._undone.append(self._present)
                self._restore(self._undo.pop())

    def _redo(self) -> None:
        if self._undone:
            self._undo.append(self._present)
            self._restore(self._undone.pop())

    def _restore(self, state: tuple[str, int]) -> None:
        text, cursor = self._present = state
        self._buffer.change(0, len(self._buffer.text), text)
        self._buffer.move(min(cursor, len(text)))

    # --- commands ---

    def _run(self, command: Command) -> None:
        """Do one command of normal mode."""
        name, count = command.name, command.count
        if name == "u":
            self._step_back(count)
        elif name == ".":
            self._repeat(count)
        elif name in "vV":
            self._begin_visual(Mode.VISUAL if name == "v" else Mode.VISUAL_LINE)
        elif name == "move":
            self._move(command)
        else:
            if name in _REPEATED:
                self._last, self._extent = command, (0, 0)
            self._change(command)

    def _move(self, command: Command) -> None:
        buffer = self._buffer
        at = self._places.after(command, buffer.cursor)
        if at is not None:
            buffer.move(at)
        elif command.motion in ("j", "k"):
            buffer.earlier(1 if command.motion == "j" else -1)

    def _change(self, command: Command) -> None:
        """Do a command that changes or copies text."""
        name, count, buffer = command.name, max(1, command.count), self._buffer
        if name in _MEANS:
            meaning = _MEANS[name]
            name = meaning[0]
            command = Command(name, command.count, meaning[1])
        if name in "dcy":
            span = self._places.operated(command, buffer.cursor)
            if span is not None:
                self._operate(name, span)
        elif name in "iIaAoO":
            self._insert(name, count)
        elif name in "pP":
            buffer.move(pasted(buffer, self._register, count, before=name == "P"))
        elif name == "J":
            buffer.move(joined(buffer, buffer.cursor, max(2, command.count)))
        elif name == "~":
            end = self._places.characters(buffer.cursor, count)
            swapped_case(buffer, buffer.cursor, end)
            buffer.move(end)
        elif name == "r":
            self._replace(command.argument, count)

    def _insert(self, name: str, count: int) -> None:
        buffer = self._buffer
        text, at = buffer.text, buffer.cursor
        if name == "a":
            at = min(buffer.next_border(at), line_end(text, at))
        elif name == "I":
            is_blank = not text[line_start(text, at) : line_end(text, at)].strip()
            at = line_end(text, at) if is_blank else first_sign(text, at)
        elif name == "A":
            at = line_end(text, at)
        elif name == "o":
            at = line_end(text, at)
            buffer.change(at, at, "\n")
            at += 1
        elif name == "O":
            at = line_start(text, at)
            buffer.change(at, at, "\n")
        self._begin_insert(at, count if name in "iIaA" else 1)

    def _replace(self, character: str, count: int) -> None:
        buffer = self._buffer
        start, end = buffer.cursor, self._places.characters(buffer.cursor, count)
        if self._places.count_between(start, end) < count:
            return
        if character == "\n":
            buffer.change(start, end, "\n")
            buffer.move(start + 1)
            return
        buffer.change(start, end, character * count)
        buffer.move(start + len(character) * (count - 1))

    def _operate(self, operator: str, span: Span) -> None:
        """Copy, delete or change a part of the text."""
        buffer, text = self._buffer, self._buffer.text
        self._register = Register(text[span.start : span.end], is_linewise=span.is_linewise)
        if operator == "y":
            if not span.is_linewise or span.start < line_start(text, buffer.cursor):
                buffer.move(span.start)
        elif operator == "d":
            buffer.move(delete(buffer, span))
        else:
            buffer.change(span.start, span.end, "")
            self._begin_insert(span.start)

    def _repeat(self, count: int) -> None:
        """Do the last change again, at the cursor."""
        command, inserted = self._last, self._inserted
        if command is None:
            return
        if count:
            command = Command(command.name, count, command.motion, command.argument)
        if self._extent[0]:
            self._at = self._buffer.cursor
            self._change_span(command, self._places.extent(self._buffer.cursor, *self._extent))
        else:
            self._change(command)
        if self.mode is Mode.INSERT:
            at, times = self._buffer.cursor, self._insert_from[2]
            self._buffer.change(at, at, inserted * times)
            self._buffer.move(at + len(inserted) * times)
            self.mode = Mode.NORMAL
            cursor = self._buffer.cursor
            if cursor > line_start(self._buffer.text, cursor):
                self._buffer.move(self._buffer.previous_border(cursor))

    # --- visual mode ---

    def _run_visual(self, command: Command) -> None:
        """Do one command on the selection."""
        name = command.name
        if name in "vV":
            mode = Mode.VISUAL if name == "v" else Mode.VISUAL_LINE
            if mode is self.mode:
                self._leave_visual(self._at)
            else:
                self.mode = mode
                self._show_selection()
        elif name == "o":
            self._anchor, self._at = self._at, self._anchor
            self._show_selection()
        elif name == "object":
            self._select_object(command)
        elif name == "move":
            at = self._places.after(command, self._at)
            if at is not None:
                self._at = min(at, last_place(self._buffer, at))
            self._show_selection()
        else:
            self._change_selected(command)

    def _select_object(self, command: Command) -> None:
        span = self._places.object(command, self._at)
        if span is not None and span.end > span.start:
            self._anchor = span.start
            self._at = max(span.start, self._buffer.previous_border(span.end))
        self._show_selection()

    def _change_selected(self, command: Command) -> None:
        if command.name in "XDCRSY":
            self.mode = Mode.VISUAL_LINE
        span = self._selected()
        self.mode = Mode.NORMAL
        self._buffer.move(span.start)
        self._change_span(command, span)
        if command.name not in "yY":
            self._last = command

    def _change_span(self, command: Command, span: Span) -> None:
        """Do a visual command on a part of the text, and remember how large that is."""
        buffer, name = self._buffer, command.name
        extent = self._places.extent_of(span)
        if name in "dxXD":
            self._operate("d", span)
        elif name in "csSRC":
            self._operate("c", span)
        elif name in "yY":
            self._operate("y", span)
            buffer.move(span.start)
            return
        elif name in "~uU":
            swapped_case(buffer, span.start, span.end, name)
            buffer.move(span.start)
        elif name == "J":
            lines = buffer.text.count("\n", span.start, max(span.start, span.end - 1)) + 1
            buffer.move(joined(buffer, span.start, max(2, lines)))
        elif name == "r":
            shown = buffer.text[span.start : span.end]
            buffer.change(span.start, span.end, _replaced(buffer, span, shown, command.argument))
            buffer.move(span.start)
        else:  # p, P: the register and the selection change places
            register = self._register
            self._operate("c" if span.is_linewise and not register.is_linewise else "d", span)
            self.mode = Mode.NORMAL
            text = register.text
            if register.is_linewise and not span.is_linewise:
                text = f"\n{text}\n"
            self._put_over(text, span, register)
        self._extent = extent

    def _put_over(self, text: str, span: Span, register: Register) -> None:
        buffer = self._buffer
        if register.is_linewise and span.is_linewise:
            at = min(span.start, len(buffer.text))
            is_last = at == len(buffer.text) and at > 0
            if buffer.text or not register.text:
                text = f"\n{text}" if is_last else f"{text}\n"
            buffer.change(at, at, text)
            buffer.move(at + (1 if is_last else 0))
            return
        buffer.change(span.start, span.start, text)
        if register.is_linewise:
            buffer.move(first_sign(buffer.text, span.start + 1))
        elif "\n" in text:
            buffer.move(span.start)
        else:
            buffer.move(max(span.start, buffer.previous_border(span.start + len(text))))


def _replaced(buffer: Buffer, span: Span, shown: str, character: str) -> str:
    """Return a text of which each character, as readers see characters, is another one; line ends remain."""
    made, at = "", span.start
    while at < span.end:
        after = buffer.next_border(at)
        made += "\n" if shown[at - span.start] == "\n" else character
        at = after
    return made

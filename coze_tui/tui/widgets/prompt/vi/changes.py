"""The commands of vi that change a buffer. Each returns the new position of the cursor."""

from __future__ import annotations

import re

from coze_tui.tui.widgets.prompt.vi.buffer import Buffer, first_sign, line_end, line_start
from coze_tui.tui.widgets.prompt.vi.objects import Span
from coze_tui.values import valueclass

_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
"""Matches characters that have no space between them."""


@valueclass
class Register:
    """The text that was deleted or copied last."""

    text: str = ""
    is_linewise: bool = False
    """Whether it consists of whole lines; `text` lacks the last line end."""


def delete(buffer: Buffer, span: Span) -> int:
    """Delete a span, with one line end if it is linewise; return the cursor."""
    text = buffer.text
    start, end = span.start, span.end
    if not span.is_linewise:
        buffer.change(start, end, "")
        return start
    if end < len(text):
        end += 1
    elif start > 0:
        start -= 1
    buffer.change(start, end, "")
    return first_sign(buffer.text, min(span.start, len(buffer.text)))


def pasted(buffer: Buffer, register: Register, count: int, *, before: bool) -> int:
    """Insert the register after the cursor, or before it; return the cursor."""
    text, at = buffer.text, buffer.cursor
    if not register.text and not register.is_linewise:
        return at
    if register.is_linewise:
        lines = "\n".join([register.text] * count)
        if before:
            at = line_start(text, at)
            buffer.change(at, at, f"{lines}\n")
            return first_sign(buffer.text, at)
        at = line_end(text, at)
        buffer.change(at, at, f"\n{lines}")
        return first_sign(buffer.text, at + 1)
    if not before:
        at = min(buffer.next_border(at), line_end(text, at))
    inserted = register.text * count
    buffer.change(at, at, inserted)
    return at if "\n" in inserted else buffer.previous_border(at + len(inserted))


def joined(buffer: Buffer, at: int, lines: int) -> int:
    """Join this number of lines, with a space if their languages use one; return the cursor."""
    for _line in range(lines - 1):
        text = buffer.text
        end = line_end(text, at)
        if end == len(text):
            break
        after = end + 1
        stop = line_end(text, after)
        while after < stop and text[after] in " \t":
            after += 1
        left, right = text[line_start(text, at) : end], text[after:stop]
        is_close = not left or left[-1] in " \t" or not right or right[0] == ")"
        is_wide = bool(left and right and _WIDE.match(left[-1]) and _WIDE.match(right[0]))
        buffer.change(end, after, "" if is_close or is_wide else " ")
        at = end
    return at


def swapped_case(buffer: Buffer, start: int, end: int, name: str = "~") -> None:
    """Swap upper and lower case in a part of the text; `u` makes it lower, `U` upper case."""
    text = buffer.text[start:end]
    changed = {"~": text.swapcase, "u": text.lower, "U": text.upper}[name]()
    if changed != text and len(changed) == len(text):  # ß and others would become longer
        buffer.change(start, end, changed)

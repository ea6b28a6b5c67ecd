"""The last filter before the terminal: removes all control characters, whatever a widget draws.

Programs should clean text from outside on arrival. This filter catches what they miss. It covers every
widget, toast, tooltip and title, because Textual applies the app's line filters to all of them. It does not
cover text printed outside of widgets, for example after the app has exited.
"""

from __future__ import annotations

import re

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_MOST_MARKS = 8
"""The most combining marks on one character; living scripts need four."""
_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
_BAD = re.compile(
    f"(?P<kept>{_FLAG}|[{_MARKS}]{{{_MOST_MARKS}}}(?=[{_MARKS}]))(?P<flood>[{_MARKS}]*)"
    # Textual counts one cell for each of these, so the replacement must have one, too.
    "|(?P<cell>[\ud800-\udfff\xad])"
    "|[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_LEADING_MARKS = re.compile(f"[{_MARKS}]+")
_TRAILING_MARKS = re.compile(f"[{_MARKS}]+\\Z")
_MOST_STYLES = 512


def _repaired(found: re.Match[str]) -> str:
    if kept := found["kept"]:
        return kept
    return "\ufffd" if found["cell"] else ""


def guarded(text: str) -> str:
    """Return `text` without controls, reordering, hidden tags and floods of marks, with the same width."""
    if text.isascii() and text.isprintable():
        return text
    return _BAD.sub(_repaired, text)


class TerminalGuard(LineFilter):
    """A line filter that deletes controls and hyperlinks (OSC 8).

    Links of the app itself are in the `meta` of a style, and `Cells` checks their targets.
    """

    def __init__(self) -> None:
        super().__init__()
        self._unlinked: dict[Style, Style] = {}

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments that may be drawn; the same list if nothing must change."""
        # All that is drawn passes here, and nearly nothing needs a change.
        for text, style, control in segments:
            if (
                control is not None
                or (style is not None and style.link is not None)
                or not (text.isascii() and text.isprintable())
            ):
                return self._guarded(segments)
        return segments

    def _guarded(self, segments: list[Segment]) -> list[Segment]:
        kept: list[Segment] = []
        marks = 0
        for text, style, control in segments:
            if control is not None:
                continue
            if style is not None and style.link is not None:
                style = self._without_link(style)
            text = guarded(text)
            # A flood of marks may spread over several segments.
            if marks and (leading := _LEADING_MARKS.match(text)):
                text = leading.group()[: _MOST_MARKS - marks] + text[leading.end() :]
            if trailing := _TRAILING_MARKS.search(text):
                length = len(trailing.group())
                marks = length if length < len(text) else marks + length
            elif text:
                marks = 0
            kept.append(Segment(text, style))
        return kept

    def _without_link(self, style: Style) -> Style:
        unlinked = self._unlinked.get(style)
        if unlinked is None:
            # Each target is a style of its own, and answers may contain any number.
            if len(self._unlinked) >= _MOST_STYLES:
                self._unlinked.clear()
            unlinked = self._unlinked[style] = style.update_link(None)
        return unlinked

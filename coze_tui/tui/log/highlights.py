"""Lighting a searched text in a painted line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from coze_tui.alike import spans


def torn(text: str, needle: str, before: str, after: str) -> list[tuple[int, int]]:
    """The parts of the text that belong to occurrences which begin before it or go on behind it."""
    parts = []
    for start, end in spans(before + text, needle) if before else ():
        if start < len(before) < end:
            parts.append((0, end - len(before)))
    for start, end in spans(text + after, needle) if after else ():
        if start < len(text) < end:
            parts.append((start, len(text)))
    return parts


def lit(
    segments: Sequence[Segment], needle: str, style: Style, also: Sequence[tuple[int, int]] = ()
) -> list[Segment]:
    """The segments with every occurrence of the needle in another style, and what else is to be lit."""
    text = "".join(segment.text for segment in segments)
    marks = sorted([*spans(text, needle), *also])
    if not marks:
        return list(segments)
    result: list[Segment] = []
    at = 0
    for segment in segments:
        end, cut = at + len(segment.text), at
        for first, last in marks:
            start, stop = max(first, cut), min(last, end)  # what a wrap has parted may overlap
            if start >= stop:
                continue
            if start > cut:
                result.append(Segment(segment.text[cut - at : start - at], segment.style))
            result.append(
                Segment(segment.text[start - at : stop - at], (segment.style or Style.null()) + style)
            )
            cut = stop
        if cut < end:
            result.append(Segment(segment.text[cut - at :], segment.style))
        at = end
    return result

"""Numbers as they are shown, and text cut to a width in cells. Pure."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from coze_tui.text.format import duration, milliseconds, seconds, size, tail, thousands

__all__ = ["duration", "milliseconds", "seconds", "shortened", "size", "tail", "thousands"]


def shortened(text: str, width: int) -> str:
    """The text in at most `width` cells, with `…` where something is left out."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else ""

"""JSON in colour."""

from __future__ import annotations

import json

from coze_tui.tui.render.lines import Line
from coze_tui.tui.render.palette import Palette
from coze_tui.tui.render.plain import render_plain


def json_lines(text: str, width: int, palette: Palette) -> list[Line]:
    """JSON text, indented; any other text as it is."""
    try:
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        pass
    return render_plain(text, width, palette.muted)

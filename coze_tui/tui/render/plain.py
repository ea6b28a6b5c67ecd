"""Text that is no Markdown as lines: what the user wrote, what a tool gave. And a guess at heights."""

from rich.segment import Segment
from rich.style import Style

from coze_tui.tui.render.inline import with_urls
from coze_tui.tui.render.lines import Line
from coze_tui.tui.render.wrap import cuts, rows_of, untorn

TAB = 4
_LINK = Style(underline=True)


def render_plain(text: str, width: int, style: Style) -> list[Line]:
    """`text` as it is, wrapped at `width`, every line end kept. Bare URLs are underlined links."""
    lines: list[Line] = []
    for source in text.split("\n"):
        lines += wrapped(with_urls(source.expandtabs(TAB), style, _LINK), width)
    return lines


def wrapped(runs: list[Segment], width: int, lead: tuple[Segment, ...] = (), hang: int = 0) -> list[Line]:
    """One line of text as rows, `lead` before the first and `hang` cells before the others."""
    runs = untorn(runs)
    text = "".join([run.text for run in runs])
    indent = (Segment(" " * hang),) if hang else ()
    rows = rows_of(text, max(4, width - hang))
    return [
        Line(
            lead if row.start == 0 else indent,
            piece,
            hang,
            row.width,
            joint=row.dropped if row.start else "\n",
        )
        for row, piece in zip(rows, cuts(runs, rows), strict=True)
    ]


def estimated_height(text: str, width: int) -> int:
    """About how many lines a message will have, without rendering it."""
    width = max(1, width)
    height = 1 + text.count("\n")
    if len(text) > width:
        is_narrow = text.isascii()
        for line in text.split("\n"):
            if len(line) * 2 > width:
                # Three bytes are two cells in Chinese, one byte is one in English.
                cells = len(line) if is_narrow else (len(line) + len(line.encode("utf-8", "replace"))) // 2
                height += (cells - 1) // width
    return height

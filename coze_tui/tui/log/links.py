"""The links of the message pane: all of an entry, and the one in a cell."""

from __future__ import annotations

from coze_tui.render.lines import Line
from coze_tui.render.links import shown_url
from coze_tui.render.palette import Palette
from coze_tui.text.urls import encoded, urls_in
from coze_tui.tui.log.entries import Entry, QuestionEntry
from coze_tui.values import valueclass


@valueclass
class EntryLink:
    """A link of an entry."""

    text: str
    """The displayed text, which may differ from the target."""
    url: str


def links_of(entry: Entry, width: int, palette: Palette) -> list[EntryLink]:
    """Return the links of an entry at this width, each target once.

    A link that wraps over several lines is one link.
    """
    found: dict[str, str] = {}
    if isinstance(entry, QuestionEntry):  # typed text is shown as it is, without links
        for typed in entry.text.split("\n"):
            for bare in urls_in(typed):
                found.setdefault(encoded(bare.target), typed[bare.start : bare.end])
    before = ""
    for block in entry.blocks:
        for line in block.lines(width, palette):
            for segment in line.body:
                url = segment.style.meta.get("url", "") if segment.style is not None else ""
                if not isinstance(url, str) or not url:
                    before = ""
                    continue
                if url not in found:
                    found[url] = segment.text
                elif url == before:
                    # A wrap cuts a link into several segments.
                    found[url] += (line.joint or "") * line.continues + segment.text
                before = url
    return [EntryLink(_label(text, url), url) for url, text in found.items()]


def _label(text: str, url: str) -> str:
    """Return the text of a link without its target, which is shown after it."""
    return text.strip().removesuffix(shown_url(url)).strip() or text.strip()


def url_at(line: Line, cell: int, shift: int) -> str:
    """Return the URL of the link drawn in a cell, or an empty string."""
    at = line.lead_width - (shift if line.scrolls else 0)
    for segment in line.body:
        end = at + segment.cell_length
        if at <= cell < end and segment.style is not None:
            url = segment.style.meta.get("url", "")
            return url if isinstance(url, str) else ""
        at = end
    return ""

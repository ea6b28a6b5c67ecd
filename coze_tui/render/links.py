"""Links as runs: bare URLs in plain text, and the displayed form of a link's target."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.cells import cell_len
from coze_tui.render.cells import shorten as shorten_cells
from coze_tui.text.cleaning import clean_line
from coze_tui.text.urls import FoundUrl, encoded, may_hold_urls, readable, urls_in

_SHOWN_URL = 36
"""Cells of a link's target that are shown; the end of its host is always complete."""
_SHOWN_IMAGE = 400
_TORN_ESCAPE = re.compile(r"(?:%[0-9A-Fa-f]?)?…\Z")
_MAY_CONTINUE = re.compile(r"[!-/:-@\[-`{-~]*")
"""Matches ASCII punctuation, which ends a URL only if nothing that belongs to the URL follows."""
_SCHEME = re.compile(r"(?:mailto:|https?://)", re.IGNORECASE)


def with_urls(text: str, style: Style, link: Style, urls: Sequence[FoundUrl] | None = None) -> list[Segment]:
    """Return plain text of one line with its bare URLs as links; `link` is laid over their style.

    Args:
        urls: The URLs in the text, if the caller has found them already.
    """
    if urls is None:
        urls = urls_in(text) if may_hold_urls(text) else []
    if not urls:
        return [Segment(text, style)] if text else []
    runs: list[Segment] = []
    at = 0
    for url in urls:
        if url.start > at:
            runs.append(Segment(text[at : url.start], style))
        at = url.end
        runs.append(Segment(text[url.start : at], style + link + link_to(url.target)))
    if at < len(text):
        runs.append(Segment(text[at:], style))
    return runs


def link_to(url: str) -> Style:
    """Return the style that marks text as a link to `url`: its `meta` contains the URL as it is opened."""
    return Style(meta={"url": encoded(url)})


def link_runs(text: str, label: str, url: str, style: Style) -> list[Segment]:
    """Return plain text of one line in which the last `label` is a link to `url`."""
    before, found, after = text.rpartition(label)
    linked = style + Style(underline=True) + link_to(url)
    runs = [Segment(before, style), Segment(found, linked), Segment(after, style)]
    return [run for run in runs if run.text]


def without_open_link(runs: list[Segment], source: str) -> list[Segment]:
    """Return the runs of a growing line without the link at its end if its URL may still grow.

    Args:
        source: The part of the line that has arrived. The URL is complete as soon as anything follows it.
    """
    tail = ""
    for number in range(len(runs) - 1, -1, -1):
        text, style, _ = runs[number]
        tail = text + tail
        if style is not None and "url" in style.meta:
            if source.endswith(tail):
                return [*runs[:number], Segment(text, style.clear_meta_and_links()), *runs[number + 1 :]]
            break
        if not _MAY_CONTINUE.fullmatch(text):
            break
    return runs


def says(text: str, url: str) -> bool:
    """Return whether the text of a link equals its target."""
    return _bare(text.strip()) == _bare(url)


def _bare(url: str) -> str:
    return _SCHEME.sub("", readable(url), count=1).rstrip("/")


def shown_url(url: str, *, is_image: bool = False) -> str:
    """Return a link's target in readable form, shortened after its host.

    The end of a host, which identifies its owner, remains. No `%XX` is split. The target of an image is shown
    whole unless it fills many lines, because nothing else of the image is visible.
    """
    url = clean_line(readable(url))
    if cell_len(url) <= (_SHOWN_IMAGE if is_image else _SHOWN_URL):
        return url
    try:
        host = urlsplit(url).netloc
    except ValueError:
        host = ""
    scheme = url.partition("//")[0] + "//" if host else ""
    if cell_len(scheme + host) > _SHOWN_URL:
        host = host[-_SHOWN_URL:]
        while cell_len(host) > _SHOWN_URL - 2:
            host = host[1:]
        return f"{scheme}…{host}/…"
    return _TORN_ESCAPE.sub("…", shorten_cells(url, _SHOWN_URL))

"""Conversations as the history lists them: from here, from a search, from the server. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coze_tui.alike import spans
from coze_tui.engine.browsing import Found
from coze_tui.engine.conversations import Summary
from coze_tui.engine.server_side import ServerConversation
from coze_tui.text import clean_line

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One conversation of the list. Texts are clean and on one line."""

    id: str
    """What tells it from all others; the same after it has been read anew."""
    title: str
    """May be empty."""
    bot: str
    at_ms: int
    """When something was last said, or of a search when the found message was."""
    summary: Summary | None = None
    """None for one that is only on the server."""
    server: ServerConversation | None = None
    """What the server has said of one that is only there."""
    title_hits: Ranges = ()
    snippet: str = ""
    """The line with the text that was searched."""
    snippet_hits: Ranges = ()
    more: int = 0
    """Further places in the same conversation."""
    message: int = 0
    """Key of the found message; 0 for none."""

    @property
    def key(self) -> str:
        """Of the conversation here; empty for one that is only on the server."""
        return self.summary.key if self.summary else ""

    @property
    def is_pinned(self) -> bool:
        """It is kept at the top."""
        return self.summary is not None and self.summary.pinned

    @property
    def height(self) -> int:
        """Lines it takes."""
        return 2 if self.snippet else 1


def item_from_summary(summary: Summary) -> Item:
    """A conversation of the list."""
    title = clean_line(summary.title).strip()
    return Item(summary.key, title, _bot(summary), summary.updated_at_ms, summary)


def item_from_found(found: Found, needle: str) -> Item:
    """A conversation with the latest place where a text was found in it."""
    said = [hit for hit in found.hits if hit.part != "title"]
    title = clean_line(found.summary.title).strip()
    first = said[0] if said else None
    return Item(
        found.summary.key,
        title,
        _bot(found.summary),
        found.hits[0].at,
        found.summary,
        title_hits=tuple(spans(title, needle)),
        snippet=first.snippet if first else "",
        snippet_hits=first.ranges if first else (),
        more=max(0, len(said) - 1),
        message=first.message if first else 0,
    )


def item_from_server(conversation: ServerConversation, bot: str, needle: str = "") -> Item:
    """A conversation that is only on the server."""
    return Item(
        f"server {conversation.conversation_id}",
        conversation.name,
        bot,
        conversation.updated_at_ms,
        server=conversation,
        title_hits=tuple(spans(conversation.name, needle)) if needle else (),
    )


def merged(local: Sequence[Item], there: Iterable[Item], *, oldest_ms: int, pins_first: bool) -> list[Item]:
    """The list with what is only on the server in its place, by time.

    Args:
        oldest_ms: What is older belongs behind a page that is not loaded yet.
        pins_first: Pinned conversations stand above all days.
    """
    more = [item for item in there if item.at_ms >= oldest_ms]
    pinned = [item for item in local if item.is_pinned] if pins_first else []
    rest = [item for item in local if not (pins_first and item.is_pinned)]
    return pinned + sorted([*rest, *more], key=lambda item: -item.at_ms) if more else list(local)


def _bot(summary: Summary) -> str:
    return clean_line(summary.bot_name).strip() or summary.bot_id

"""Messages from the server's list, put among those that are here already: only what lacks, in its place."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coze_tui.store.folding import storable, storable_int
from coze_tui.store.messages import SLOT, SavedMessage, insert, new_slot

_OWN = SLOT // 2
"""The first half of a chat's positions is its own: a late recovery may bring more (docs/wire.md 7.4)."""
_APART = 1024
"""Imported messages stand so far apart, if there is room, that more can come between them later."""


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """A message as the server listed it."""

    message: SavedMessage
    chat_id: str = ""
    section_id: str = ""


@dataclass(slots=True)
class _Known:
    """What a conversation holds already."""

    positions: list[int]
    """Of all its messages, rising."""
    times: list[int]
    """Of the same messages; Unix milliseconds."""
    by_identity: dict[tuple[str, ...], int]
    """Positions of messages without a chat of ours."""
    own_ids: dict[str, int]
    """Slots by the ids of chats that were held here, and of their messages."""
    own_slots: set[int]


def add_missing(c: sqlite3.Connection, conversation: str, listed: Sequence[ServerMessage]) -> int:
    """Adds the messages that the conversation lacks; how many. Doing it again adds nothing.

    A chat that was held here is left as it is: its frames tell more than the list.

    Args:
        listed: all that the server has, oldest first.

    Raises:
        StoreError: the conversation is gone.
    """
    known = _known(c, conversation)
    anchor: int | None = None
    """Position of the last message before, of those that the server also has."""
    added = 0
    places: list[tuple[ServerMessage, int]] = []
    waiting: list[list[ServerMessage]] = []
    for group in _groups(listed):
        own = next((slot for item in group for slot in _own_slot(known, item)), None)
        if own is not None:
            added += _place(c, conversation, known, anchor, waiting, places)
            waiting = []
            anchor = own * SLOT
            places += [(item, anchor) for item in group]
            continue
        lacking: list[ServerMessage] = []
        for item in group:
            at = known.by_identity.get(_identity(item.message))
            if at is None:
                lacking.append(item)
                continue
            if lacking:
                waiting.append(lacking)
                lacking = []
            added += _place(c, conversation, known, anchor, waiting, places)
            waiting = []
            anchor = at
            places.append((item, at))
        if lacking:
            waiting.append(lacking)
    added += _place(c, conversation, known, anchor, waiting, places)
    _mark_sections(c, conversation, places)
    return added


def _groups(listed: Sequence[ServerMessage]) -> Iterator[list[ServerMessage]]:
    """The messages of one chat together; where no chat is named, a question with what follows it."""
    group: list[ServerMessage] = []
    for item in listed:
        is_next = group and (
            item.chat_id != group[-1].chat_id if item.chat_id else item.message.type == "question"
        )
        if is_next:
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _known(c: sqlite3.Connection, conversation: str) -> _Known:
    known = _Known([], [], {}, {}, set())
    for chat_id, slot in c.execute(
        "SELECT chat_id, slot FROM chats WHERE conversation = ? AND chat_id <> ''", (conversation,)
    ):
        known.own_ids[str(chat_id)] = int(slot)
    for position, at, chat, role, type_, message_id, content in c.execute(
        """SELECT position, created_at, chat, role, type, message_id, content FROM messages
           WHERE conversation = ? ORDER BY position""",
        (conversation,),
    ):
        known.positions.append(position)
        known.times.append(at)
        if chat is None:
            known.by_identity[_identity(SavedMessage(role, type_, content, message_id=message_id))] = position
        else:
            known.own_slots.add(position // SLOT)
            if message_id:
                known.own_ids[message_id] = position // SLOT
    return known


def _identity(message: SavedMessage) -> tuple[str, ...]:
    """What makes it the same message: its id, or for want of one what it says."""
    if message.message_id:
        return (storable(message.message_id),)
    return (message.role, message.type, storable(message.content))


def _own_slot(known: _Known, item: ServerMessage) -> Iterator[int]:
    for id_ in (item.chat_id, item.message.message_id):
        if id_ and id_ in known.own_ids:
            yield known.own_ids[id_]


def _place(
    c: sqlite3.Connection,
    conversation: str,
    known: _Known,
    anchor: int | None,
    groups: Sequence[Sequence[ServerMessage]],
    places: list[tuple[ServerMessage, int]],
) -> int:
    """Writes messages behind the anchor, or where their time belongs if there is none; how many."""
    run = [item for group in groups for item in group]
    if not run:
        return 0
    low = _low(known, _by_time(known, run[0].message.created_at) if anchor is None else anchor)
    after = bisect_right(known.positions, low)
    high = known.positions[after] if after < len(known.positions) else None
    step = 0 if high is None else min(_APART, (high - low) // (len(run) + 1))
    found: list[tuple[ServerMessage, int]] = []
    if step:
        found = [(item, low + step * number) for number, item in enumerate(run, 1)]
    else:  # at the end; also where there is no room left, which takes a thousand messages in one place
        slot = new_slot(c, conversation, len(groups))
        for number, group in enumerate(groups):
            found += [(item, (slot + number) * SLOT + offset) for offset, item in enumerate(group)]
    for item, position in found:
        insert(c, conversation, 0, position, [item.message])
    c.execute(
        "UPDATE conversations SET updated_at = max(updated_at, ?) WHERE key = ?",
        (storable_int(max(item.message.created_at for item in run)), conversation),
    )
    places += found
    return len(run)


def _by_time(known: _Known, at_ms: int) -> int:
    """Position of the last message that is not later."""
    earlier = [position for position, at in zip(known.positions, known.times, strict=True) if at <= at_ms]
    return earlier[-1] if earlier else 0


def _low(known: _Known, anchor: int) -> int:
    """The place behind which is room: not among the positions that belong to a chat of ours."""
    slot = anchor // SLOT
    return max(anchor, slot * SLOT + _OWN - 1) if slot in known.own_slots else anchor


def _mark_sections(
    c: sqlite3.Connection, conversation: str, places: Sequence[tuple[ServerMessage, int]]
) -> None:
    """Draws the line wherever the server began a new context window, unless it is drawn already."""
    drawn = {
        str(section_id)
        for (section_id,) in c.execute(
            "SELECT section_id FROM sections WHERE conversation = ?", (conversation,)
        )
    }
    present = ""
    for item, position in places:
        section_id = storable(item.section_id)
        if section_id and present and section_id != present and section_id not in drawn:
            c.execute(
                """INSERT INTO sections (conversation, section_id, position, started_at)
                   VALUES (?, ?, ?, ?)""",
                (conversation, section_id, position, storable_int(item.message.created_at)),
            )
            drawn.add(section_id)
        present = section_id or present

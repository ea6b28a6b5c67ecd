"""The names that a shell completes, each with a text that describes it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from coze_tui.store.candidates import bot_candidates, chat_candidates, conversation_candidates
from coze_tui.text.i18n import _


def conversations(file: Path, prefix: str, *, are_deleted: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the keys of saved conversations, or of those that can be restored, with day and title."""
    for key, title, updated_at in conversation_candidates(file, prefix, are_deleted=are_deleted):
        yield key, f"{_minute(updated_at)} {title.strip() or _('Untitled conversation')}"


def chats(file: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the Coze IDs of saved chats, with day and question."""
    for chat_id, question, sent_at in chat_candidates(file, prefix):
        yield chat_id, f"{_minute(sent_at)} {question.strip()}"


def bots(file: Path, prefix: str, others: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the IDs of bots with their names: the others, then those of saved conversations."""
    known = dict(others)
    for bot_id, name, _used_at in bot_candidates(file, prefix):
        known[bot_id] = known.get(bot_id) or name
    yield from known.items()


def _minute(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(milliseconds / 1000))

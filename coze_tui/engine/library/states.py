"""The states of a conversation as signs and words, the same on screens and in commands."""

from __future__ import annotations

from collections.abc import Sequence

from coze_tui.engine.model.outcomes import Level, Outcome
from coze_tui.store.history import SavedConversation
from coze_tui.store.last_chats import LastChat as LastChat
from coze_tui.text.i18n import _
from coze_tui.values import valueclass

MOST_MARKS = 4
"""At most one of each group: pinned, the state of the last chat, fork, on the server."""


@valueclass
class Mark:
    """One state of a conversation."""

    name: str
    """For programs; it does not depend on the language."""
    sign: str
    """One cell wide."""
    words: str
    """In the language in use."""
    level: Level


def marks_of(saved: SavedConversation, last: LastChat) -> Sequence[Mark]:
    """Return the states of a conversation. A completed last chat has no mark."""
    marks = [
        *([_pinned()] if saved.pinned else []),
        *_chat_marks(saved, last),
        *([_fork()] if saved.forked_from else []),
        *([_on_server()] if saved.on_server else []),
    ]
    return tuple(marks)


def all_marks() -> Sequence[Mark]:
    """Return every possible mark in the order of display, for a legend."""
    ends = [_mark_of(outcome) for outcome in Outcome if outcome is not Outcome.COMPLETED]
    return (_pinned(), _running(), *ends, _fork(), _on_server())


def is_cut_off(saved: SavedConversation, last: LastChat) -> bool:
    """Return whether the last answer was cut off; False while another one arrives."""
    return not last.is_running and (saved.interrupted or last.is_orphaned)


def _chat_marks(saved: SavedConversation, last: LastChat) -> Sequence[Mark]:
    if last.is_running:
        return (_running(),)
    if is_cut_off(saved, last):
        return (_mark_of(Outcome.INTERRUPTED),)
    outcome = Outcome.of(last.status)
    return () if outcome in (None, Outcome.COMPLETED) else (_mark_of(outcome),)


def _mark_of(outcome: Outcome) -> Mark:
    return Mark(str(outcome), outcome.sign, outcome.words_now, outcome.level)


def _pinned() -> Mark:
    return Mark("pinned", "★", _("pinned"), "attention")


def _running() -> Mark:
    return Mark("running", "◐", _("answering now"), "good")


def _fork() -> Mark:
    return Mark("fork", "⑂", _("a fork"), "info")


def _on_server() -> Mark:
    return Mark("on_server", "☁", _("on the server"), "info")

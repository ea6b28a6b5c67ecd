"""The final states of a chat, with everything that is said of them in words, signs and levels. Pure.

To add a final state, add its member to `Outcome` and run `mypy`: it reports each place that must decide about
the new state, because those places match `Outcome` (or the event's class) without a default.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, assert_never

from coze_tui.errors import CozeTuiError
from coze_tui.store.records import ChatRecord
from coze_tui.text.i18n import _

Level = Literal["info", "good", "tool", "attention", "error"]
"""How much an event or an end matters to the reader."""


class Outcome(StrEnum):
    """How a turn ended. The store and captures contain the values: Coze's words and our `interrupted`."""

    COMPLETED = "completed"
    FAILED = "failed"
    REQUIRES_ACTION = "requires_action"
    """The chat waits for outputs of local tools. It continues once they are submitted."""
    CANCELED = "canceled"
    EXPIRED = "expired"
    """The server has given the chat up."""
    INTERRUPTED = "interrupted"
    """The stream was cut and the rest could not be fetched. It can be recovered."""

    @classmethod
    def of(cls, status: str) -> Outcome | None:
        """Return the final state with this value; None if it is no final state."""
        try:
            return cls(status)
        except ValueError:
            return None

    @property
    def level(self) -> Level:
        """How much the end matters; every list and screen colors it accordingly."""
        match self:
            case Outcome.COMPLETED:
                return "good"
            case Outcome.FAILED | Outcome.EXPIRED:
                return "error"
            case Outcome.REQUIRES_ACTION | Outcome.CANCELED | Outcome.INTERRUPTED:
                return "attention"
            case _:
                assert_never(self)

    @property
    def sign(self) -> str:
        """One cell that no other final state has."""
        match self:
            case Outcome.COMPLETED:
                return "✓"
            case Outcome.FAILED:
                return "✗"
            case Outcome.REQUIRES_ACTION:
                return "▲"
            case Outcome.CANCELED:
                return "■"
            case Outcome.EXPIRED:
                return "◷"
            case Outcome.INTERRUPTED:
                return "⟂"
            case _:
                assert_never(self)

    @property
    def can_continue(self) -> bool:
        """Whether the same chat can continue: once it is recovered, or once it gets its tool outputs."""
        match self:
            case Outcome.REQUIRES_ACTION | Outcome.INTERRUPTED:
                return True
            case Outcome.COMPLETED | Outcome.FAILED | Outcome.CANCELED | Outcome.EXPIRED:
                return False
            case _:
                assert_never(self)

    @property
    def needs_user(self) -> bool:
        """Whether the user must act before the chat can continue."""
        return self is Outcome.REQUIRES_ACTION

    @property
    def continues_queue(self) -> bool:
        """Whether the next queued question is sent after a chat with this end."""
        match self:
            case Outcome.COMPLETED | Outcome.CANCELED:
                return True
            case Outcome.FAILED | Outcome.EXPIRED | Outcome.REQUIRES_ACTION | Outcome.INTERRUPTED:
                return False
            case _:
                assert_never(self)

    @property
    def words(self) -> str:
        """How a past chat ended, in the language in use."""
        match self:
            case Outcome.COMPLETED:
                return _("completed")
            case Outcome.FAILED:
                return _("failed")
            case Outcome.REQUIRES_ACTION:
                return _("waited for a tool")
            case Outcome.CANCELED:
                return _("stopped")
            case Outcome.EXPIRED:
                return _("expired")
            case Outcome.INTERRUPTED:
                return _("cut off")
            case _:
                assert_never(self)

    @property
    def words_now(self) -> str:
        """How a turn ended that the user has just followed."""
        return _("needs you") if self.needs_user else self.words

    @property
    def reason(self) -> str:
        """Why there is no complete answer if no error says it; empty if nothing needs to be explained."""
        match self:
            case Outcome.FAILED:
                return _("the chat failed, and Coze gave no reason")
            case Outcome.INTERRUPTED:
                return _("the answer was cut off before its end")
            case Outcome.EXPIRED:
                return _("the chat expired: Coze gave it up before its end")
            case Outcome.COMPLETED | Outcome.CANCELED | Outcome.REQUIRES_ACTION:
                return ""
            case _:
                assert_never(self)

    @property
    def event_words(self) -> str:
        """The name of the event with which Coze announces this end, in the language in use."""
        match self:
            case Outcome.COMPLETED:
                return _("chat completed")
            case Outcome.FAILED:
                return _("chat failed")
            case Outcome.CANCELED:
                return _("chat canceled")
            case Outcome.EXPIRED:
                return _("chat expired")
            case Outcome.REQUIRES_ACTION | Outcome.INTERRUPTED:
                return str(self)
            case _:
                assert_never(self)


def outcome_of(record: ChatRecord) -> Outcome | None:
    """Return how a chat ended, or None while it runs or if only its frames can tell."""
    if not record.is_final or not record.status:
        return None
    return Outcome.of(record.status) or Outcome.INTERRUPTED


def error_of(record: ChatRecord) -> CozeTuiError | None:
    """Return why a chat failed, as far as it is known."""
    if record.error_code:
        from coze_tui.api.events import error_of_code  # the first screen does without the events

        return error_of_code(record.error_code, record.error_msg, logid=record.logid)
    return CozeTuiError(record.error_msg) if record.error_msg else None


def total_us_of(record: ChatRecord) -> int:
    """Return the duration of a chat that is over in microseconds; 0 while it runs."""
    return record.total_us if record.is_final else 0  # one that was resumed still has that of its first end

"""The final states of a chat, with their texts, signs and levels, and a completed chat without text. Pure.

To add a final state, add its member to `Outcome` and run `mypy`: it reports each place that must decide about
the new state, because those places match `Outcome` (or the event's class) without a default.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, assert_never

from coze_tui.errors import CozeTuiError
from coze_tui.store.records import Breaks, ChatRecord
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import duration
from coze_tui.text.i18n import N_, _, listed
from coze_tui.values import valueclass

Level = Literal["info", "good", "tool", "attention", "error"]
"""The importance of an event or outcome for the reader."""


class Outcome(StrEnum):
    """The outcome of a turn. The store and captures contain the values: Coze's words and `interrupted`."""

    COMPLETED = "completed"
    FAILED = "failed"
    REQUIRES_ACTION = "requires_action"
    """The chat waits for outputs of local tools. It continues once they are submitted."""
    CANCELED = "canceled"
    """The user stopped the chat."""
    SERVER_CANCELED = "server_canceled"
    """The server reported that the chat was canceled, but not by the user of this program."""
    EXPIRED = "expired"
    """The chat has expired on the server."""
    INTERRUPTED = "interrupted"
    """The stream was cut and the rest could not be fetched. `recover` can fetch it later."""

    @classmethod
    def of(cls, status: str) -> Outcome | None:
        """Return the final state with this value, or None."""
        try:
            return cls(status)
        except ValueError:
            return None

    @property
    def level(self) -> Level:
        """Return the importance of the outcome; every list and screen colors it accordingly."""
        return _facts_of(self).level

    @property
    def sign(self) -> str:
        """Return the sign of the outcome: one cell, and different from all others."""
        return _facts_of(self).sign

    @property
    def can_continue(self) -> bool:
        """Return whether the same chat can continue, after a recovery or with its tool outputs."""
        return _facts_of(self).can_continue

    @property
    def needs_user(self) -> bool:
        """Return whether the user must act before the chat can continue."""
        return self is Outcome.REQUIRES_ACTION

    @property
    def continues_queue(self) -> bool:
        """Return whether the next queued question is sent after a chat with this outcome."""
        return _facts_of(self).continues_queue

    @property
    def words(self) -> str:
        """Return the outcome of a past chat in the language in use."""
        return _(_facts_of(self).words)

    @property
    def words_now(self) -> str:
        """Return the outcome of a turn that the user has just followed, in the language in use."""
        return _("waits for you") if self.needs_user else self.words

    @property
    def reason(self) -> str:
        """Return why the answer is incomplete if no error explains it; empty if no explanation is needed."""
        text = _facts_of(self).reason
        return _(text) if text else ""


@valueclass
class _Facts:
    """The properties of a final state. Texts are in English."""

    level: Level
    sign: str
    words: str
    reason: str = ""
    can_continue: bool = False
    continues_queue: bool = False


def _facts_of(outcome: Outcome) -> _Facts:
    match outcome:
        case Outcome.COMPLETED:
            return _Facts("good", "✓", N_("completed"), continues_queue=True)
        case Outcome.FAILED:
            reason = N_("the chat failed, and Coze gave no reason")
            return _Facts("error", "✗", N_("failed"), reason)
        case Outcome.REQUIRES_ACTION:
            return _Facts("attention", "▲", N_("needs tool output"), can_continue=True)
        case Outcome.CANCELED:
            return _Facts("attention", "◼", N_("stopped"), continues_queue=True)
        case Outcome.SERVER_CANCELED:
            reason = N_("the chat was canceled on the server, not by this program")
            return _Facts("attention", "□", N_("canceled on the server"), reason)
        case Outcome.EXPIRED:
            reason = N_("the chat expired: Coze dropped it before it was complete")
            return _Facts("error", "◷", N_("expired"), reason)
        case Outcome.INTERRUPTED:
            reason = N_("the answer was cut off")
            return _Facts("attention", "⟂", N_("cut off"), reason=reason, can_continue=True)
        case _:
            assert_never(outcome)


def outcome_of(record: ChatRecord) -> Outcome | None:
    """Return the outcome of a chat; None if it runs, or if only its frames contain the outcome."""
    if not record.is_final or not record.status:
        return None
    return Outcome.of(record.status) or Outcome.INTERRUPTED


def shown_outcome_of(record: ChatRecord) -> Outcome | None:
    """Return the outcome for lists: a chat that asks back waits for the user, though it is complete."""
    return Outcome.REQUIRES_ACTION if record.asks_back else outcome_of(record)


def error_of(record: ChatRecord) -> CozeTuiError | None:
    """Return why a chat failed, as far as this is known."""
    if record.error_code:
        from coze_tui.api.events import error_of_code  # the first screen does not need the events

        code = record.error_code
        status = code if 400 <= code <= 599 else 200  # it is stored as the code only if there was no other
        return error_of_code(code, record.error_msg, logid=record.logid, http_status=status)
    return CozeTuiError(record.error_msg) if record.error_msg else None


def break_words(breaks: Breaks, outcome: Outcome) -> list[str]:
    """Return texts about the breaks of a chat: the waiting for its user, and a cut whose rest was fetched."""
    words = [waited_words(breaks.waited_us)] if breaks.waited_us else []
    if breaks.cut_us and outcome is not Outcome.INTERRUPTED:
        words.append(cut_words(breaks, outcome))
    return words


def waited_words(waited_us: int) -> str:
    """Return a text about the time a chat waited for its user, which no other time contains."""
    return _("+ {time} for your tool").format(time=duration(waited_us))


def cut_words(breaks: Breaks, outcome: Outcome) -> str:
    """Return a text about the cut in the stream of a chat, and what was fetched after it."""
    text = _("cut off after {time}, the outcome was fetched")
    if outcome in (Outcome.COMPLETED, Outcome.REQUIRES_ACTION):
        text = _("cut off after {time}, the rest was fetched")
    return text.format(time=duration(breaks.cut_us))


def total_us_of(record: ChatRecord) -> int:
    """Return the duration of a chat that is over in microseconds; 0 while it runs."""
    # A resumed chat still has the duration up to its first end.
    return record.total_us if record.is_final else 0


@valueclass
class Silence:
    """The other contents of a completed chat without text."""

    has_reasoning: bool = False
    tools: tuple[str, ...] = ()
    """Names of the tools that the bot called, in order."""

    @property
    def text(self) -> str:
        """Return one line for the user: that there is no text, and what the chat contains instead."""
        facts = [_("the bot answered without any text")]
        if self.has_reasoning:
            facts.append(_("it sent only reasoning"))
        if self.tools:
            names = listed(dict.fromkeys(filter(None, map(clean_line, self.tools))))
            facts.append(_("it called {tools}").format(tools=names))
        return " · ".join(facts)


def silence_of(texts: Sequence[str], reasonings: Sequence[str], tools: Sequence[str]) -> Silence | None:
    """Return the contents of a completed chat without text; None if it has text."""
    if any(text.strip() for text in texts):
        return None
    return Silence(any(text.strip() for text in reasonings), tuple(tools))

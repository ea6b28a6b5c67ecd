"""Textual messages that carry the engine's updates to widgets: one class per TurnUpdate, of the same name.

None of them bubbles, so a flood never fills the queues of the screen and the app.
"""

from __future__ import annotations

from typing import assert_never

from textual.message import Message

from coze_tui.engine.model import updates as turn
from coze_tui.engine.model.updates import TurnUpdate


class PhaseChanged(Message, bubble=False):
    """The turn has entered another phase."""

    def __init__(self, update: turn.PhaseChanged) -> None:
        super().__init__()
        self.update = update


class ChatIdentified(Message, bubble=False):
    """The chat has its ids."""

    def __init__(self, update: turn.ChatIdentified) -> None:
        super().__init__()
        self.update = update


class LogidReported(Message, bubble=False):
    """The request has its logid."""

    def __init__(self, update: turn.LogidReported) -> None:
        super().__init__()
        self.update = update


class ReasoningGrew(Message, bubble=False):
    """A delta of a chain of thought, or several that waited together."""

    def __init__(self, update: turn.ReasoningGrew) -> None:
        super().__init__()
        self.update = update


class AnswerGrew(Message, bubble=False):
    """A delta of an answer, or several that waited together."""

    def __init__(self, update: turn.AnswerGrew) -> None:
        super().__init__()
        self.update = update


class AnswerSettled(Message, bubble=False):
    """An answer is whole."""

    def __init__(self, update: turn.AnswerSettled) -> None:
        super().__init__()
        self.update = update


class ToolCalled(Message, bubble=False):
    """The bot calls a tool."""

    def __init__(self, update: turn.ToolCalled) -> None:
        super().__init__()
        self.update = update


class ToolResponded(Message, bubble=False):
    """A tool has answered."""

    def __init__(self, update: turn.ToolResponded) -> None:
        super().__init__()
        self.update = update


class FollowUpOffered(Message, bubble=False):
    """The bot suggests a question."""

    def __init__(self, update: turn.FollowUpOffered) -> None:
        super().__init__()
        self.update = update


class ActionRequired(Message, bubble=False):
    """The chat waits for tool outputs."""

    def __init__(self, update: turn.ActionRequired) -> None:
        super().__init__()
        self.update = update


class UsageReported(Message, bubble=False):
    """The chat's tokens are known."""

    def __init__(self, update: turn.UsageReported) -> None:
        super().__init__()
        self.update = update


class EventNoted(Message, bubble=False):
    """An event of the chat's life, of any kind but a delta."""

    def __init__(self, update: turn.EventNoted) -> None:
        super().__init__()
        self.update = update


class TurnEnded(Message, bubble=False):
    """The turn is over."""

    def __init__(self, update: turn.TurnEnded) -> None:
        super().__init__()
        self.update = update


def message_of(update: TurnUpdate) -> Message:
    """A new message for the update; each receiver needs its own."""
    match update:
        case turn.AnswerGrew():
            return AnswerGrew(update)
        case turn.ReasoningGrew():
            return ReasoningGrew(update)
        case turn.EventNoted():
            return EventNoted(update)
        case turn.PhaseChanged():
            return PhaseChanged(update)
        case turn.ChatIdentified():
            return ChatIdentified(update)
        case turn.LogidReported():
            return LogidReported(update)
        case turn.AnswerSettled():
            return AnswerSettled(update)
        case turn.ToolCalled():
            return ToolCalled(update)
        case turn.ToolResponded():
            return ToolResponded(update)
        case turn.FollowUpOffered():
            return FollowUpOffered(update)
        case turn.ActionRequired():
            return ActionRequired(update)
        case turn.UsageReported():
            return UsageReported(update)
        case turn.TurnEnded():
            return TurnEnded(update)
        case _:
            assert_never(update)

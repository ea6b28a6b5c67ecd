"""The tool calls of a turn with their responses, and the messages of other kinds, as parts. Pure."""

from __future__ import annotations

from typing import Generic, TypeVar

from coze_tui.api.objects import Message, MessageType
from coze_tui.engine.model.parts import Part, Tool
from coze_tui.engine.model.tool_messages import call_of, recalled, remark_of, response_of
from coze_tui.engine.model.updates import ToolCalled, ToolResponded
from coze_tui.values import valueclass

_Key = TypeVar("_Key")


class Tools:
    """Adds calls, responses and messages of other kinds to the parts of a turn.

    Updates refer to parts by ID, so a message without an ID, as some servers send it, receives one.
    """

    def __init__(self, parts: list[Part]) -> None:
        self._parts = parts
        self._pairing = Pairing[Tool]()

    def call(self, message: Message, at_us: int) -> ToolCalled:
        """Add a call."""
        found = call_of(message)
        key = message.id or f"call-{len(self._parts)}"
        call = Tool(key, message.type, found.name, found.arguments, at_us)
        self._parts.append(call)
        self._pairing.called(call, call.name, found.id, message.id)
        return ToolCalled(call.message_id, call.name, call.text, at_us)

    def respond(self, message: Message, at_us: int) -> ToolResponded:
        """Add a response, or recalled knowledge, which answers no call."""
        is_knowledge = message.type in (MessageType.KNOWLEDGE, MessageType.VERBOSE)
        found = response_of(message)
        call = None if is_knowledge else self._pairing.answered(found.call_id)
        name = "knowledge" if is_knowledge else ""
        response = Tool(
            message.id or f"response-{len(self._parts)}",
            MessageType.KNOWLEDGE if is_knowledge else message.type,
            call.name if call else name,
            recalled(message.content) if is_knowledge else found.text,
            at_us,
            answers=call.message_id if call else "",
        )
        if call is not None:
            call.answered_by = response.message_id
        self._parts.append(response)
        return ToolResponded(
            response.message_id,
            response.answers,
            response.name,
            response.text,
            at_us - call.at_us if call else 0,
            at_us,
        )

    def remark(self, message: Message, at_us: int) -> ToolResponded | None:
        """Add a message of another kind as a response without a call; None if it has nothing to read."""
        remark = remark_of(message)
        if remark is None:
            return None
        key = message.id or f"remark-{len(self._parts)}"
        self._parts.append(Tool(key, MessageType.UNKNOWN, remark.name, remark.text, at_us))
        return ToolResponded(key, "", remark.name, remark.text, 0, at_us, is_remark=True)


@valueclass
class _Open(Generic[_Key]):
    """A call without a response."""

    key: _Key
    ids: frozenset[str]
    name: str


class Pairing(Generic[_Key]):
    """Finds the call that a response answers: by ID, else only if no other call is open."""

    def __init__(self) -> None:
        self._open: list[_Open[_Key]] = []
        self._unclaimed = 0

    def called(self, key: _Key, name: str, *ids: str) -> None:
        """Add a call; `answered` will return `key` for it."""
        self._open.append(_Open(key, frozenset(filter(None, ids)), name))

    def answered(self, call_id: str = "", name: str = "") -> _Key | None:
        """Return the key of the call that a response answers, or None if it is unknown.

        Args:
            name: the tool, if the response names it; calls of other tools are then excluded.
        """
        found = next((call for call in self._open if call_id and call_id in call.ids), None)
        if found is None and name:
            # Nothing tells several calls of one tool apart; the oldest is the likeliest.
            found = next((call for call in self._open if call.name == name), None)
        elif found is None and len(self._open) == 1 and not (call_id and self._open[0].ids):
            found = self._open[0]
        if found is not None:
            self._open.remove(found)
            return found.key
        self._unclaimed += 1
        if self._unclaimed >= len(self._open):  # each call has a response, but which one is unknown
            self._open, self._unclaimed = [], 0
        return None

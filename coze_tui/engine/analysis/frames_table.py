"""The frames of a chat in the inspector, and their meaning. Pure."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from coze_tui.api import events
from coze_tui.api.captures import Capture
from coze_tui.api.events import ChatEvent, parse_event
from coze_tui.api.json_values import mapping_of, text_of
from coze_tui.api.objects import Frame, Message, MessageType, Role
from coze_tui.engine.model.contents import shown_text
from coze_tui.engine.model.outcomes import outcome_of, total_us_of
from coze_tui.engine.model.records import ChatFrames, capture_head
from coze_tui.engine.model.state import RETRIEVED, TurnState
from coze_tui.engine.model.timeline import Timeline
from coze_tui.engine.model.turn_replay import PastTurn, TurnReplay
from coze_tui.engine.model.updates import TurnUpdate
from coze_tui.store.records import ChatRecord
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _
from coze_tui.values import valueclass


class InspectedChat:
    """Reads frames in order into rows, metrics and a timeline."""

    def __init__(self, record: ChatRecord) -> None:
        self.record = record
        self.table = FrameTable()
        self.turn = PastTurn(TurnState(), Timeline())
        self.state, self.figures, self.timeline = self.turn.state, self.turn.figures, self.turn.timeline
        self._replay = TurnReplay(self.state)
        self._feed(self._replay.start(record.logid))

    @property
    def frames(self) -> list[Frame]:
        """Return all frames so far."""
        return [row.frame for row in self.table.rows]

    def add(self, frames: Iterable[Frame]) -> None:
        """Read the next frames."""
        for frame in frames:
            event = parse_event(frame)
            self.table.add(event)
            self._feed(self._replay.apply(event))

    def end(self, record: ChatRecord) -> None:
        """End the reading with the present record of the chat; frames follow only if it is resumed."""
        self.record = record
        self._feed(self._replay.finish(outcome_of(record), total_us_of(record), breaks=record.breaks))

    def capture(self) -> Capture:
        """Return the chat as a capture."""
        state, record = self.state, self.record
        known = replace(
            record,
            chat_id=record.chat_id or state.chat_id,
            conversation_id=record.conversation_id
            or ("" if record.conversation else state.conversation_id),  # as in `chat_from_capture`
            section_id=record.section_id or state.section_id,
        )
        return Capture(tuple(self.frames), capture_head(known))

    def _feed(self, updates: Iterable[TurnUpdate]) -> None:
        for update in updates:
            self.timeline.add(update)


def inspected(chat: ChatFrames) -> InspectedChat:
    """Return a finished chat with all of its frames read."""
    found = InspectedChat(chat.record)
    found.add(chat.frames)
    found.end(chat.record)
    return found


RowLevel = Literal["", "good", "tool", "attention", "error"]
FrameProblem = Literal["", "name", "data", "type"]

_PREFIX = "conversation."
_PREVIEW = 160
"""Number of characters."""
_TOOLS = frozenset({MessageType.FUNCTION_CALL, MessageType.TOOL_RESPONSE, MessageType.TOOL_OUTPUT})


@valueclass
class FrameRow:
    """A frame with the properties that its row shows."""

    number: int
    """From 1."""
    frame: Frame
    gap_us: int
    """Since the previous frame, or since the question was sent; never negative."""
    kind: str
    """The type of its message; `reasoning` for a delta with nothing else; empty for other events."""
    level: RowLevel
    problem: FrameProblem
    """The part that the client did not understand: the event's name, the data, or the message's type."""

    @property
    def event(self) -> str:
        """Return the event's name to show: clean, and without the prefix that all of them share."""
        return clean_line(self.frame.event)[:60].removeprefix(_PREFIX)

    @property
    def is_retrieved(self) -> bool:
        """Return whether it was not in the stream, but was built by a recovery from a later response."""
        return self.frame.id == RETRIEVED


@valueclass
class FrameLine:
    """One line of the list: a frame, or a run of deltas of one kind."""

    row: FrameRow
    """The frame, or the first frame of a run."""
    count: int = 1
    """Number of frames that the line represents."""
    until_us: int = 0
    """Arrival time of the last frame of a run."""
    bytes: int = 0
    """Total size of all frames."""
    longest_gap_us: int = 0
    """Largest gap between two frames of a run."""
    is_delta_run: bool = False
    is_open: bool = False
    """The frames of the run are shown below."""
    is_inside: bool = False
    """The frame belongs to the open run above."""


class _Group:
    """Adjacent frames of one kind."""

    __slots__ = ("bytes", "count", "first", "is_open", "longest_gap_us")

    def __init__(self, first: int, size: int) -> None:
        self.first = first
        self.count = 1
        self.bytes = size
        self.longest_gap_us = 0
        self.is_open = False

    @property
    def height(self) -> int:
        return 1 + self.count if self.is_open and self.count > 1 else 1


class FrameTable:
    """The list of frames: folded into runs, filtered, with jumps."""

    def __init__(self) -> None:
        self.rows: list[FrameRow] = []
        self.errors: list[int] = []
        """Numbers of the frames that report a failure or were not understood."""
        self.tools: list[int] = []
        """Numbers of the frames with tool calls and responses."""
        self.longest_gap = 0
        """Number of the frame with the longest gap before it; 0 without frames."""
        self.latest_us = 0
        """The latest arrival time; times may decrease in an edited capture."""
        self.longest_event = 0
        """Length of the longest shown name of an event, with its count."""
        self.longest_kind = 0
        self._groups: list[_Group] = []
        self._starts: list[int] = []
        self._clean = 0
        """Number of valid items in `_starts`."""
        self._words: tuple[str, ...] = ()
        self._found: list[int] = []

    # --- writing ---

    def add(self, event: ChatEvent) -> None:
        """Add the event of the next frame."""
        frame = event.frame
        before = self.rows[-1] if self.rows else None
        # Never negative, even if times decrease in an edited capture.
        gap_us = max(0, frame.at_us - (before.frame.at_us if before else 0))
        kind, level, problem = _meaning(event)
        row = FrameRow(len(self.rows) + 1, frame, gap_us, kind, level, problem)
        self.rows.append(row)
        self.latest_us = max(self.latest_us, frame.at_us)
        if level == "error" or problem:
            self.errors.append(row.number)
        if level == "tool":
            self.tools.append(row.number)
        if not self.longest_gap or gap_us > self.rows[self.longest_gap - 1].gap_us:
            self.longest_gap = row.number
        if before is not None and _is_delta(event) and _goes_on(before, row):
            group = self._groups[-1]
            group.count += 1
            group.bytes += frame.bytes
            group.longest_gap_us = max(group.longest_gap_us, gap_us)
            self.longest_event = max(self.longest_event, len(row.event) + 2 + len(thousands(group.count)))
        else:
            self._starts.append(self._folded_count)
            self._groups.append(_Group(row.number, frame.bytes))
            self.longest_event = max(self.longest_event, len(row.event))
            self.longest_kind = max(self.longest_kind, len(kind))
            # The new group is last, so all earlier starts remain valid.
            if self._clean == len(self._groups) - 1:
                self._clean += 1
        if self._words and self._matches(row):
            self._found.append(row.number)

    # --- lines ---

    @property
    def line_count(self) -> int:
        """Return the number of lines with the present folding and filter."""
        return len(self._found) if self._words else self._folded_count

    def line(self, index: int) -> FrameLine:
        """Return one line; raise IndexError if it does not exist."""
        if not 0 <= index < self.line_count:
            raise IndexError(index)
        if self._words:
            row = self.rows[self._found[index] - 1]
            return FrameLine(row, until_us=row.frame.at_us, bytes=row.frame.bytes)
        self._update_starts()
        group = self._groups[bisect_right(self._starts, index) - 1]
        place = index - self._starts[bisect_right(self._starts, index) - 1]
        is_delta_run = group.count > 1
        if place or not is_delta_run:
            row = self.rows[group.first + max(0, place - 1) - 1]
            return FrameLine(row, until_us=row.frame.at_us, bytes=row.frame.bytes, is_inside=is_delta_run)
        first, last = self.rows[group.first - 1], self.rows[group.first + group.count - 2]
        return FrameLine(
            *(first, group.count, last.frame.at_us, group.bytes, group.longest_gap_us),
            is_delta_run=True,
            is_open=group.is_open,
        )

    def line_of(self, number: int) -> int:
        """Return the line of a frame or of its folded run; if a filter hides it, the next one."""
        if not self.line_count:
            return 0
        if self._words:
            place = bisect_right(self._found, number - 1)
            return min(place, len(self._found) - 1)
        self._update_starts()
        at = self._group_at(number)
        group = self._groups[at]
        inside = number - group.first + 1 if group.is_open and group.count > 1 else 0
        return self._starts[at] + inside

    def run_of(self, number: int) -> Sequence[FrameRow]:
        """Return the frames of the run that contains a frame; the frame itself if it is in no run."""
        group = self._groups[self._group_at(number)]
        return self.rows[group.first - 1 : group.first + group.count - 1]

    def toggle(self, number: int) -> bool:
        """Open or close the run that contains a frame; return False if it is in no run."""
        at = self._group_at(number)
        group = self._groups[at]
        if self._words or group.count < 2:
            return False
        group.is_open = not group.is_open
        # Only the starts after this group change.
        self._clean = min(self._clean, at + 1)
        return True

    def reveal(self, number: int) -> None:
        """Open the run that contains a frame, if it is in one."""
        if not self._groups[self._group_at(number)].is_open:
            self.toggle(number)

    def toggle_all(self) -> None:
        """Open all runs, or close them if all are open."""
        runs = [group for group in self._groups if group.count > 1]
        opening = not all(group.is_open for group in runs)
        for group in runs:
            group.is_open = opening
        self._clean = min(self._clean, 1)

    # --- the filter ---

    @property
    def filter(self) -> str:
        """Return the text of the filter."""
        return " ".join(self._words)

    @property
    def found_count(self) -> int:
        """Return the number of frames that match the filter."""
        return len(self._found) if self._words else len(self.rows)

    def set_filter(self, text: str) -> None:
        """Show only the frames that contain each word of the text in event name, type or data."""
        self._words = tuple(text.casefold().split())
        self._found = [row.number for row in self.rows if self._matches(row)] if self._words else []

    def _matches(self, row: FrameRow) -> bool:
        # Name and type first, because searching the data is slow.
        named = f"{row.event}\n{row.kind}".casefold()
        words = [word for word in self._words if word not in named]
        if not words:
            return True
        text = _searched(row.frame)
        return all(word in text for word in words)

    # --- jumps ---

    def next_error(self, number: int, step: int = 1) -> int:
        """Return the next (or previous) frame with a problem, wrapping around; 0 if there is none."""
        return _next(self.errors, number, step)

    def next_tool(self, number: int, step: int = 1) -> int:
        """Return the next (or previous) tool call or response, as `next_error` does."""
        return _next(self.tools, number, step)

    # --- previews ---

    @property
    def _folded_count(self) -> int:
        if not self._groups:
            return 0
        self._update_starts()
        return self._starts[-1] + self._groups[-1].height

    def _update_starts(self) -> None:
        for at in range(max(1, self._clean), len(self._groups)):
            self._starts[at] = self._starts[at - 1] + self._groups[at - 1].height
        self._clean = len(self._groups)

    def _group_at(self, number: int) -> int:
        return bisect_right(self._groups, number, key=lambda group: group.first) - 1


def preview(*rows: FrameRow) -> str:
    """Return the most useful part of a frame, or of a run of frames, on one clean line."""
    text = ""
    for row in rows:
        text += _text_of(row.frame)[: 4 * _PREVIEW]
        # Enough for the preview, however many rows the run has.
        if len(text) > 4 * _PREVIEW:
            break
    return clean_line(text.strip())[:_PREVIEW]


def _text_of(frame: Frame) -> str:
    match parse_event(frame):
        case events.MessageDelta(message=message):
            return message.content or message.reasoning_content
        case events.MessageCompleted(message=message):
            return _message_text(message)
        case events.AudioDelta():
            return ""
        case events.Done(debug_url=debug_url):
            return debug_url
        case (
            events.ChatCreated(chat=chat)
            | events.ChatInProgress(chat=chat)
            | events.ChatCompleted(chat=chat)
            | events.ChatRequiresAction(chat=chat)
            | events.ChatCanceled(chat=chat)
            | events.ChatExpired(chat=chat)
        ):
            count = chat.usage.token_count if chat.usage else 0
            return _("{n} tokens").format(n=thousands(count)) if count else ""
        case events.ChatFailed(error=error) | events.ErrorEvent(error=error):
            return error.line
        case events.UnknownEvent():
            return frame.data


def _message_text(message: Message) -> str:
    match message.type:
        case MessageType.ANSWER:
            return shown_text(message)
        case MessageType.FUNCTION_CALL:
            data = _json_mapping(message.content)
            function = mapping_of(data.get("function"))
            return text_of(data.get("name")) or text_of(function.get("name")) or message.content
        case MessageType.VERBOSE:
            return text_of(_json_mapping(message.content).get("msg_type")) or message.content
        case _:
            return message.content


def _json_mapping(text: str) -> dict[str, object]:
    try:
        return dict(mapping_of(json.loads(text)))
    except (ValueError, RecursionError):
        return {}


def _is_delta(event: ChatEvent) -> bool:
    return isinstance(event, events.MessageDelta | events.AudioDelta)


def _goes_on(before: FrameRow, row: FrameRow) -> bool:
    return (
        before.frame.event == row.frame.event
        and before.kind == row.kind
        and not before.problem
        and not row.problem
    )


def _meaning(event: ChatEvent) -> tuple[str, RowLevel, FrameProblem]:
    match event:
        case events.MessageDelta(message=message):
            if message.reasoning_content and not message.content:
                return "reasoning", "", ""
            return _kind(message)[0], "", _kind(message)[1]
        case events.MessageCompleted(message=message):
            kind, problem = _kind(message)
            if problem:
                return kind, "attention", problem
            return kind, "tool" if message.type in _TOOLS else "", ""
        case events.AudioDelta():
            return "audio", "", ""
        case events.ChatCompleted() | events.Done():
            return "", "good", ""
        case events.ChatRequiresAction() | events.ChatCanceled():
            return "", "attention", ""
        case events.ChatFailed() | events.ChatExpired() | events.ErrorEvent():
            return "", "error", ""
        case events.UnknownEvent(reason=reason):
            return "", "attention", reason
        case events.ChatCreated() | events.ChatInProgress():
            return "", "", ""


def _kind(message: Message) -> tuple[str, FrameProblem]:
    if message.type is not MessageType.UNKNOWN:
        is_echo = message.role is Role.USER
        return str(MessageType.QUESTION if is_echo else message.type), ""
    return clean_line(text_of(message.raw.get("type")))[:40], "type"


def _searched(frame: Frame) -> str:
    """Return the data as a user would type it: letters for escapes, nested quotes without backslashes."""
    text = frame.data
    # Without a backslash there is nothing to decode, and parsing is slow.
    if "\\" in text:
        try:
            text = json.dumps(json.loads(text), ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
        text = text.replace('\\"', '"')
    return text.casefold()


def _next(numbers: Sequence[int], number: int, step: int) -> int:
    if not numbers:
        return 0
    if step > 0:
        place = bisect_right(numbers, number)
        return numbers[place % len(numbers)]
    return numbers[bisect_right(numbers, number - 1) - 1]

"""Converts the bytes of a streamed reply to frames, within limits. httpx-sse decodes the events.

See docs/wire.md 3.1.
"""

from __future__ import annotations

import codecs
import math
import re
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import cast

import httpx
from httpx_sse import EventSource

from coze_tui.api.failures import LOWER_FAILURES, stream_cut
from coze_tui.api.objects import Chat, Frame, Limits
from coze_tui.api.replies import (
    ERROR_BODY,
    Reply,
    chat_of_reply,
    error_of_reply,
    media_type,
    protocol_error,
)
from coze_tui.api.unpacking import BrokenEncodingError, Unpacker
from coze_tui.errors import CozeTuiError, ProtocolError, StreamCut
from coze_tui.text.i18n import _

_SLICE = 65_536
_BEFORE_TEXT = b"\xef\xbb\xbf \t\n"
_FIELD = rb"(?:event|data|id|retry)?:"
"""Matches the start of an event stream."""
_LONGEST_FIELD = len(b"event:")
_BODY_LINE = rb"(?m)^[{<]"
"""Matches the start of a line of JSON or of a page."""
_SEEN = 4_000
"""Bytes of a body that are saved until its first event, for the error if no event arrives."""


class ChatWithoutStream(CozeTuiError):
    """The reply is a chat that runs on the server, without a stream of its events (docs/wire.md 2.3)."""

    def __init__(self, chat: Chat) -> None:
        super().__init__("a chat without a stream")
        self.chat = chat


async def read_frames(
    response: httpx.Response,
    *,
    started: float,
    limits: Limits = Limits(),  # noqa: B008 frozen
    on_text: Callable[[str], None] | None = None,
    without_token: Callable[[str], str] = str,
    clock: Callable[[], float] = time.perf_counter,
) -> AsyncGenerator[Frame, None]:
    """Yield every complete frame of the reply in order; end when the body ends.

    A last event without its blank line is yielded if it is complete. The end of the body is not an error: the
    caller decides whether the chat was over. The bytes decide what the body is, not its Content-Type, because
    gateways label event streams as text/plain or application/json.

    Args:
        started: the `clock` when the request was sent; frames measure their microseconds from it.
        on_text: receives the decoded text as its lines arrive, with LF line ends and without a BOM.
        without_token: masks the token in a frame, in case the server repeats it.

    Raises:
        StreamCut: the connection failed; all frames that had arrived completely were yielded before.
        ChatWithoutStream: the body is JSON with a chat.
        ProtocolError: a limit is exceeded, the body cannot be unpacked, or is not an event stream.
        ApiError: the body is a JSON error, whatever its Content-Type (docs/wire.md 3.7).
    """
    body = _Body(response, limits, on_text, clock)
    count = non_deltas = at_us = 0
    arrived = math.nan
    last_event = name = ""
    # EventSource reads only the two attributes that _Body has.
    events = EventSource(cast(httpx.Response, body)).aiter_sse()
    async with aclosing(events):
        async for sse in events:
            data = sse.data
            if not data and sse.event == "message":
                continue  # httpx-sse yields an empty event for each blank line after an `id:`
            if body.arrived != arrived:
                arrived = body.arrived
                at_us = max(0, int((arrived - started) * 1e6))
            if sse.event != last_event:  # thousands of events have the same name
                last_event, name = sse.event, sys.intern(without_token(sse.event))
            frame = Frame(name, without_token(data), at_us, without_token(sse.id) if sse.id else "")
            if body.has_ended and not frame.is_whole:
                continue
            count += 1
            non_deltas += not name.endswith(".delta")
            if count > limits.frames or non_deltas > limits.non_deltas:
                raise body.refusal("too many events")
            yield frame
    if not count and (failure := body.failure_without_events()):
        raise failure


class _Body:
    """The response in the form that EventSource expects: UTF-8, LF only, no BOM, a blank line at its end."""

    def __init__(
        self,
        response: httpx.Response,
        limits: Limits,
        on_text: Callable[[str], None] | None,
        clock: Callable[[], float],
    ) -> None:
        self.headers = {"content-type": "text/event-stream"}
        self._response = response
        self._limits = limits
        # No slice is longer than a limit, so the line or event that exceeds one started in an earlier slice.
        self._step = min(_SLICE, limits.line, limits.event)
        self._on_text = on_text
        self._unwritten: list[str] = []
        """The pieces of the open line."""
        self._clock = clock
        self._total = 0
        self._line = 0  # bytes since the last line end
        self._event = 0  # bytes since the last blank line
        self.arrived = clock()
        """Arrival time of the latest chunk."""
        self.has_ended = False
        self._seen = b""
        """The start of the body, with LF line ends and without blank lines before it."""
        self._waiting = b""
        """Bytes that may or may not be the start of an event stream."""
        self._is_named_stream = media_type(response.headers) in ("text/event-stream", "")
        self._is_other = False
        """Whether the body is not an event stream."""
        self._is_judged = False
        """Whether it is decided what the body is."""

    def failure_without_events(self) -> CozeTuiError | None:
        """Return the error for a body without events; None if it is an empty stream."""
        if not self._seen:
            return None if self._is_named_stream else self.refusal("empty")
        line = re.search(_BODY_LINE, self._seen)
        if line is None and re.match(_FIELD, self._seen):
            return None
        return _instead_of_stream(Reply.of(self._response, self._seen[line.start() if line else 0 :]))

    def refusal(self, problem: str) -> ProtocolError:
        return protocol_error(problem, Reply.of(self._response, b""))

    async def aiter_text(self) -> AsyncGenerator[str, None]:
        """Yield the pieces of the text as they arrive."""
        cut: StreamCut | None = None
        decoder = _Utf8Decoder()
        unpacker = Unpacker(self._response)
        after_cr = False
        raw = cast(AsyncGenerator[bytes, None], self._response.aiter_raw())
        async with aclosing(raw) as chunks:
            while cut is None:
                try:
                    packed = await anext(chunks)
                except StopAsyncIteration:
                    break
                except LOWER_FAILURES as error:
                    cut = stream_cut(error, self._response.url)
                    break
                self.arrived = self._clock()
                try:
                    pieces = iter(unpacker.feed(packed))
                    for chunk in pieces:
                        if b"\r" in chunk or after_cr:
                            after_cr, chunk = chunk.endswith(b"\r"), _with_lf(chunk, after_cr)
                        if not self._is_judged:
                            chunk = self._judge(chunk)
                            if self._is_other:
                                rest_of_it = _Rest(pieces, chunks, unpacker, after_cr)
                                raise _instead_of_stream(await self._whole_reply(chunk, rest_of_it))
                        for text in self._within_limits(chunk, decoder):
                            self._emit(text)
                            yield text
                except BrokenEncodingError:
                    if not self._seen:
                        raise self.refusal("compressed") from None
                    cut = StreamCut("other", _("the compressed stream is broken"))
        self.has_ended = True
        rest = decoder.decode(b"", is_end=True)
        self._emit(rest, is_end=True)
        yield rest + "\n\n"
        if cut is not None:
            raise cut

    def _emit(self, text: str, *, is_end: bool = False) -> None:
        """Pass complete lines to `on_text`, because the token in a line may arrive in pieces."""
        if self._on_text is None:
            return
        lines, line_end, rest = text.rpartition("\n")
        if not (line_end or is_end):
            self._unwritten.append(text)
            return
        self._unwritten += [lines, line_end, rest] if is_end else [lines, line_end]
        text, self._unwritten = "".join(self._unwritten), [] if is_end else [rest]
        if text:
            self._on_text(text)

    def _within_limits(self, chunk: bytes, decoder: _Utf8Decoder) -> Iterable[str]:
        """Yield the text of a chunk; raise ProtocolError at a limit, after the text before it."""
        if len(chunk) <= self._step and self._total + len(chunk) <= self._limits.reply:  # nearly always
            self._total += len(chunk)
            self._measure(chunk)
            return (decoder.decode(chunk),)
        return self._slices(chunk, decoder)

    def _slices(self, chunk: bytes, decoder: _Utf8Decoder) -> Iterator[str]:
        limits, step = self._limits, self._step
        for start in range(0, len(chunk), step):
            piece = chunk if len(chunk) <= step else chunk[start : start + step]
            room = limits.reply - self._total
            if len(piece) > room:
                yield decoder.decode(piece[:room])
                raise self.refusal("too large")
            self._total += len(piece)
            self._measure(piece)
            yield decoder.decode(piece)

    def _measure(self, piece: bytes) -> None:
        """Add to the sizes of the open line and event; raise ProtocolError if one exceeds its limit."""
        size, limits = len(piece), self._limits
        fits = self._line + size <= limits.line and self._event + size <= limits.event
        if fits and piece.endswith(b"\n\n"):  # nearly always: complete events
            self._line = self._event = 0
            return
        starts_blank = not self._line and piece.startswith(b"\n")
        if self._line + size > limits.line:
            first_end = piece.find(b"\n")
            if self._line + (first_end if first_end >= 0 else size) > limits.line:
                raise self.refusal("line too long")
        if self._event + size > limits.event:
            first_blank = 0 if starts_blank else piece.find(b"\n\n")
            if self._event + (first_blank if first_blank >= 0 else size) > limits.event:
                raise self.refusal("event too large")
        last_end = piece.rfind(b"\n")
        self._line = self._line + size if last_end < 0 else size - last_end - 1
        last_blank = piece.rfind(b"\n\n")
        if last_blank >= 0:
            self._event = size - last_blank - 2
        else:
            self._event = size - 1 if starts_blank else self._event + size

    def _judge(self, chunk: bytes) -> bytes:
        """Return the bytes that may be decoded as a stream; with `_is_other` those of another body."""
        if self._seen and not self._waiting:
            self._seen += chunk[: _SEEN - len(self._seen)]
            self._is_judged = len(self._seen) >= _SEEN
            return chunk
        chunk = self._waiting + chunk
        beginning = chunk.lstrip(_BEFORE_TEXT)
        self._seen, self._waiting = beginning[:_SEEN], b""
        if not beginning:
            return chunk
        if beginning[:1] in (b"{", b"<"):
            self._is_other = True
            return beginning
        if self._is_named_stream or re.match(_FIELD, beginning):
            return chunk
        if len(beginning) < _LONGEST_FIELD and b"\n" not in beginning:
            self._waiting = chunk
            return b""
        self._is_other = True
        return beginning

    async def _whole_reply(self, beginning: bytes, rest: _Rest) -> Reply:
        """Return a reply other than an event stream, cut to the largest size of an error, with LF."""
        body = bytearray(beginning)
        try:
            while len(body) < ERROR_BODY:
                body += await anext(rest)
        except (StopAsyncIteration, BrokenEncodingError, *LOWER_FAILURES):
            pass  # show the bytes that have arrived
        return Reply.of(self._response, bytes(body[:ERROR_BODY]))


class _Rest:
    """The rest of a body of which a part was read, unpacked and with LF line ends."""

    def __init__(
        self, pieces: Iterator[bytes], chunks: AsyncIterator[bytes], unpacker: Unpacker, after_cr: bool
    ) -> None:
        self._pieces = pieces
        self._chunks = chunks
        self._unpacker = unpacker
        self._after_cr = after_cr

    async def __anext__(self) -> bytes:
        while (piece := next(self._pieces, None)) is None:
            self._pieces = iter(self._unpacker.feed(await anext(self._chunks)))
        # The first part has LF line ends; the excerpt must not depend on how the network split the reply.
        after_cr, self._after_cr = self._after_cr, piece.endswith(b"\r")
        return _with_lf(piece, after_cr)

    def __aiter__(self) -> _Rest:
        return self


def _instead_of_stream(reply: Reply) -> CozeTuiError:
    """Return the error for a reply that is not an event stream."""
    chat = chat_of_reply(reply)
    return ChatWithoutStream(chat) if chat is not None else error_of_reply(reply)


class _Utf8Decoder:
    """Decodes UTF-8 in pieces, without the BOM, as the codec `utf-8-sig` does in twice the time."""

    def __init__(self) -> None:
        self._rest = b""  # the first bytes of a character
        self._has_begun = False

    def decode(self, data: bytes, *, is_end: bool = False) -> str:
        """Return the text of this piece; invalid bytes become U+FFFD."""
        if self._rest:
            data = self._rest + data
        text, used = codecs.utf_8_decode(data, "replace", is_end)
        self._rest = data[used:]
        if text and not self._has_begun:
            self._has_begun = True
            return text.removeprefix("\ufeff")
        return text


def _with_lf(chunk: bytes, after_cr: bool) -> bytes:
    """Replace CRLF and CR by LF; two chunks may split a CRLF."""
    if after_cr and chunk.startswith(b"\n"):
        chunk = chunk[1:]
    return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

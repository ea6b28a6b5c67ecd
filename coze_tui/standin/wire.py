"""Encodes events as bytes and sends them: framing, chunks, and broken connections.

A `Style` describes the format of one stream. `Wire` writes it to one client, and discards output once that
client is gone, so that the run can continue.
"""

from __future__ import annotations

import asyncio
import random
import zlib
from dataclasses import dataclass

from coze_tui.standin.http import Hangup, ResponseWriter
from coze_tui.standin.objects import dumps

DONE_STYLES: dict[str, tuple[str, str]] = {
    "quoted": ("done", '"[DONE]"'),
    "bare": ("done", "[DONE]"),
    "empty": ("done", ""),
    "object": ("done", "{}"),
    "debug-url": ("done", '{"debug_url":"https://www.coze.cn/work_flow?execute_id=1\\u0026space_id=2"}'),
    "stream-done": ("conversation.stream.done", ""),
}
"""The forms of the end mark (docs/wire.md 3.1)."""

MARK = "\ue000piece\ue000"
"""A placeholder for the content in a delta that serves as a template."""


@dataclass(frozen=True)
class Frame:
    """An event before encoding. Text is sent as it is, anything else as JSON."""

    event: str
    data: object

    @property
    def text(self) -> str:
        """Return the data of the event as text."""
        return self.data if isinstance(self.data, str) else dumps(self.data)


@dataclass(frozen=True)
class Style:
    """The format of a stream."""

    space: bool = False
    number_from: int | None = None
    newline: str = "\n"
    bom: bool = False
    comments: bool = False
    retry: bool = False
    data_first: bool = False
    two_data_lines: bool = False
    last_blank: bool = True
    packing: str = ""
    """gzip, deflate or nothing."""
    chunks: str = "random"
    """random, event (one write for each event) or byte."""
    cut_events: int | None = None
    cut_bytes: int | None = None
    cut_how: str = "close"
    """close (no last chunk), reset or end (a proper end of the reply)."""


_WINDOW_BITS = {"gzip": 31, "deflate": 15}


class Wire:
    """A stream to one client."""

    def __init__(self, outlet: ResponseWriter, style: Style, rng: random.Random) -> None:
        self._outlet = outlet
        self._style = style
        self._rng = rng
        self._events = 0
        self._bytes = 0
        self._zip = zlib.compressobj(wbits=_WINDOW_BITS[style.packing]) if style.packing else None
        self.gone = asyncio.Event()
        """Set when the client is gone or counts as gone."""
        self.over = asyncio.Event()
        """Set when the stream has ended."""

    @property
    def outlet(self) -> ResponseWriter:
        """Return the writer to the client."""
        return self._outlet

    async def emit(self, frame: Frame, *, last: bool = False) -> None:
        """Write one event; `last` ends the stream."""
        style = self._style
        number = None if style.number_from is None else style.number_from + self._events
        text = encode(frame, style, number)
        if style.comments:
            text = f": note {self._events}{style.newline}" + text
        if self._events == 0:
            retry = f"retry: 3000{style.newline * 2}" if style.retry else ""
            text = ("\ufeff" if style.bom else "") + retry + text
        if last and not style.last_blank:
            text = text[: -len(style.newline)]
        await self.write(text.encode("utf-8", "surrogatepass"))
        self._events += 1
        if style.cut_events is not None and self._events >= style.cut_events:
            self.cut(style.cut_how)
        if last:
            await self.finish()

    def template(self, frame: Frame) -> tuple[bytes, bytes] | None:
        """Return the bytes before and after `MARK` in a delta of it; None if deltas differ in more."""
        style = self._style
        plain = (
            style.cut_events is None and not style.comments and not style.two_data_lines and self._events > 0
        )
        if not plain or style.number_from is not None:
            return None
        before, _, after = encode(frame, style, None).partition(MARK)
        return before.encode(), after.encode()

    async def write(self, data: bytes, *, whole: bool = False) -> None:
        """Write bytes, in the chunks of the style or in one."""
        if self.gone.is_set() or not data:
            return
        left = None
        if self._style.cut_bytes is not None:
            left = self._style.cut_bytes - self._bytes
            data = data[:left]
        self._bytes += len(data)
        if self._zip is not None:
            data = self._zip.compress(data) + self._zip.flush(zlib.Z_SYNC_FLUSH)
        try:
            for chunk in [data] if whole else self._chunks(data):
                await self._outlet.send(chunk)
                if self._style.chunks == "byte":
                    await asyncio.sleep(0)
        except Hangup:
            self.gone.set()
        if left is not None and self._bytes >= (self._style.cut_bytes or 0):
            self.cut(self._style.cut_how)

    def _chunks(self, data: bytes) -> list[bytes]:
        if self._style.chunks == "event" or len(data) < 2:
            return [data]
        if self._style.chunks == "byte":
            return [data[i : i + 1] for i in range(len(data))]
        if self._rng.random() < 0.5:
            return [data]
        cuts = sorted(self._rng.randrange(len(data)) for _ in range(self._rng.randint(1, 3)))
        return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    def cut(self, how: str) -> None:
        """Break the stream at this point."""
        if self.gone.is_set():
            return
        self.gone.set()
        if how != "end":
            self._outlet.cut(reset=how == "reset")

    async def finish(self) -> None:
        """End the stream."""
        if self._zip is not None and not self.gone.is_set():
            try:
                await self._outlet.send(self._zip.flush())
            except Hangup:
                self.gone.set()
        self.over.set()

    async def serve(self) -> None:
        """Wait until the stream has ended or the client is gone."""
        waits = [asyncio.ensure_future(x) for x in (self.over.wait(), self.gone.wait(), self._outlet.gone())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if not self.over.is_set():
            self.gone.set()


def encode(frame: Frame, style: Style, number: int | None) -> str:
    """Return an event in its encoded form, including the blank line at its end."""
    colon = ": " if style.space else ":"
    text = frame.text
    data = [f"data{colon}{text}"]
    if style.two_data_lines and text[:1] == "{":
        # JSON may have a line end after its first brace; the joined lines are the same JSON.
        data = [f"data{colon}{{", f"data{colon}{text[1:]}"]
    event = [f"event{colon}{frame.event}"] if frame.event else []
    lines = [*data, *event] if style.data_first else [*event, *data]
    if number is not None:
        lines.insert(0, f"id{colon}{number}")
    return style.newline.join(lines) + style.newline * 2

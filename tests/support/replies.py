"""A reply fed to the reader in chunks of the test's choice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from coze_tui.api.frames import read_frames
from coze_tui.api.objects import Frame, Limits
from coze_tui.errors import CozeTuiError

_T = TypeVar("_T")


class Chunks(httpx.AsyncByteStream):
    """A body that comes in these pieces, and then perhaps breaks."""

    def __init__(self, chunks: Iterable[bytes], failure: Exception | None = None) -> None:
        self._chunks = chunks
        self._failure = failure

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._failure is not None:
            raise self._failure


@dataclass(frozen=True)
class Outcome:
    """All that came of reading a reply."""

    frames: list[Frame]
    error: CozeTuiError | None
    text: str

    @property
    def parts(self) -> list[tuple[str, str, str]]:
        """The frames without their times."""
        return [(frame.event, frame.data, frame.id) for frame in self.frames]


def drive(work: Coroutine[Any, Any, _T]) -> _T:
    """Run what never has to wait; thousands of event loops would take long."""
    try:
        work.send(None)
    except StopIteration as done:
        result: _T = done.value
        return result
    raise AssertionError("it waited for something")


def read(
    chunks: Iterable[bytes],
    *,
    limits: Limits = Limits(),  # noqa: B008 frozen
    headers: Sequence[tuple[str, str]] = (("content-type", "text/event-stream"),),
    status: int = 200,
    failure: Exception | None = None,
    clock: Callable[[], float] = lambda: 0.0,
    started: float = 0.0,
) -> Outcome:
    """Read a reply that comes in these chunks."""
    request = httpx.Request("POST", "https://api.example/v3/chat?secret=1")
    response = httpx.Response(status, headers=headers, stream=Chunks(chunks, failure), request=request)
    texts: list[str] = []
    frames: list[Frame] = []

    async def all_of_it() -> CozeTuiError | None:
        try:
            async for frame in read_frames(
                response, started=started, limits=limits, on_text=texts.append, clock=clock
            ):
                frames.append(frame)
        except CozeTuiError as error:
            return error
        return None

    error = drive(all_of_it())
    return Outcome(frames, error, "".join(texts))


Read = Callable[..., Outcome]

"""Saves turns as captures while they run, so that received frames survive a killed program."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from coze_tui.api.captures import CaptureWriter
from coze_tui.api.chats import ChatRequest
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Frame
from coze_tui.config.secure_files import open_private
from coze_tui.config.settings import Settings
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.frame_log import FrameLog
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.records import capture_head
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.session.runner import TurnRecord
from coze_tui.errors import CozeTuiError, FileError
from coze_tui.store.records import ChatRecord

_MOST_NAMES = 1_000


class CaptureFile:
    """A growing file that only its owner can read. It is open from the first write until `close`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def at(cls, path: Path) -> CaptureFile:
        """Create a file with this name; it replaces an existing one.

        Raises:
            FileError: the file cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return cls(path, open_private(path, os.O_TRUNC))
        except OSError as error:
            raise _unwritable(path, error) from error

    @classmethod
    def in_folder(cls, folder: Path) -> CaptureFile:
        """Create a file named by the time in a folder, which is created if necessary.

        Raises:
            FileError: the file cannot be written.
        """
        name = f"{datetime.now():%Y%m%d-%H%M%S}"  # noqa: DTZ005 - the person's own time
        path = folder / f"{name}.sse"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for number in range(2, _MOST_NAMES):
                try:
                    return cls(path, open_private(path, os.O_EXCL))
                except FileExistsError:
                    path = folder / f"{name}-{number}.sse"
            return cls(path, open_private(path, os.O_EXCL))
        except OSError as error:
            raise _unwritable(path, error) from error

    def write(self, text: str) -> None:
        """Append text.

        Raises:
            FileError: the file can no longer be written.
        """
        try:
            if self._descriptor is None:
                # `close` was called after the first end of a turn that now continues.
                self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
            data = text.encode("utf-8", "replace")
            # At a file size limit, `os.write` writes only a part.
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            try:
                os.close(descriptor)
            except OSError:  # `write` has already reported failures, except on some network drives
                pass


def _unwritable(path: Path, error: OSError) -> FileError:
    return FileError("unwritable", str(path), detail=error.strerror or type(error).__name__)


class CaptureRecorder:
    """Writes a turn into a capture. A failure is reported once and never raised."""

    def __init__(
        self,
        open_file: Callable[[], CaptureFile],
        *,
        site: str,
        without_token: Callable[[str], str],
        report: Callable[[CozeTuiError], None],
        first: TurnRecord | None = None,
    ) -> None:
        """Create the recorder without opening the file.

        Args:
            site: short name of the site.
            without_token: masks the token, in case a server repeats it.
            first: another recorder, which saves everything before the capture does.
        """
        self._open_file = open_file
        self._file: CaptureFile | None = None
        self._site = site
        self._without_token = without_token
        self._report = report
        self._first = first
        self._writer = CaptureWriter()
        self._before = ""
        self._written = 0
        """Frames of the turn that were written, or that failed."""
        self._is_broken = False

    def go_on(self, record: ChatRecord, frames: Sequence[Frame]) -> None:
        """Write the facts and frames of a turn that started earlier, before anything else."""
        self._written = len(frames)
        self._before = self._writer.facts(capture_head(record)) + "".join(map(self._writer.frame, frames))

    def open(self) -> None:
        """Open the file now, to report a failure before the question is sent.

        Raises:
            FileError: the file cannot be written.
        """
        self._file = self._open_file()

    async def begin(self, request: ChatRequest) -> None:
        """Write the facts about the question."""
        # The store comes first, because it is the history.
        if self._first is not None:
            await self._first.begin(request)
        record = ChatRecord(
            question=request.question,
            sent_at=int(datetime.now(UTC).timestamp() * 1000),
            site=self._site,
            bot_id=request.bot_id,
            content_type=request.content_type,
            files="\n".join(request.file_names),
            conversation_id=request.conversation_id,
        )
        await self._write(self._writer.facts(capture_head(record)))

    async def append(self, frames: FrameLog) -> None:
        """Write the frames that the turn's log has received since the last call."""
        if self._first is not None:
            await self._first.append(frames)
        new = frames.since(self._written)
        self._written += len(new)
        await self._write("".join(map(self._writer.frame, new)))

    async def identify(self, state: TurnState, logid: str) -> None:
        """Write the IDs."""
        if self._first is not None:
            await self._first.identify(state, logid)
        record = ChatRecord(
            conversation_id=state.conversation_id,
            section_id=state.section_id,
            chat_id=state.chat_id,
            logid=logid,
        )
        await self._write(self._writer.facts(capture_head(record)))

    async def finish(
        self, state: TurnState, figures: TurnFigures, outcome: Outcome, error: CozeTuiError | None, at_us: int
    ) -> None:
        """Write the outcome."""
        if self._first is not None:
            await self._first.finish(state, figures, outcome, error, at_us)
        record = ChatRecord(
            logid=figures.logid,
            is_final=True,
            status=str(outcome),
            total_us=at_us,
            waited_us=figures.breaks.waited_us,
            cut_us=figures.breaks.cut_us,
        )
        await self._write(self._writer.facts(capture_head(record)))
        if self._file is not None:
            self._file.close()

    async def _write(self, text: str) -> None:
        if self._is_broken or not text:
            return
        text, self._before = self._before + text, ""
        try:
            # In a thread, because a slow disk must not delay the stream.
            await asyncio.to_thread(self._write_now, self._without_token(text))
        except FileError as error:
            # Report once: a full disk would refuse each further frame.
            self._is_broken = True
            self._report(error)

    def _write_now(self, text: str) -> None:
        if self._file is None:
            self.open()
        assert self._file is not None
        self._file.write(text)


def captured(
    first: TurnRecord, client: CozeClient, settings: Settings, report: Callable[[CozeTuiError], None]
) -> CaptureRecorder | None:
    """Return a recorder that also saves a turn as a capture; None if the settings ask for none.

    Args:
        first: the recorder of the store.
    """
    folder = settings.record_captures
    if folder is None:
        return None
    return CaptureRecorder(
        lambda: CaptureFile.in_folder(folder),
        site=settings.site,
        without_token=client.without_token,
        report=report,
        first=first,
    )

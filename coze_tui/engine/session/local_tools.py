"""Runs a command of this machine for a tool that the bot asks for: one that the settings allow.

The bot chooses none of the words that are run; what it says goes to stdin, and no shell reads any of it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence

from coze_tui.config.credentials import TOKEN_VARIABLE
from coze_tui.errors import ToolCommandError
from coze_tui.text.cleaning import clean_line

REFUSAL = '{"error": "The user refused to run this tool."}'
"""Given as the output instead. Read by the bot's model, not by the person: it is not translated."""
OUTPUT_LIMIT = 1 << 20
_COMPLAINT_LIMIT = 64 << 10
_PATIENCE = 1.0
"""Seconds for what is left in the pipes of a command that was killed."""


async def run_command(words: Sequence[str], arguments: str, environment: Mapping[str, str]) -> str:
    """What the command prints, given the arguments of the call on stdin.

    It does not see the token. Cancelled, it ends the command and all that this has started.

    Raises:
        ToolCommandError: it cannot be run, has failed, or prints too much.
    """
    own = {name: value for name, value in environment.items() if name != TOKEN_VARIABLE}
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=own, start_new_session=True
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ToolCommandError("unusable", words[0], detail=reason) from error
    is_over = False
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_feed(process, arguments))
            output = group.create_task(_output(process, words[0]))
            complaint = group.create_task(_complaint(process))
        status = await process.wait()
        is_over = True
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    finally:
        if not is_over:
            await _kill(process)
    if status:
        raise ToolCommandError("failed", words[0], detail=complaint.result(), status=status)
    return output.result()


async def _feed(process: Process, arguments: str) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(arguments.encode("utf-8", "replace"))
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it does not read them
    process.stdin.close()


async def _output(process: Process, name: str) -> str:
    assert process.stdout is not None
    output = bytearray()
    while piece := await process.stdout.read(1 << 16):
        output += piece
        if len(output) > OUTPUT_LIMIT:
            raise ToolCommandError("too large", name)
    return output.decode("utf-8", "replace").rstrip("\r\n")


async def _complaint(process: Process) -> str:
    """The last line of stderr, which most often says what is wrong."""
    assert process.stderr is not None
    said = b""
    while piece := await process.stderr.read(1 << 16):
        said = (said + piece)[-_COMPLAINT_LIMIT:]
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return clean_line(lines[-1]).strip() if lines else ""


async def _kill(process: Process) -> None:
    """End it, and what it has started, which may live on without it."""
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        async with asyncio.timeout(_PATIENCE):  # what has left the group may hold its pipes open
            await asyncio.gather(_read_off(process.stdout), _read_off(process.stderr), process.wait())
    except TimeoutError:
        pass


async def _read_off(pipe: asyncio.StreamReader | None) -> None:
    """To its end: as long as more waits than is read, neither is the pipe closed nor is the process over."""
    while pipe is not None and await pipe.read(1 << 16):
        pass

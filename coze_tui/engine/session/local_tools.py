"""Runs a local command for a tool call of the bot, if the settings allow it.

The bot controls no part of the command line. Its arguments go to stdin, and no shell is involved.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence

from coze_tui.config.child_environment import child_environment
from coze_tui.errors import ToolCommandError
from coze_tui.text.cleaning import clean_line

REFUSAL = '{"error": "The user refused to run this tool."}'
"""The output submitted if the user refuses. The bot's model reads it, so it is not translated."""
OUTPUT_LIMIT = 1 << 20
_COMPLAINT_LIMIT = 64 << 10
_PATIENCE = 3.0
"""Seconds to read the rest from the pipes of a killed command."""


async def run_command(words: Sequence[str], arguments: str, environment: Mapping[str, str]) -> str:
    """Run a command with the arguments of the call on stdin; return its stdout.

    The command does not receive the token. Cancellation kills it and all its child processes.

    Raises:
        ToolCommandError: it cannot be run, fails, or prints too much.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=child_environment(environment),
            # A process group of its own, so that `_kill` reaches its child processes, too.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        # A ValueError means that a word contains NUL.
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
    # The first failure of the group is the cause; the others follow from its cancellation.
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
    # A command need not read its stdin.
    except (BrokenPipeError, ConnectionResetError):
        pass  # the command does not read its stdin
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
    """Return the last line of stderr, which usually names the problem."""
    assert process.stderr is not None
    said = b""
    while piece := await process.stderr.read(1 << 16):
        said = (said + piece)[-_COMPLAINT_LIMIT:]
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return clean_line(lines[-1]).strip() if lines else ""


async def _kill(process: Process) -> None:
    """Kill the process and its child processes, which may outlive it."""
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        async with asyncio.timeout(_PATIENCE):  # a process that left the group may still have the pipes open
            await asyncio.gather(_read_off(process.stdout), _read_off(process.stderr), process.wait())
    except TimeoutError:
        pass


async def _read_off(pipe: asyncio.StreamReader | None) -> None:
    """Read a pipe to its end: an unread pipe does not close, and its process does not exit."""
    while pipe is not None and await pipe.read(1 << 16):
        pass

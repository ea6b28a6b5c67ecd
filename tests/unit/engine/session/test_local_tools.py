"""A command that stands for a tool: it is given the arguments, and nothing of it is left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path

import pytest

from coze_tui.engine.session.local_tools import OUTPUT_LIMIT, run_command
from coze_tui.errors import ToolCommandError

ARGUMENTS = '{"room":"厨房"}'


def python(code: str) -> tuple[str, ...]:
    return sys.executable, "-S", "-c", code


async def run(code: str, arguments: str = ARGUMENTS) -> str:
    return await run_command(python(code), arguments, os.environ)


async def refused(code: str) -> ToolCommandError:
    with pytest.raises(ToolCommandError) as raised:
        await run(code)
    assert raised.value.command == sys.executable
    return raised.value


async def test_the_arguments_come_on_stdin_and_the_output_is_what_is_printed() -> None:
    assert await run("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read() + b'\\n')") == ARGUMENTS


async def test_no_shell_reads_the_words(tmp_path: Path) -> None:
    code = "import sys; print(sys.argv[1])"
    words = (*python(code), f"$(touch {tmp_path}/made); *")
    assert await run_command(words, "", os.environ) == words[-1]
    assert not list(tmp_path.iterdir())


async def test_the_token_is_not_in_its_environment() -> None:
    code = "import os; print([n for n in os.environ if n.startswith('COZE_')])"
    environment = {**os.environ, "COZE_API_TOKEN": "pat_x", "COZE_API_BASE": "https://api.coze.cn"}
    assert "TOKEN" not in await run_command(python(code), "", environment)


async def test_a_command_that_does_not_read_is_no_trouble() -> None:
    assert await run("print('ok')", "x" * 1_000_000) == "ok"


async def test_what_is_not_utf_8_is_shown_all_the_same() -> None:
    assert await run("import sys; sys.stdout.buffer.write(b'\\xff ok')") == "\ufffd ok"


async def test_a_failure_has_its_status_and_the_last_line_that_it_wrote() -> None:
    code = "import sys; print('half'); print('one\\ntwo \\x1b\\x07', '\\n', file=sys.stderr); sys.exit(3)"
    error = await refused(code)
    assert (error.reason, error.status, error.detail) == ("failed", 3, "two")


async def test_one_that_a_signal_ends_has_failed() -> None:
    error = await refused("import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    assert (error.reason, error.status) == ("failed", -15)


async def test_too_much_output_ends_it() -> None:
    error = await refused(f"import sys\nwhile True: sys.stdout.write('x' * {OUTPUT_LIMIT})")
    assert error.reason == "too large"
    gc.collect()  # a pipe that is still open complains


@pytest.mark.parametrize("words", [("/nowhere/at-all",), ("/",)])
async def test_what_cannot_be_run_is_told(words: tuple[str, ...]) -> None:
    with pytest.raises(ToolCommandError) as raised:
        await run_command(words, "", os.environ)
    assert raised.value.reason == "unusable"
    assert raised.value.detail


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
async def test_stopping_ends_also_what_it_has_started(tmp_path: Path) -> None:
    """The pipe is held by a grandchild: it closes when nobody of them lives."""
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    code = (
        "import os, subprocess, sys, time\n"
        f"pipe = os.open({str(pipe)!r}, os.O_WRONLY)\n"
        "child = 'import time; time.sleep(600)'\n"
        "subprocess.Popen([sys.executable, '-S', '-c', child], pass_fds=[pipe])\n"
        "os.write(pipe, b'up')\n"
    )
    loop = asyncio.get_running_loop()
    up: asyncio.Future[bytes] = loop.create_future()
    loop.add_reader(reading, lambda: None if up.done() else up.set_result(os.read(reading, 2)))
    running = asyncio.create_task(run(code))
    assert await up == b"up"
    loop.remove_reader(reading)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    os.set_blocking(reading, True)
    assert os.read(reading, 1) == b"", "every writer is gone"
    os.close(reading)

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import sys
import threading

import pytest

from coze_tui.terminal.signals import RESET, ExitGuard, missing_terminals, speak_utf8

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@posix
async def test_a_signal_asks_the_app_to_leave_with_128_and_its_number() -> None:
    codes: list[int] = []
    left = asyncio.Event()

    def leave(code: int) -> None:
        codes.append(code)
        left.set()

    with ExitGuard(patience=60) as exit_guard:
        exit_guard.attach(asyncio.get_running_loop(), leave)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(left.wait(), 10)
    assert codes == [143]
    assert exit_guard.code == 143
    for watchdog in [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]:
        watchdog.join(10)
        assert not watchdog.is_alive(), "who has left in time is not ended"


@posix
async def test_the_first_of_several_signals_gives_the_code() -> None:
    codes: list[int] = []
    with ExitGuard(patience=60) as exit_guard:
        exit_guard.attach(asyncio.get_running_loop(), codes.append)
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        while len(codes) < 2:
            await asyncio.sleep(0)
    assert exit_guard.code == 129
    assert set(codes) == {129}


@posix
async def test_what_came_before_the_loop_is_told_when_it_runs() -> None:
    codes: list[int] = []
    with ExitGuard(patience=60) as exit_guard:
        exit_guard.hung_up()
        exit_guard.attach(asyncio.get_running_loop(), codes.append)
        while not codes:
            await asyncio.sleep(0)
    assert codes == [129]


@posix
def test_the_handlers_of_before_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)]
    with ExitGuard():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)] == before
    assert ExitGuard().code is None


@posix
def test_the_reset_undoes_every_mode_textual_sets() -> None:
    import inspect

    from textual.drivers import linux_driver

    source = re.sub("(?m)^ *#.*", "", inspect.getsource(linux_driver))
    for mode in set(re.findall(r"\[\?(\d+)h", source)) - {"7", "25"}:
        assert f"\x1b[?{mode}l" in RESET
    for mode in ("7", "25"):
        assert f"\x1b[?{mode}h" in RESET


def test_redirected_streams_are_named() -> None:
    assert missing_terminals(io.StringIO(), io.StringIO()) == ("stdin", "stderr")
    assert missing_terminals(None, io.StringIO()) == ("stdin", "stderr")
    closed = io.StringIO()
    closed.close()
    assert "stdin" in missing_terminals(closed, None)


@posix
def test_a_terminal_is_not_missing() -> None:
    master, slave = os.openpty()
    with os.fdopen(slave, "w", closefd=True) as terminal:
        assert missing_terminals(terminal, io.StringIO()) == ("stderr",)
    os.close(master)


def test_a_stream_of_another_locale_speaks_utf8() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    assert not speak_utf8(stream)
    stream.write("中文\ud83d")
    stream.flush()
    assert raw.getvalue() == "中文\\ud83d".encode()
    assert speak_utf8(stream)
    assert speak_utf8(None)

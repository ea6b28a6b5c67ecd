"""Signals that end a command: the right status and not a word, whatever they interrupt."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the signals are POSIX's")

BEGINNING = """
import asyncio, gc, os, signal, sys, weakref
import anyio
from coze_tui.cli.interrupt import Interrupt

def press(number=signal.SIGINT):
    os.kill(os.getpid(), number)

interrupt = Interrupt()
"""
WORKS = {
    "in a group of tasks, which wraps the exit": """
async def work():
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 60)
        press()
""",
    "in a task of such a group": """
async def pressing():
    press()

async def work():
    async with anyio.create_task_group() as group:
        group.start_soon(pressing)
        await anyio.sleep(60)
""",
    "beside a task that fails when it is canceled": """
async def failing():
    try:
        await asyncio.sleep(60)
    finally:
        raise ValueError("cut off")

async def work():
    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    press()
""",
    "where Python drops exceptions": """
class Thing:
    pass

async def work():
    thing = Thing()
    reference = weakref.ref(thing, lambda _: press())
    del thing
    gc.collect()
    await asyncio.sleep(60)
""",
    "in a blocked call": """
async def work():
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.signal(signal.SIGALRM, lambda *_: press())
    os.read(os.pipe()[0], 1)
""",
    "twice": """
async def work():
    with interrupt.ending(stop=lambda: None, leave=lambda: None):
        press()
        press()
    await asyncio.sleep(60)
""",
}


def run(script: str) -> tuple[int, bytes]:
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize("place", WORKS)
def test_ctrl_c_is_quiet(place: str) -> None:
    assert run(f"{BEGINNING}{WORKS[place]}\nsys.exit(interrupt.run(work()))\n") == (130, b"")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_the_status_is_that_of_the_first_signal(name: str) -> None:
    work = f"""
async def work():
    with interrupt.ending(stop=lambda: None, leave=lambda: None):
        press(signal.{name})
        press(signal.SIGTERM)
"""
    assert run(f"{BEGINNING}{work}\nsys.exit(interrupt.run(work()))\n") == (128 + _number(name), b"")


def _number(name: str) -> int:
    import signal

    return int(getattr(signal, name))


def test_a_fault_that_no_signal_caused_is_raised() -> None:
    status, told = run(
        f"{BEGINNING}\nasync def work():\n    raise ValueError('ours')\ninterrupt.run(work())\n"
    )
    assert status == 1
    assert b"ValueError: ours" in told


@pytest.mark.parametrize(
    ("name", "how"), [("SIGINT", "stop"), ("SIGTERM", "leave"), ("SIGHUP", "leave"), ("SIGQUIT", "leave")]
)
def test_ctrl_c_stops_a_turn_and_any_other_signal_leaves_it(name: str, how: str) -> None:
    work = f"""
async def work():
    ended, hows = asyncio.Event(), []
    def end(how):
        hows.append(how)
        ended.set()
    with interrupt.ending(stop=lambda: end("stop"), leave=lambda: end("leave")):
        press(signal.{name})
        await ended.wait()
    return hows
"""
    status, told = run(f"{BEGINNING}{work}\nprint(interrupt.run(work()), interrupt.status)\n")
    assert (status, told.decode()) == (0, f"['{how}'] {128 + _number(name)}\n")

"""The garbage collector waits for the end of the start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Bot, Complete, Delta, Gate
from coze_tui.standin.server import StandIn
from tests.support.samples import ROOT


def printed_by(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_the_collector_resumes_without_what_exists_already() -> None:
    code = """
import gc
from coze_tui.garbage import pause_collection, resume_collection
pause_collection()
was_paused = not gc.isenabled()
resume_collection()
print(was_paused, gc.isenabled(), gc.get_freeze_count() > 1_000)
"""
    assert printed_by(code) == "True True True"


def test_a_collector_that_was_not_paused_is_left_alone() -> None:
    code = """
import gc
from coze_tui.garbage import resume_collection
before = gc.get_freeze_count()  # Python 3.12 freezes some objects itself
resume_collection()
print(gc.isenabled(), gc.get_freeze_count() == before)
"""
    assert printed_by(code) == "True True"


@pytest.mark.parametrize(("command", "resumed"), [("ask", False), ("history", True), ("chat", True)])
def test_nothing_is_collected_before_a_command_runs(command: str, resumed: bool) -> None:
    code = f"""
import gc, sys
from coze_tui.cli import main
collected = []
gc.callbacks.append(lambda phase, info: collected.append(phase))
imported = main.handler_of
def handler_of(command):
    assert imported(command)
    return lambda *arguments: print(len(collected), gc.isenabled()) or 0
main.handler_of = handler_of
sys.argv = ["coze-tui", {command!r}]
main.run()
"""
    assert printed_by(code) == f"0 {resumed}"


def test_ask_collects_nothing_before_the_answer_begins(tmp_path: Path) -> None:
    bot = Bot("7511000000000000777", "海水", [Delta("a"), Gate("held"), Delta("b"), Complete()])
    code = """
import gc, sys
from coze_tui.engine.session import runner
collected = []
gc.callbacks.append(lambda phase, info: collected.append(phase))
take = runner.ChatTurn._take
async def counted(self, items):
    print(len(collected), gc.isenabled(), file=sys.stderr)
    return await take(self, items)
runner.ChatTurn._take = counted
from coze_tui.cli import main
sys.argv = ["coze-tui", "ask", "q"]
main.run()
"""
    with StandIn(bots=[bot]) as stand_in:
        environment = {
            "COZE_TUI_HOME": str(tmp_path),
            "COZE_API_TOKEN": stand_in.token,
            "COZE_API_BASE": stand_in.base_url,
            "COZE_BOT_ID": bot.id,
        }
        with subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as program:
            assert program.stdout is not None
            assert program.stdout.read(1) == "a"
            stand_in.release("held")
            _out, errors = program.communicate(timeout=60)
    first, *_, last = errors.splitlines()
    assert (first, last.split()[1]) == ("0 False", "True")


def test_what_is_made_without_collection_is_never_looked_through() -> None:
    code = """
import gc
from coze_tui.garbage import without_collection
with without_collection():
    was_paused = not gc.isenabled()
    made = [[number] for number in range(10_000)]
print(was_paused, gc.isenabled(), gc.get_freeze_count() > 10_000)
"""
    assert printed_by(code) == "True True True"

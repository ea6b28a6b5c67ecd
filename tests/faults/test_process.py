"""Whatever befalls the process: the terminal is given back, the exit code tells, nothing is left behind."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from coze_tui.cli.commands import COMMANDS
from coze_tui.standin.scenarios import Answer, Complete, Delta, Gate
from tests.support.commands import Command
from tests.support.keeper import BOT, UNSET, Keeper, check_output, environment
from tests.support.program import COMMAND, TOKEN, Program, processes_with
from tests.support.terminal import ENVIRONMENT_KEPT, TerminalScreen

# -- the command without screens


def shell(keeper: Keeper, home: Path, script: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script in which `$ask` is the command that asks `$q`."""
    question = keeper.play("process", [Answer("盐来自河流。\n" * 400)])
    kept = {name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ}
    env = {
        **kept,
        **environment(home, keeper.server.base_url),
        "ask": f"{COMMAND} ask",
        "q": question,
        **more,
    }
    done = subprocess.run(
        ["bash", "-c", script], env=env, cwd=home.parent, capture_output=True, timeout=60, check=False
    )
    check_output(done.stdout + done.stderr, home)
    assert processes_with(str(home)) == []
    return done


SCRIPTS: dict[str, tuple[str, int, bytes]] = {
    "a reader that goes away": ("$ask $q | head -c 20; exit ${PIPESTATUS[0]}", 141, b""),
    "a full disk behind stdout": ("$ask $q > /dev/full", 1, b"cannot write the output"),
    "no stdin": ("$ask $q <&-", 0, b""),
    "no stdout": ("$ask $q >&-", 1, b"cannot write the output: Bad file descriptor"),
    "no stderr": ("$ask --events $q 2>&-", 0, b""),
    "none of them": ("$ask $q <&- >&- 2>&-", 1, b""),
    "a folder that was removed": ("mkdir gone; cd gone; rmdir ../gone; $ask $q", 0, b""),
    "few open files": ("ulimit -n 24; $ask $q", 0, b""),
    "an open umask": ("umask 0; $ask $q", 0, b""),
    "without asserts and docstrings": (f"{sys.executable} -OO -m coze_tui ask $q", 0, b""),
    "isolated": (f"cd {Path(__file__).parents[2]}; {sys.executable} -m coze_tui ask $q", 0, b""),
    "a question that looks like an option": ("$ask -- --help", 0, b""),
    "an option that is none": ("$ask --no-such-option $q", 2, b"--no-such-option"),
    "no question": ("$ask < /dev/null", 2, b"requires a question"),
    "a question of 5 MB": ("head -c 5000000 /dev/zero | tr '\\0' a | $ask", 2, b"too long for any model"),
    "a question that is no UTF-8": ("printf 'caf\\xe9 \\xff' | $ask", 0, b""),
    "a locale that is not there": ("LC_ALL=xx_YY.KOI8 $ask $q", 0, b""),
    "an ASCII world": ("LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 $ask $q", 0, b""),
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_a_command_with(keeper: Keeper, tmp_path: Path, what: str) -> None:
    script, status, told = SCRIPTS[what]
    done = shell(keeper, tmp_path / "home", script)
    assert done.returncode == status, done
    assert told in done.stderr, done
    assert status or not done.stderr, done


WORDS = {"replay": "-", "show": "-", "request": "-", "support-bundle": "-", "ask": "$q", "bench": "$q -n 1"}
"""What a command is given here, so that it needs stdin or at least begins."""


SERVERS = ("serve", "web", "web demo")
"""Commands that run until they are stopped."""


@pytest.mark.parametrize("closed", ["<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    "name", [*(each for each in COMMANDS if each not in SERVERS), "--linear", "demo --linear"]
)
def test_no_command_crashes_without(keeper: Keeper, tmp_path: Path, name: str, closed: str) -> None:
    home = tmp_path / "home"
    done = shell(keeper, home, f"{COMMAND} {name} {WORDS.get(name, '')} {closed}")
    assert not list(home.rglob("crash-*")), done
    assert b"internal error" not in done.stderr, done
    if "2>&-" not in closed and done.returncode:
        assert any(line.startswith((b"coze-tui: ", b"usage: ")) for line in done.stderr.splitlines()), done


def test_a_stdin_that_cannot_be_read_is_named(keeper: Keeper, tmp_path: Path) -> None:
    beginnings = dict.fromkeys(("--linear", "login", "ask x"), b"coze-tui: stdin ")
    for command, beginning in (beginnings | {"show -": b"coze-tui: cannot read stdin"}).items():
        done = shell(keeper, tmp_path / "home", f"{COMMAND} {command} 0> {tmp_path}/file")
        assert done.returncode == 2, command
        assert done.stderr.startswith(beginning), command


def test_a_line_that_is_no_utf_8_ends_nothing(keeper: Keeper, tmp_path: Path) -> None:
    done = shell(keeper, tmp_path / "home", f"printf '/nope \\xff\\n/quit\\n' | {COMMAND} --linear")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "/nope \ufffd" in done.stdout.decode()
    assert "Unknown command /nope." in done.stdout.decode()
    done = shell(keeper, tmp_path / "home", f"printf '\\xff\\n' | {COMMAND} login")
    assert done.returncode == 3
    assert b"no token" in done.stderr


def begun(keeper: Keeper, home: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start the command with pipes; its stdin stays open and silent."""
    kept = {name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ}
    env = {**kept, **environment(home, keeper.server.base_url)}
    pipes = subprocess.PIPE
    return subprocess.Popen(
        [COMMAND, *words], env=env, stdin=pipes, stdout=pipes, stderr=pipes, cwd=home.parent
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["first"], b"coze-tui: waiting for the end of stdin, which is added to the question;"),
        ([], b"coze-tui: reading the question from stdin until it ends\n"),
    ],
)
def test_ask_hints_at_a_silent_stdin_and_goes_on_waiting(
    keeper: Keeper, tmp_path: Path, words: list[str], told: bytes
) -> None:
    keeper.play("\n\n".join([*words, "last"]), [Answer("both")])
    with begun(keeper, tmp_path / "home", "ask", *words) as child:
        assert child.stderr is not None
        assert child.stderr.readline().startswith(told)
        out, err = child.communicate(b"last\n", timeout=60)
        assert (child.returncode, out, err) == (0, b"both\n", b"")


def test_ask_gives_no_hint_where_stdin_has_something_to_say(keeper: Keeper, tmp_path: Path) -> None:
    done = shell(keeper, tmp_path / "home", "(echo first; sleep 1.5; echo last) | $ask")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("site", [True, False])
def test_ctrl_d_at_login_is_one_line(keeper: Keeper, tmp_path: Path, site: bool) -> None:
    env = {"COZE_API_BASE": keeper.server.base_url if site else None, "COZE_API_TOKEN": None}
    with Program(tmp_path / "home", keeper.server, "login", env=env) as program:
        program.wait_for("\nToken:" if site else "Site (")
        program.send("\x04")
        assert program.wait() == 3
        last = [line for line in program.text.splitlines() if line][-1]
        assert last == "coze-tui: no token was entered. Run `coze-tui login` again and paste it."
        assert not list((tmp_path / "home").rglob("crash-*"))
        assert program.modes() == program.modes_before


def test_a_signal_at_the_token_leaves_the_terminal_as_it_was(keeper: Keeper, tmp_path: Path) -> None:
    with Program(tmp_path / "home", keeper.server, "login", env={"COZE_API_TOKEN": None}) as program:
        program.wait_for("\nToken:")
        program.signal(signal.SIGTERM)
        assert program.wait() == 143
        assert program.modes() == program.modes_before


@pytest.mark.parametrize("command", ["ask", "--linear", "bench"])
def test_no_signal_at_any_moment_makes_a_command_print_a_fault(
    keeper: Keeper, tmp_path: Path, command: str
) -> None:
    keeper.play("slow", [Delta("盐。"), Gate("never"), Complete()])
    words = [command] if command == "--linear" else [command, "slow"]
    dice = random.Random(command)
    for _case in range(12):
        numbers = [dice.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]), signal.SIGTERM]
        pauses = [dice.uniform(0.3, 1.5), dice.choice([0.0, 0.02, 0.2])]
        with begun(keeper, tmp_path / "home", *words) as child:
            assert child.stdin is not None
            if command == "--linear":
                child.stdin.write(b"slow\n")
                child.stdin.flush()
            else:
                child.stdin.close()
                child.stdin = None
            for number, pause in zip(numbers, pauses, strict=True):
                time.sleep(pause)  # any moment will do
                child.send_signal(number)
            out, err = child.communicate(timeout=60)
        at = (numbers, pauses, out, err)
        expected = [status for each in numbers for status in (-each, 128 + each)]
        assert child.returncode in expected, (child.returncode, *at)
        for word in (b"Traceback", b"xception", b"StoreError", b"StoreClosed", b"Error:"):
            assert word not in out + err, at


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_ask_and_only_ctrl_c_cancels_the_chat(
    keeper: Keeper, tmp_path: Path, number: signal.Signals
) -> None:
    home = tmp_path / "home"
    name = f"held {number}"
    question = keeper.play(name, [Delta("河流把盐"), Gate(name), Complete()])
    asked = len(keeper.server.requests)
    with Program(home, keeper.server, "ask", question, bot=BOT) as program:
        program.wait_for("河流把盐")
        program.signal(number)
        assert program.wait() == 128 + number
        assert program.is_restored
        program.check()
    paths = [request.path for request in keeper.server.requests[asked:]]
    assert paths.count("/v3/chat/cancel") == (number is signal.SIGINT)
    assert processes_with(str(home)) == []


# -- files that are wrong


def no_toml(home: Path) -> None:
    (home / "config" / "settings.toml").write_text("theme = [[[", "utf-8")


def a_loop(home: Path) -> None:
    (home / "config" / "settings.toml").symlink_to("settings.toml")


def a_pipe(home: Path) -> None:
    os.mkfifo(home / "config" / "settings.toml")
    os.mkfifo(home / "state" / "remembered.json")


def no_end(home: Path) -> None:
    (home / "config" / "settings.toml").symlink_to("/dev/zero")


def wrong_values(home: Path) -> None:
    text = 'theme = 5\nmouse = "x"\nkeys = 1\nidle_timeout = -1\nodd = 1\n[profiles]\na = 1\n'
    (home / "config" / "settings.toml").write_text(text, "utf-8")


def odd_credentials_and_memory(home: Path) -> None:
    (home / "config" / "credentials.json").write_text("[[[not json", "utf-8")
    (home / "state" / "remembered.json").write_text('{"user_id": [1], "chosen": {"theme": {}}}', "utf-8")


def unwrapped(screen: TerminalScreen) -> str:
    """The screen's text without the breaks that depend on how long a folder's name is."""
    return "".join(screen.text().split())


# tests/unit/config/test_loader.py, test_credentials.py and test_app_state.py hold what each content does.
WRONG_FILES = [no_toml, a_loop, a_pipe, no_end, wrong_values, odd_credentials_and_memory]


@pytest.mark.parametrize("spoil", WRONG_FILES)
def test_a_wrong_file_is_reported_and_one_can_chat(keeper: Keeper, tmp_path: Path, spoil: object) -> None:
    home = tmp_path / "home"
    for folder in ("config", "state", "data"):
        (home / folder).mkdir(parents=True)
    assert callable(spoil)
    spoil(home)
    question = keeper.play("wrong file", [Answer("all the same")])
    with Program(home, keeper.server, bot=BOT) as program:
        program.ready()
        if (home / "config" / "settings.toml").is_symlink() or (home / "config" / "settings.toml").exists():
            program.wait_for(lambda screen: "settings.toml" in unwrapped(screen))
        program.ask(question, "all the same")
        program.send(b"\x11")
        program.check_left()


# -- the world around the screens


WORLDS: dict[str, Mapping[str, str | None]] = {
    "an unknown TERM over SSH": {
        "TERM": "no-such-terminal",
        "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22",
        "SSH_TTY": "/dev/pts/99",
    },
    "a size of nothing": {"COLUMNS": "0", "LINES": "0", "TZ": "No/Such_Zone", "PATH": "/nonexistent"},
    "an odd size": {"COLUMNS": "abc", "LINES": "-5", "EDITOR": "/nonexistent/editor --wait", "VISUAL": "'"},
    "in tmux that is gone": {"TMUX": "/nonexistent/tmux,1,0", "TERM": "screen-256color"},
    "no user and no folders": {
        "USER": None,
        "LOGNAME": None,
        "HOME": None,
        "TMPDIR": "/nonexistent",
    },
}


@pytest.mark.parametrize("world", WORLDS)
def test_the_screens_in(keeper: Keeper, tmp_path: Path, world: str) -> None:
    question = keeper.play("world", [Answer("the same everywhere")])
    env = {"EDITOR": "true", **WORLDS[world]}
    with Program(tmp_path / "home", keeper.server, bot=BOT, env=env) as program:
        program.ready()
        program.ask(question, "the same everywhere")
        program.press("\x0f")
        program.settle(0.3)
        program.send(b"\x11")
        program.check_left()


def test_an_editor_is_given_the_text_and_the_terminal(keeper: Keeper, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nstty sane\necho IN THE EDITOR\nprintf " and more" >> "$1"\n', "utf-8")
    editor.chmod(0o700)
    with Program(tmp_path / "home", keeper.server, bot=BOT, env={"EDITOR": str(editor)}) as program:
        program.ready()
        program.type("half a thought")
        program.press("\x0f")
        program.wait_for("half a thought and more")
        program.send(b"\x11")
        program.check_left()


# -- a crash of our own


CRASHES = {
    "in drawing": (
        "coze_tui.tui.widgets.status",
        "module.ChatHeader.render_line = broken",
    ),
    "in a handler": (
        "coze_tui.tui.screens.turn_control",
        "module.TurnControl.ask = broken",
    ),
    "in the engine's beginning": (
        "coze_tui.engine.engine",
        "module.Engine.open = broken",
    ),
    "in the engine": (
        "coze_tui.engine.engine",
        "module.Engine.begin = broken",
    ),
    "in a turn": (
        "coze_tui.engine.model.state",
        "module.TurnState.apply = broken",
    ),
    "at the import": ("coze_tui.tui.app", "raise RuntimeError('broken by the test ' + secret)"),
}
"""Where something is broken by force: the module, and what is done to it once it is imported."""

BREAKER = """
import importlib.abc, importlib.machinery, os, sys

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != {module!r}:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            secret = os.environ["COZE_API_TOKEN"]

            def broken(*arguments, **named):
                in_a_local = secret
                raise RuntimeError("broken by the test " + in_a_local)

            {change}

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize("where", CRASHES)
def test_a_crash_of_our_own_is_reported_in_two_lines(keeper: Keeper, tmp_path: Path, where: str) -> None:
    module, change = CRASHES[where]
    (tmp_path / "sitecustomize.py").write_text(BREAKER.format(module=module, change=change), "utf-8")
    home = tmp_path / "home"
    question = keeper.play("crash", [Answer("never seen")])
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    with Program(home, keeper.server, bot=BOT, env={"PYTHONPATH": path}) as program:
        if where in ("in a handler", "in the engine", "in a turn"):
            program.ready()
            program.type(question)
            program.press("\r")
        if where == "in a turn":
            program.wait_for("internal error: RuntimeError")
            program.idle()
            assert "broken by the test" not in program.text
            (report,) = (home / "state" / "crashes").iterdir()
            assert "broken by the test" in report.read_text("utf-8")
            program.send(b"\x11")
            program.check_left()
            return
        program.check_left(1)
        lines = [line for line in program.text.splitlines() if line.strip()]
        assert "internal error: RuntimeError" in lines[0]
        (report,) = (home / "state" / "crashes").iterdir()
        assert report.name[:20] in "".join(lines).replace("\n", "")
        assert "broken by the test" in report.read_text("utf-8")
        assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_a_crash_without_a_home_says_that_no_report_could_be_written(keeper: Keeper, tmp_path: Path) -> None:
    module, change = CRASHES["in drawing"]
    (tmp_path / "sitecustomize.py").write_text(BREAKER.format(module=module, change=change), "utf-8")
    blocked = tmp_path / "file"
    blocked.write_text("x", "utf-8")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {"PYTHONPATH": path, "COZE_TUI_HOME": str(blocked / "home")}
    with Program(tmp_path / "home", keeper.server, bot=BOT, env=env) as program:
        program.check_left(1)
        assert "Could not write a crash report" in program.text


def test_ask_crashes_in_two_lines_too(command: Command, keeper: Keeper, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        BREAKER.format(module="coze_tui.engine.session.runner", change="module.ChatTurn.updates = broken"),
        "utf-8",
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = command("ask", keeper.play("crash", [Answer("x")]), PYTHONPATH=path)
    assert done.status == 1
    assert len(done.err.splitlines()) == 2
    assert TOKEN not in done.err
    assert UNSET not in done.err

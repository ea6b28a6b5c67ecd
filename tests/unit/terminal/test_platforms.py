"""Where there is no POSIX, everything but the driver and its outlet can still be imported."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import coze_tui.terminal
from coze_tui.standin.server import StandIn
from tests.support.commands import XIAOCHUN
from tests.support.samples import ROOT

FOLDER = Path(coze_tui.terminal.__file__).parent
POSIX_ONLY = {"driver.py", "throttle.py"}
POSIX_MODULES = {"termios", "fcntl", "tty", "pwd", "pty", "resource", "textual.drivers.linux_driver"}
MODULES = sorted(path.name for path in FOLDER.glob("*.py") if path.name not in POSIX_ONLY)


def imported_at_once(body: list[ast.stmt]) -> set[str]:
    """Modules that a plain import of this one needs, those behind a look at the platform left out."""
    names: set[str] = set()
    for statement in body:
        match statement:
            case ast.Import():
                names |= {alias.name for alias in statement.names}
            case ast.ImportFrom(module=str(module)):
                names |= {module, *(f"{module}.{alias.name}" for alias in statement.names)}
            case ast.If() if "TYPE_CHECKING" not in ast.unparse(statement.test):
                if ast.unparse(statement.test) != "sys.platform != 'win32'":
                    names |= imported_at_once(statement.body)
                names |= imported_at_once(statement.orelse)
            case ast.Try():
                names |= imported_at_once(statement.body)
            case _:
                pass
    return names


@pytest.mark.parametrize("name", MODULES)
def test_a_module_needs_nothing_of_posix(name: str) -> None:
    names = imported_at_once(ast.parse((FOLDER / name).read_text(encoding="utf-8")).body)
    assert not names & POSIX_MODULES
    assert not names & {f"coze_tui.terminal.{other.removesuffix('.py')}" for other in POSIX_ONLY}


def test_the_check_sees_what_it_looks_for() -> None:
    source = (FOLDER / "throttle.py").read_text(encoding="utf-8")
    assert {"termios", "fcntl"} <= imported_at_once(ast.parse(source).body)


WITHOUT_POSIX = """
import asyncio, ctypes, importlib, pkgutil, socket, sqlite3, ssl, subprocess, sys, types
import httpx, httpx_sse, platformdirs, rich.console
import textual.app, textual.drivers.linux_driver, textual.widgets

# Other people's modules are loaded: only what this program imports sees another system.
for name in ("curses", "fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
sys.modules["msvcrt"] = types.ModuleType("msvcrt")
sys.platform = "win32"
import coze_tui
for module in pkgutil.walk_packages(coze_tui.__path__, "coze_tui."):
    if module.name not in POSIX_ONLY and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from coze_tui.cli.main import main
sys.exit(main(["--help"], {"LANG": "en_US.UTF-8"}))
"""


def test_every_module_can_be_imported_and_help_be_printed_without_posix() -> None:
    posix_only = {f"coze_tui.terminal.{name.removesuffix('.py')}" for name in POSIX_ONLY}
    code = f"POSIX_ONLY = {posix_only!r}{WITHOUT_POSIX}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: coze-tui")


COMMAND_WITHOUT_POSIX = """
import asyncio, ctypes, os, signal, socket, sqlite3, ssl, subprocess, sys, types
import anyio._backends._asyncio, asyncio.unix_events, httpx, httpx_sse, platformdirs, rich.console

for name in ("curses", "fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=lambda descriptor, mode, size: None)
MISSING = {
    os: "fchmod fork geteuid getgid getuid killpg O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_TMPFILE setsid statvfs",
    signal: "SIGALRM SIGCONT SIGHUP SIGQUIT SIGTSTP SIGTTIN SIGTTOU SIGUSR1 SIGWINCH",
}
for module, names in MISSING.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)

def refuse(*arguments):
    raise NotImplementedError

asyncio.SelectorEventLoop.add_signal_handler = asyncio.SelectorEventLoop.remove_signal_handler = refuse
sys.platform = "win32"
from coze_tui.cli.main import main
sys.exit(main(sys.argv[1:], os.environ))
"""


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="asyncio would load a module of Windows itself")
def test_questions_are_asked_and_saved_without_posix(tmp_path: Path) -> None:
    """What Windows lacks is hidden; its own event loop, file locks and terminal are not tried."""
    with StandIn(pace=0) as stand_in:
        environment = {
            "PATH": os.environ["PATH"],
            "COZE_TUI_HOME": str(tmp_path / "home"),
            "COZE_API_BASE": stand_in.base_url,
            "COZE_API_TOKEN": stand_in.token,
            "COZE_BOT_ID": XIAOCHUN,
            "COZE_TUI_LANGUAGE": "en",
            "PYTHONPATH": str(ROOT),
        }

        def run(*words: str, stdin: str = "") -> str:
            done = subprocess.run(
                [sys.executable, "-c", COMMAND_WITHOUT_POSIX, *words],
                cwd=tmp_path,
                env=environment,
                input=stdin,
                capture_output=True,
                encoding="utf-8",
            )
            assert (done.returncode, done.stderr) == (0, "")
            return done.stdout

        assert run("ask", "1 + 1") == "1 + 1 = **2**\n"
        talk = run("--linear", stdin="1 + 1\n/history\n/quit\n")
        assert "Xiaochun: 1 + 1 = 2\n" in talk
        assert "1: 1 + 1 – Xiaochun\n" in talk
        run("history", "export", "--all", "-o", str(tmp_path / "out"))
        assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".md"]
        environment["COZE_API_TOKEN"] = ""
        assert "Logged in" in run("login", stdin=stand_in.token)
        assert run("ask", "-c", "1 + 1") == "1 + 1 = **2**\n"

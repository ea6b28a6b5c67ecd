"""Where there is no POSIX, everything but the driver and its outlet can still be imported."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import coze_tui.terminal
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

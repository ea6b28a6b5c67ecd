"""The command as a whole: the way to each command, and how everything ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from coze_tui import __version__
from coze_tui.cli import serve
from coze_tui.cli.main import main
from tests.support.commands import Command

PROGRAM = [sys.executable, "-m", "coze_tui"]


def test_the_version_is_printed(command: Command) -> None:
    for tokens in (["--version"], ["--lang", "en", "--version"]):
        assert command(*tokens).out == f"coze-tui {__version__}\n"


def test_help_speaks_the_language_of_the_environment_or_the_flag(command: Command) -> None:
    assert command("--help").out.startswith("usage: coze-tui")
    assert command("--help", LANG="zh_CN.UTF-8").out.startswith("用法：")
    assert command("--help", COZE_TUI_LANGUAGE="zh_CN").out.startswith("用法：")
    assert command("--help", "--lang=zh_CN").out.startswith("用法：")
    assert command("--lang", "en", "ask", "--help", LANG="zh_CN.UTF-8").out.startswith("usage: coze-tui ask")


def test_a_wrong_command_is_one_line_and_status_2(command: Command) -> None:
    ran = command("aks")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "coze-tui: aks is not a command. Did you mean `ask`?\n"


def test_a_wrong_flag_ends_before_anything_is_done(command: Command, environment: dict[str, str]) -> None:
    ran = command("doctor", "--base-url", "http://10.0.0.1")
    assert ran.status == 2
    assert "--base-url" in ran.err


def test_a_wrong_file_is_told_and_does_not_stop_anything(
    command: Command, environment: dict[str, str]
) -> None:
    config = Path(environment["COZE_TUI_HOME"]) / "config"
    config.mkdir(parents=True)
    (config / "settings.toml").write_text('\nthem = "x"\n')
    ran = command("ask", "1 + 1")
    assert (ran.status, ran.out) == (0, "1 + 1 = **2**\n")
    assert f"{config / 'settings.toml'}, line 2: `them`" in ran.err
    assert "Did you mean `theme`?" in ran.err


def test_a_crash_of_our_own_is_two_lines_a_report_and_status_1(
    command: Command, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = environment["COZE_API_TOKEN"]

    def explode(*arguments: object) -> int:
        raise ZeroDivisionError(f"Bearer {secret}")

    monkeypatch.setattr(serve, "run_serve", explode)
    ran = command("serve")
    assert ran.status == 1
    first, second = ran.err.splitlines()
    assert "ZeroDivisionError" in first
    report = Path(second.partition(": ")[2])
    text = report.read_text(encoding="utf-8")
    assert "in explode" in text
    assert secret not in text + ran.err
    assert Path(environment["COZE_TUI_HOME"]) in report.parents


def test_a_crash_that_cannot_be_written_down_is_still_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(*arguments: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(serve, "run_serve", explode)
    (tmp_path / "file").write_text("")
    assert main(["serve"], {"COZE_TUI_HOME": str(tmp_path / "file")}) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_the_screens_are_not_opened_without_a_terminal(environment: dict[str, str]) -> None:
    for words in ([], ["demo"]):
        ran = subprocess.run(
            [*PROGRAM, *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 2
        assert "terminal" in ran.stderr
        assert "Traceback" not in ran.stderr


def test_a_demo_leaves_neither_files_nor_a_trace_in_the_home(
    environment: dict[str, str], tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    subprocess.run(
        [*PROGRAM, "demo"],
        env={**environment, "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert list(temporary.iterdir()) == []
    assert not Path(environment["COZE_TUI_HOME"]).exists()


def test_only_a_closed_stdout_is_an_error(environment: dict[str, str]) -> None:
    for redirect, status in ((">&-", 1), ("2>&-", 0), ("<&-", 0)):
        ran = subprocess.run(
            ["sh", "-c", f'exec "$@" {redirect}', "sh", *PROGRAM, "ask", "1 + 1"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == status, ran.stderr
        assert "Traceback" not in ran.stderr


def test_a_terminal_that_is_not_utf_8_is_written_to_all_the_same(environment: dict[str, str]) -> None:
    ran = subprocess.run(
        [*PROGRAM, "ask", "--lang", "zh_CN", "2025年春节是哪一天"],
        env={**environment, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "POSIX"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert b"\\u" in ran.stdout
    assert b"2025" in ran.stdout


@pytest.mark.parametrize(
    "line", ["show", "request", "support-bundle", "history import", "history show", "serve --capture"]
)
def test_a_name_that_is_too_long_is_told_like_any_other(command: Command, line: str) -> None:
    ran = command(*line.split(), "a" * 5_000)
    assert ran.status == 2
    assert "aaaaa" in ran.err


_WHILE_IT_EXITS = "import atexit, os, signal\natexit.register(os.kill, os.getpid(), signal.SIGINT)"
_WHILE_A_THREAD_RUNS = """
import os, signal, threading, time
def press_late():
    threading.main_thread().join()
    while True:  # Python overlooks a signal that arrives just before it waits for this thread
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
threading.Thread(target=press_late).start()
"""


@pytest.mark.parametrize("press", [_WHILE_IT_EXITS, _WHILE_A_THREAD_RUNS])
def test_a_late_ctrl_c_does_not_change_the_exit_status(press: str) -> None:
    code = (
        f"{press}\nimport sys; sys.argv = ['coze-tui', '--version']\nfrom coze_tui.cli.main import run; run()"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30)
    assert (child.returncode, child.stderr) == (0, b"")

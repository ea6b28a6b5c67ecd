"""The command line in this process, with a server on loopback and a home of its own."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_tui.cli.main import main
from coze_tui.standin.server import StandIn
from coze_tui.text.i18n import use_language
from tests.support.commands import XIAOCHUN, Command, Ran


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn(pace=0) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of the program, which does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def environment(stand_in: StandIn, home: Path) -> dict[str, str]:
    return {
        "COZE_TUI_HOME": str(home),
        "COZE_API_BASE": stand_in.base_url,
        "COZE_API_TOKEN": stand_in.token,
        "COZE_BOT_ID": XIAOCHUN,
    }


@pytest.fixture
def command(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Command]:
    """Runs `coze-tui` with these arguments; stdin is empty or the given text."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if sys.platform != "win32":
        handlers |= {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGQUIT)}

    def run(*tokens: str, stdin: str | bytes = b"", **variables: str) -> Ran:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        capsys.readouterr()
        status = main(tokens, {**environment, **variables})
        printed = capsys.readouterr()
        return Ran(int(status), printed.out, printed.err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)
    use_language("en")

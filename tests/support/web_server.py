"""A running `coze-tui web`, and what a browser does with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.children import end_with_parent


class WebServer:
    """A server that has printed its URL."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.url = process.stdout.readline().strip()
        """The URL with the key."""
        self.site, _question, self.key = self.url.partition("/?key=")

    def end(self) -> str:
        """End it by SIGTERM, as a service manager does; return what it wrote to stderr."""
        self.process.terminate()
        return self.process.communicate(timeout=30)[1]


@contextmanager
def web_server(home: Path, *arguments: str, env: Mapping[str, str]) -> Iterator[WebServer]:
    """Run `coze-tui web` with a home of its own."""
    variables = {"HOME": str(home.parent), "COZE_TUI_HOME": str(home), "COZE_TUI_LANGUAGE": "en", **env}
    rest = {name: value for name, value in os.environ.items() if not name.startswith("COZE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "coze_tui", "web", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**rest, **variables},
        cwd=home.parent,
        preexec_fn=end_with_parent(),
    )
    try:
        yield WebServer(process)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

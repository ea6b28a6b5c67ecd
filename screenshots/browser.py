"""Headless Chromium as a painter: a page in, a PNG out. It listens at a pipe (DevTools protocol)."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from types import TracebackType

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MISSING = (
    "no Chromium is here to draw with. Install one, with the fonts of the pictures; on Debian or Ubuntu:\n"
    "  apt-get install chromium fonts-dejavu-core fonts-noto-cjk fonts-noto-color-emoji"
)


class BrowserMissing(Exception):
    """There is no Chromium; the text says what to install."""


class Browser:
    """One Chromium with one page. `with Browser() as browser:` ends it."""

    def __init__(self) -> None:
        program = next((found for name in _NAMES if (found := shutil.which(name))), None)
        if program is None:
            raise BrowserMissing(_MISSING)
        self._profile = tempfile.TemporaryDirectory(prefix="screenshots-", ignore_cleanup_errors=True)
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-lcd-text",
            "--font-render-hinting=none",
            "--force-color-profile=srgb",
            "--remote-debugging-pipe",
            f"--user-data-dir={self._profile.name}",
        ]

        def as_three_and_four() -> None:
            # Chromium reads its commands from 3 and answers on 4; first out of each other's way.
            reading, writing = os.dup(to_read), os.dup(to_write)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        self._process = subprocess.Popen(
            [program, *flags, "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=as_three_and_four,
        )
        os.close(to_read)
        os.close(to_write)
        self._numbers = itertools.count(1)
        self._rest = b""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = str(session)
        frames = self._call("Page.getFrameTree")["frameTree"]
        self._frame = frames["frame"]["id"]  # type: ignore[index]

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._to)
        os.close(self._from)
        self._process.terminate()
        self._process.wait(10)
        self._profile.cleanup()

    def paint(self, page: str, width: int, height: int) -> bytes:
        """The PNG of an HTML page in a window of this size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)
        self._call("Page.setDocumentContent", frameId=self._frame, html=page)
        ready = "document.fonts.ready.then(() => new Promise(requestAnimationFrame))"
        self._call("Runtime.evaluate", expression=ready, awaitPromise=True)
        return base64.b64decode(str(self._call("Page.captureScreenshot", format="png")["data"]))

    def _call(self, method: str, **parameters: object) -> dict[str, object]:
        number = next(self._numbers)
        command: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if session := getattr(self, "_session", ""):
            command["sessionId"] = session
        message = json.dumps(command).encode() + b"\0"
        while message:
            message = message[os.write(self._to, message) :]
        while True:
            answer = self._read()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result = answer["result"]
                assert isinstance(result, dict)
                return result

    def _read(self) -> dict[str, object]:
        while b"\0" not in self._rest:
            data = os.read(self._from, 65536)
            if not data:
                raise RuntimeError("Chromium has ended")
            self._rest += data
        message, self._rest = self._rest.split(b"\0", 1)
        answer = json.loads(message)
        assert isinstance(answer, dict)
        return answer

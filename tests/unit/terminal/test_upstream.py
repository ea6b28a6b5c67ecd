"""What we override or reach into of Textual is as it was when that was written.

A failure means: a new Textual. Read what changed, mend `coze_tui/terminal`, then set the new digest.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable
from typing import Any

import pytest
from textual import _compositor, _xterm_parser
from textual.app import App
from textual.screen import Screen
from textual.strip import Strip

if sys.platform == "win32":
    pytest.skip("POSIX drivers", allow_module_level=True)

from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

DIGESTS: dict[str, tuple[Callable[..., Any], str]] = {
    "the frame": (App._display, "4b78dff6669a455c"),
    "what a full frame holds": (_compositor.LayoutUpdate.render_segments, "ff329c722506c983"),
    "what a part of a frame holds": (_compositor.ChopsUpdate.render_segments, "4c1cdb567e0b8354"),
    "how styles become codes": (Strip.render_style, "749d890bb5c43510"),
    "composing a frame": (_compositor.Compositor.render_partial_update, "888dccc892d8ecc2"),
    "composing its lines": (_compositor.Compositor._render_chops, "ca8c3359d7afd017"),
    "what is asked to draw": (_compositor.Compositor._get_renders, "8ac93299aa5d3bef"),
    "when frames are drawn": (Screen._compositor_refresh, "7a40efe563816a06"),
    "a resize": (App._on_resize, "62d14429be32aa53"),
    "reading keys": (LinuxDriver.run_input_thread, "d796af6d69db337d"),
    "parsing keys": (_xterm_parser.XTermParser._sequence_to_key_events, "00dfe99846edc6be"),
    "the parser": (_xterm_parser.XTermParser.parse, "a5834ad1def86544"),
    "taking the terminal": (LinuxDriver.start_application_mode, "7c41f5ba11a8ef05"),
    "giving it back": (LinuxDriver.stop_application_mode, "9a7e99c8d4bdbd3b"),
    "the end of the driver": (LinuxDriver.close, "c32293a24c1a6b91"),
    "coming back from a stop": (LinuxDriver._sigcont_application, "1d7463a74df118a4"),
    "going to sleep": (LinuxDriver._sigtstp_application, "26c3c19ce1817e66"),
    "the writer": (WriterThread.run, "314021aab4f52726"),
}


@pytest.mark.parametrize("name", DIGESTS)
def test_upstream_is_as_it_was(name: str) -> None:
    function, digest = DIGESTS[name]
    assert hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:16] == digest

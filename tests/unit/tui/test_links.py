"""Which links are given to a program, and as what."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.tui.screens.log_screen import open_link, openable


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "vbscript:x", "ssh://-oProxy=x/"),
        *(
            "-h",
            "--help",
            "http:--x",
            "http:",
            "https://",
            "www.coze.com",
            "//coze.com",
            "",
            " ",
            "http://[::1",
        ),
    ],
)
def test_what_may_not_be_opened(url: str) -> None:
    assert openable(url) == ""


@pytest.mark.parametrize(
    ("url", "given_on"),
    [
        ("https://www.coze.com/docs?a=1#b", "https://www.coze.com/docs?a=1#b"),
        (" HTTP://coze.cn/春节 ", "HTTP://coze.cn/%E6%98%A5%E8%8A%82"),
        ("http://x/a b\x1b[2J", "http://x/a%20b[2J"),
        ("\x00http://x", "http://x"),
        ("http://x/\ud800", "http://x/%EF%BF%BD"),
        ("http://x/%1b%5d52", "http://x/%1b%5d52"),
        ("mailto:a@b.cn?attach=/etc/passwd&subject=x", "mailto:a@b.cn"),
    ],
)
def test_what_may_be_opened_is_encoded_anew(url: str, given_on: str) -> None:
    assert openable(url) == given_on


@given(st.text())
def test_no_text_becomes_an_option_or_holds_a_control(text: str) -> None:
    for url in (text, f"http://{text}", f"mailto:{text}"):
        address = openable(url)
        assert not address or address.lower().startswith(("http://", "https://", "mailto:"))
        assert address.isascii()
        assert address.isprintable()
        assert " " not in address


@pytest.mark.skipif(sys.platform != "linux", reason="the opener is a shell script called xdg-open")
async def test_the_opener_receives_the_link_but_not_the_token(tmp_path: Path) -> None:
    opener = tmp_path / "xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$1" > "{tmp_path}/link"\nenv > "{tmp_path}/environment"\n')
    opener.chmod(0o700)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "COZE_API_TOKEN": "pat_x", "DISPLAY": ":9"}
    assert await open_link("https://example.com/a", environment)
    assert (tmp_path / "link").read_text() == "https://example.com/a\n"
    assert "DISPLAY=:9" in (tmp_path / "environment").read_text()
    assert "pat_x" not in (tmp_path / "environment").read_text()

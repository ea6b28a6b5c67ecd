"""Which links are given to a program, and as what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.tui.screens.log_screen import openable


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

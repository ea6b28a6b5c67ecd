"""Reports of crashes of our own."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from coze_tui.diagnostics.crash import without_secrets, write_crash_report

MARKED = "pat_EXAMPLE_marked_0123456789"


def crash(secret: str) -> Exception:
    def inner(held: str) -> None:
        raise ValueError(f"bad header Bearer {held}\x1b[31m")

    try:
        inner(secret)
    except ValueError as error:
        return error
    raise AssertionError


def test_a_report_says_what_and_where_but_holds_no_secret(tmp_path: Path) -> None:
    secret = "unusual-token-without-prefix"
    path = write_crash_report(
        tmp_path / "crashes", crash(secret), {"COZE_API_TOKEN": secret, "TERM": "xterm"}
    )
    text = path.read_text(encoding="utf-8")
    assert "ValueError: bad header" in text
    assert "in inner" in text
    assert "TERM=xterm" in text
    assert secret not in text
    assert "\x1b" not in text


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_report_is_private(tmp_path: Path) -> None:
    path = write_crash_report(tmp_path / "crashes", crash(MARKED), {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "text",
    [
        MARKED,
        f"Authorization: Bearer {MARKED}",
        "bearer 0123456789",
        "sat_EXAMPLE0123 czu_EXAMPLE0123 czs_EXAMPLE0123",
        "eyJEXAMPLE.eyJEXAMPLE.EXAMPLE",
        "http://me:EXAMPLE@proxy.example:80",
    ],
)
def test_whatever_looks_like_a_secret_is_masked(text: str) -> None:
    masked = without_secrets(text, {})
    assert "EXAMPLE" not in masked
    assert "0123456789" not in masked
    assert "***" in masked


def test_ordinary_text_is_left_alone() -> None:
    text = "File /home/me/path_to/file, line 3: no token in http://example.org/a@b"
    assert without_secrets(text, {}) == text

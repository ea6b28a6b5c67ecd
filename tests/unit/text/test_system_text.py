"""Arguments, stdin and names of files keep their characters in locales that lack them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from coze_tui.text.system_text import decode, path_from, readable, spelled


@pytest.fixture
def in_locale(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Let the system spell names in another encoding."""
    encoding = str(request.param)
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: encoding)
    monkeypatch.setattr(os, "fsencode", lambda text: os.fspath(text).encode(encoding, "surrogateescape"))
    monkeypatch.setattr(os, "fsdecode", lambda data: data.decode(encoding, "surrogateescape"))
    return encoding


@pytest.mark.parametrize("in_locale", ["ascii", "iso8859-1", "cp1251", "gbk", "utf-8"], indirect=True)
@pytest.mark.parametrize("text", ["退款", "hello", "naïve café 😀", "学习资料"])
def test_an_argument_in_utf8_is_understood(in_locale: str, text: str) -> None:
    given = text.encode().decode(in_locale, "surrogateescape")
    if in_locale != "gbk" or any("\udc80" <= letter <= "\udcff" for letter in given):
        assert readable(given) == text


@pytest.mark.parametrize(
    ("in_locale", "text"),
    [("gbk", "退款"), ("gbk", "联通"), ("iso8859-1", "café"), ("cp1251", "Привет"), ("utf-8", "é\udc80")],
    indirect=["in_locale"],
)
def test_an_argument_in_the_encoding_of_the_locale_stays(in_locale: str, text: str) -> None:
    assert readable(text) == text


@pytest.mark.parametrize("in_locale", ["ascii", "iso8859-1", "gbk", "utf-8"], indirect=True)
@pytest.mark.parametrize("text", ["退款 😀.sse", "café.sse", "plain.sse"])
def test_any_name_becomes_a_path_and_a_name_of_a_file(in_locale: str, text: str) -> None:
    path = path_from(text)
    assert os.fsencode(str(path)) in (text.encode(), text.encode(in_locale, "replace"))
    name = spelled(text)
    assert os.fsencode(name)
    assert name.endswith(".sse")
    if in_locale == "utf-8":
        assert (path, name) == (Path(text), text)


@pytest.mark.parametrize("in_locale", ["gbk"], indirect=True)
def test_stdin_is_utf8_or_the_encoding_of_the_locale(in_locale: str) -> None:
    assert [decode("退款".encode(name)) for name in ("utf-8", "utf-8-sig", in_locale)] == ["退款"] * 3
    assert decode(b"a\xff\xff") == "a\ufffd\ufffd"

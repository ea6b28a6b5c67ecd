"""Names of exported files."""

from __future__ import annotations

import unicodedata
from pathlib import PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.text.format import file_name, not_reserved


def test_chinese_is_kept() -> None:
    assert (
        file_name("2025-01-28", "春节是哪一天", "hfsr2eh39", "md") == "2025-01-28 春节是哪一天 hfsr2eh39.md"
    )


def test_numbers_sort_as_they_count() -> None:
    names = [file_name("2025-01-28", "问", "k", "sse", number=n, of=120) for n in (2, 10, 111)]
    assert names == [f"2025-01-28 问 k {n}.sse" for n in ("002", "010", "111")]
    assert file_name("2025-01-28", "", "k", "sse", number=3, of=5) == "2025-01-28 k 03.sse"


@pytest.mark.parametrize(
    ("title", "part"),
    [
        ("../../etc/passwd", "etc passwd"),
        ('a<b>c:d"e/f\\g|h?i*j', "a b c d e f g h i j"),
        ("  a \n\t b  ", "a b"),
        ("...", ""),
        ("結尾.", "結尾"),
        ("\u202egpj.exe", "gpj.exe"),
        ("e\u0301", "é"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
    ],
)
def test_what_a_system_cannot_keep_is_left_out(title: str, part: str) -> None:
    expected = " ".join(word for word in ("d", part, "k") if word) + ".md"
    assert file_name("d", title, "k", "md") == expected


@pytest.mark.parametrize("id", ["/../x", "a:b|c", "..", "x. ", "\x1b[31mx"])
def test_an_id_of_the_server_names_no_other_folder_and_no_stream(id: str) -> None:
    name = file_name("2025-01-28", "问", id, "sse")
    assert PureWindowsPath(name).name == name
    assert not set('<>:"/\\|?*\x1b') & set(name)


@pytest.mark.parametrize("name", ["con", "NUL", "Com1", "lpt9.tar.gz", "aux ", "CONOUT$", "com¹"])
def test_no_name_is_that_of_a_device(name: str) -> None:
    assert not_reserved(name) == f"_{name}"
    assert not_reserved(f"{name}sole") == f"{name}sole" or "." in name or " " in name
    assert not_reserved(f"_{name}") == f"_{name}"


@given(st.text(max_size=300))
def test_every_name_is_safe_short_and_the_same_again(title: str) -> None:
    name = file_name("2025-01-28", title, "hfsr2eh39", "jsonl", number=999, of=999)
    assert len(name.encode()) <= 143
    assert not set('<>:"/\\|?*') & set(name)
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
    assert PureWindowsPath(name).name == name
    assert name.endswith(" hfsr2eh39 999.jsonl")

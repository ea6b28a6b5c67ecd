"""Rows of the store with the types that the program has written, whatever a damaged file contains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

_KINDS = {"int": int, "bool": int}


def kinds_of(cls: type) -> tuple[type, ...]:
    """Return the types of the columns that store a value class: numbers also for flags, text for the rest."""
    return tuple(_KINDS.get(str(each.type), str) for each in fields(cls))


def typed(row: Sequence[Any], kinds: tuple[type, ...]) -> Sequence[Any]:
    """Return the values of a row in the types of its columns.

    SQLite checks no types, so bytes may stand where a number was, if damage leaves the structure of the file
    intact. The conversation around such a value stays readable: a number becomes 0, a text the nearest one.
    """
    if tuple(map(type, row)) == kinds:
        return row
    return [
        value if type(value) is kind else _as_text(value) if kind is str else 0
        for value, kind in zip(row, kinds, strict=True)
    ]


def text_of_bytes(raw: bytes) -> str:
    """Return the text of bytes that may not be UTF-8, without NUL."""
    return raw.decode("utf-8", "replace").replace("\0", "")


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return text_of_bytes(value)
    return "" if value is None else str(value)

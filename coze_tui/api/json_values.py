"""Reads JSON that may contain anything anywhere. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Json = Mapping[str, object]


def text_of(value: object) -> str:
    """The text of a JSON value: ids may come as numbers (docs/wire.md 7.3), anything may be null."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | Mapping | list):
        return ""
    return str(value)


def int_of(value: object) -> int:
    """The whole number in a JSON value that may be a number, numeric text or null; else 0."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if abs(value) < 1e18 else 0  # also false for NaN and infinities
    if isinstance(value, str) and len(value) <= 20 and value.strip().removeprefix("-").isdecimal():
        return int(value)
    return 0


def mapping_of(value: object) -> Json:
    """The object in a JSON value, or an empty one."""
    return value if isinstance(value, dict | Mapping) else {}  # nearly always a dict, which is quick to tell


def items_of(value: object) -> Sequence[object]:
    """The array in a JSON value, or an empty one."""
    return value if isinstance(value, list) else ()

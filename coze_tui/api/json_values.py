"""Reads JSON that may contain anything anywhere. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Json = Mapping[str, object]


def text_of(value: object) -> str:
    """Return a JSON value as text: IDs may arrive as numbers (docs/wire.md 7.3), and anything may be null."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | Mapping | list):
        return ""
    return str(value)


def int_of(value: object) -> int:
    """Return the whole number in a JSON number or numeric text; 0 for any other value."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if abs(value) < 1e18 else 0  # the comparison is also false for NaN and infinities
    if isinstance(value, str) and len(value) <= 20 and value.strip().removeprefix("-").isdecimal():
        return int(value)
    return 0


def mapping_of(value: object) -> Json:
    """Return the object in a JSON value, or an empty one."""
    # Checking for dict first is fast, and nearly always true.
    return value if isinstance(value, dict | Mapping) else {}


def items_of(value: object) -> Sequence[object]:
    """Return the array in a JSON value, or an empty one."""
    return value if isinstance(value, list) else ()

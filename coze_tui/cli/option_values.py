"""What stands behind an option, read: numbers and ages. Each raises SettingsError, with the option's name."""

from __future__ import annotations

import re

from coze_tui.errors import SettingsError
from coze_tui.text.i18n import _

_DAYS_IN = {"d": 1, "w": 7, "y": 365}
_MOST_DAYS = 36_500


def whole_number(option: str, text: str | None, default: int, lowest: int, highest: int) -> int:
    """A whole number in these bounds."""
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and lowest <= int(text) <= highest):
        raise SettingsError(
            _("must be a whole number from {lowest} to {highest}").format(lowest=lowest, highest=highest),
            source=option,
        )
    return int(text)


def number(option: str, text: str | None, default: float, lowest: float, highest: float) -> float:
    """A number in these bounds."""
    try:
        found = default if text is None else float(text)
    except ValueError:
        found = lowest - 1
    if not lowest <= found <= highest:
        raise SettingsError(
            _("must be a number from {lowest:g} to {highest:g}").format(lowest=lowest, highest=highest),
            source=option,
        )
    return found


def age_in_days(text: str) -> int | None:
    """`30d`, `12w` or `1y` in days; None where it is none of these."""
    found = re.fullmatch(r"\s*([0-9]{1,5})([dwy])\s*", text, re.IGNORECASE)
    return min(_MOST_DAYS, int(found[1]) * _DAYS_IN[found[2].lower()]) if found else None

"""TOML texts: their values, and the lines of their keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coze_tui.errors import SettingsError
from coze_tui.text.i18n import _


def parse_toml(text: str, source: str) -> dict[str, object]:
    """Return the tables and values of a TOML text.

    Raises:
        SettingsError: the text is not valid TOML; the error has `source` and the line.
    """
    import tomllib  # only needed if the file exists

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        place = re.search(r"line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        reason = re.sub(r" *\(at [^()]*\)$", "", str(error))
        problem = _("is not valid TOML: {reason}").format(reason=reason)
        raise SettingsError(problem, source=source, line=line) from error


def line_of(text: str, place: tuple[str, ...]) -> int:
    """Return the first line that sets a key or a part of it, or 0 if it was not found."""
    for number, found in _keys_by_line(text):
        if found[: len(place)] == place:
            return number
    return 0


_TABLE = r"\s*\[(?P<name>[^\[\]]+)\]"
_ENTRY = r"""\s*(?P<name>(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
_PART = r"""[\w-]+|"[^"]*"|'[^']*'"""


def _keys_by_line(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the keys with their lines in the usual spellings, because tomllib reports no positions."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        opened, entry = re.match(_TABLE, line), re.match(_ENTRY, line)
        if opened:
            table = _parts(opened["name"])
            yield number, table
        elif entry:
            yield number, table + _parts(entry["name"])


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, name))

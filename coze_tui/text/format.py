"""Numbers as they are shown: times, sizes, counts, and ids cut to what tells them apart. Pure."""

from __future__ import annotations

import json
import re
import unicodedata

from coze_tui.text.cleaning import clean_line


def thousands(number: int) -> str:
    """Return a count for people, the same in every language: `1902` → `1,902`."""
    return f"{number:,}"


def rounded_ms(us: int) -> int:
    """Return microseconds as milliseconds. Every time that is shown is rounded here, so that they agree."""
    return (us + 500) // 1000


def count_ms(us: int) -> str:
    """Return a time in whole milliseconds without its unit: `1,902`."""
    return thousands(rounded_ms(us))


def milliseconds(us: int) -> str:
    """Return a moment of a chat in whole milliseconds: `1,902 ms`."""
    return f"{count_ms(us)} ms"


def seconds(us: int) -> str:
    """Return a time that a person waits: `1.3 s`, `12 s`, `3 m 04 s`, `2 h 00 m`."""
    ms = rounded_ms(us)
    tenths = (ms + 50) // 100
    if tenths < 100:
        return f"{tenths // 10}.{tenths % 10} s"
    whole = (ms + 500) // 1000
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    minutes = (whole + 30) // 60
    return f"{minutes // 60} h {minutes % 60:02} m"


def duration(us: int) -> str:
    """Return a duration: `412 ms`, `1.9 s`."""
    return milliseconds(us) if rounded_ms(us) < 1000 else seconds(us)


def compact(number: int) -> str:
    """Return a count in about four characters: `950`, `12.7k`, `3.4M`."""
    for unit, one in (("M", 1_000_000), ("k", 1_000)):
        if number >= one - one // 2_000:  # what would be 1,000 of the smaller unit
            tenths = (number * 10 + one // 2) // one
            if tenths < 1000:
                return f"{tenths // 10}.{tenths % 10}{unit}"
            return f"{(number + one // 2) // one}{unit}"
    return str(number)


def size(count: int) -> str:
    """Return a number of bytes: `312 B`, `1.2 KB`, `1.0 MB`."""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("KB", "MB"):
        amount /= 1000
        if amount < 999.5:
            return f"{amount:.1f} {unit}" if amount < 9.95 or unit == "MB" else f"{amount:.0f} {unit}"
    return f"{amount / 1000:.1f} GB"


def tail(identifier: str) -> str:
    """Return the last four characters of an ID, which suffice to compare it: `…7402`."""
    return f"…{identifier[-4:]}" if len(identifier) > 5 else identifier


_FORBIDDEN = r'[<>:"/\\|?*\s]+'
"""Characters that Windows rejects in names, and white space."""
_RESERVED = r"(?i:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)"
_MOST_BYTES = 96
"""Of the title in UTF-8: with date, key, number and ending a name stays below 143, which is the least that a
file system in use can keep."""


def file_name(day: str, title: str, key: str, ending: str, *, number: int = 0, of: int = 0) -> str:
    """`2025-01-28 春节是哪一天 hfsr2eh39.md`; with a number, `… hfsr2eh39 07.sse`.

    Args:
        number: of one file among several of the same conversation, from 1; 0 for the only one.
        of: how many there are, so that names sort as numbers do.
    """
    count = f"{number:0{max(2, len(str(of)))}}" if number else ""
    parts = [day, _safe(title), _safe(key), count]
    return " ".join(part for part in parts if part) + f".{ending}"


def not_reserved(name: str) -> str:
    """Return a file name, with `_` before it if it names a device of Windows, as `con` and `nul.png` do."""
    return f"_{name}" if re.match(_RESERVED, name) else name


def _safe(title: str) -> str:
    text = re.sub(_FORBIDDEN, " ", unicodedata.normalize("NFC", clean_line(title)))
    text = text.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore")
    while text and unicodedata.category(text[-1]) in ("Cf", "Zs"):  # a cut emoji, a space
        text = text[:-1]
    return text.strip(" .")


def indented_json(text: str, *, sort_keys: bool = False) -> str | None:
    """Return JSON on lines of its own, indented; None if the text is not a JSON object or array."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict | list):
        return None
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=sort_keys)


_NOT_ASCII = "[^\x00-\x7f]"


def json_line(value: object, encoding: str | None) -> str:
    """Return a value as one clean line of JSON; what the encoding of its stream lacks is escaped."""
    text = clean_line(json.dumps(value, ensure_ascii=False))
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return re.sub(_NOT_ASCII, _json_escape, text)
    return text


def _json_escape(found: re.Match[str]) -> str:
    """Return the escape of a character, which in JSON is one or two units of UTF-16."""
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))

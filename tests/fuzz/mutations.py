"""How a good input becomes a bad one, by dice; and how a bad one becomes shorter."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence

ODD_BYTES: Sequence[bytes] = (
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\0",
        b"\x1b",
        b"\x07",
        b"\x7f",
        b"\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
    ),
    *(b"\xef\xbb\xbf", b"\xe4\xbd", b"\xf0\x9f", b"\xc2\x9b", b"\xc2\x85", b"\x1b[", b"\x1b]0;x\x07"),
    *(
        text.encode()
        for text in ("\u2028", "\u202e", "\u200d", "\u0301" * 12, "\U000e0041", "👨‍👩‍👧", "中文", "한")
    ),
)
"""Pieces on which readers stumble."""
ODD_VALUES: Sequence[object] = (
    *(None, True, False, 0, -1, 1.5, 1e308, 2**63, -(2**80), "", " ", "0", "null", "\0", "\ud83d", "\x1b[2J"),
    *(
        [],
        {},
        [[]],
        [None],
        {"": ""},
        "{",
        '{"a":',
        "[]",
        "nan",
        "x" * 3000,
        "a\nb\n\nc",
        "[/]",
        "\u202e",
        "1e999",
    ),
    [{"type": "function", "function": None}],
)
"""JSON where something else was expected."""


def broken(data: bytes, others: Sequence[bytes], pieces: Sequence[bytes], dice: random.Random) -> bytes:
    """The data after a few accidents: cut, doubled, mixed with another input, sprinkled with odd pieces."""
    for _ in range(dice.choice((1, 1, 2, 3, 5, 12))):
        data = dice.choice(_ACCIDENTS)(data, others, pieces, dice)
    return data[:200_000]


def _span(data: bytes, dice: random.Random) -> slice:
    start = dice.randint(0, len(data))
    return slice(start, min(len(data), start + dice.choice((1, 1, 2, 5, 20, 100, 1000))))


def _cut(data: bytes, _others: Sequence[bytes], _pieces: Sequence[bytes], dice: random.Random) -> bytes:
    span = _span(data, dice)
    return data[: span.start] + data[span.stop :]


def _ended(data: bytes, _others: Sequence[bytes], _pieces: Sequence[bytes], dice: random.Random) -> bytes:
    return data[: dice.randint(0, len(data))]


def _repeated(data: bytes, _others: Sequence[bytes], _pieces: Sequence[bytes], dice: random.Random) -> bytes:
    span = _span(data, dice)
    return data[: span.stop] + data[span] * dice.choice((1, 2, 10, 60)) + data[span.stop :]


def _flipped(data: bytes, _others: Sequence[bytes], _pieces: Sequence[bytes], dice: random.Random) -> bytes:
    if not data:
        return data
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]


def _sprinkled(data: bytes, _others: Sequence[bytes], pieces: Sequence[bytes], dice: random.Random) -> bytes:
    at = dice.randint(0, len(data))
    return data[:at] + dice.choice(pieces) * dice.choice((1, 1, 1, 2, 40)) + data[at:]


def _random(data: bytes, _others: Sequence[bytes], _pieces: Sequence[bytes], dice: random.Random) -> bytes:
    at = dice.randint(0, len(data))
    return data[:at] + dice.randbytes(dice.choice((1, 2, 4, 30))) + data[at:]


def _crossed(data: bytes, others: Sequence[bytes], _pieces: Sequence[bytes], dice: random.Random) -> bytes:
    other = dice.choice(others)
    return data[: dice.randint(0, len(data))] + other[dice.randint(0, len(other)) :]


Accident = Callable[[bytes, Sequence[bytes], Sequence[bytes], random.Random], bytes]
_ACCIDENTS: Sequence[Accident] = (
    *(_cut, _ended, _repeated, _flipped, _sprinkled, _sprinkled, _sprinkled, _random, _crossed),
)


def with_odd_values(stream: bytes, dice: random.Random) -> bytes:
    """An event stream with other JSON in some fields of some events; lines that hold no object stay."""
    lines = stream.split(b"\n")
    data = [number for number, line in enumerate(lines) if line.startswith(b"data:")]
    for number in dice.sample(data, min(len(data), dice.choice((1, 1, 2, 4)))):
        try:
            value = json.loads(lines[number][5:])
        except ValueError:
            continue
        lines[number] = b"data:" + json.dumps(odd(value, dice)).encode()
    return b"\n".join(lines)


def odd(value: object, dice: random.Random) -> object:
    """Return a value of JSON with another one in one place."""
    if isinstance(value, dict) and value and dice.random() < 0.9:
        key = dice.choice([*value])
        if dice.random() < 0.15:
            return {name: one for name, one in value.items() if name != key}
        return value | {key: odd(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.7:
        at = dice.randrange(len(value))
        return [*value[:at], odd(value[at], dice), *value[at + 1 :]]
    if isinstance(value, str) and dice.random() < 0.4:
        try:  # JSON within a string, as tools and verbose messages have it
            return json.dumps(odd(json.loads(value), dice))
        except ValueError:
            return value + str(dice.choice(ODD_VALUES))
    return dice.choice(ODD_VALUES)


def smaller(data: bytes) -> Iterator[bytes]:
    """The data without a part of it, the largest parts first."""
    size = len(data) // 2
    while size:
        for start in range(0, len(data), size):
            yield data[:start] + data[start + size :]
        size //= 2

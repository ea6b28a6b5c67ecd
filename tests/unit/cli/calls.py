"""What one call of the command is and did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

XIAOCHUN = "7511000000000000101"
THINKER = "7511000000000000103"
FAILS = "7511000000000000108"


@dataclass(frozen=True)
class Ran:
    """What one call of the command did."""

    status: int
    out: str
    err: str


Command = Callable[..., Ran]
"""Called with the command's words, `stdin` and environment variables."""

"""How much of one reply is taken: the sizes beyond which nothing that Coze sends can lie. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes of UTF-8. An audio delta has about 95 kB in one line (docs/wire.md 3.1)."""

    line: int = 4_000_000
    event: int = 8_000_000
    """Everything from one blank line to the next, comments too."""
    reply: int = 64_000_000
    frames: int = 1_000_000
    """Events in one reply."""
    others: int = 150_000
    """Those of them that are no deltas: each waits by itself for a screen that has fallen behind."""

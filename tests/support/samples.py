"""Folders of this repository that tests read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The repository."""
STREAMS = ROOT / "tests" / "streams"
"""Event streams as captures, one file for each shape that a server has sent or might send."""
CAPTURES = ROOT / "tests" / "snapshot" / "captures"
"""Whole chats that the snapshots show."""
CERTIFICATES = ROOT / "tests" / "wire" / "certificates"
"""TLS certificates with their keys, made for these tests."""
STYLES = ROOT / "coze_tui" / "tui" / "styles"
"""The style sheets of the screens."""

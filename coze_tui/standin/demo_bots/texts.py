"""The long texts of the tour, read from the files of this folder when they are wanted."""

from __future__ import annotations

from importlib import resources


def read(name: str) -> str:
    """A text of this folder."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")

"""Writes the images in messages to files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from coze_tui.config.secure_files import write_new
from coze_tui.text.data_urls import data_images
from coze_tui.text.format import not_reserved

_UNSAFE = re.compile(r"[^\w. -]+")
_LONGEST_NAME = 60
_ENDINGS = {"jpeg": "jpg", "svg+xml": "svg", "x-icon": "ico"}


def save_images(texts: Iterable[str], folder: Path) -> list[Path]:
    """Write the images that messages contain as `data:` URLs to new files; return their paths.

    A file is named after its image. No existing file is replaced.

    Raises:
        OSError: an image cannot be written.
    """
    paths = []
    for text in texts:
        for image in data_images(text):
            kind = image.media_type.partition("/")[2]
            ending = _UNSAFE.sub("", _ENDINGS.get(kind, kind)) or "bin"
            name = _UNSAFE.sub("_", image.name).strip(" ._")[:_LONGEST_NAME] or "image"
            name = not_reserved(name.removesuffix(f".{ending}"))
            paths.append(write_new(folder / f"{name}.{ending}", [image.content]))
    return paths

"""Names of the files of saved images."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.exports.images import save_images


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("pixel", "pixel.png"),
        ("con", "_con.png"),
        ("nul.png", "_nul.png"),
        ("a:b", "a_b.png"),
        ("../../x", "x.png"),
        ("x. . ", "x.png"),
        ("", "image.png"),
    ],
)
def test_an_image_has_a_name_that_every_system_can_keep(tmp_path: Path, label: str, name: str) -> None:
    [path] = save_images([f"![{label}](data:image/png;base64,iVBORw0KGgo=)"], tmp_path)
    assert path == tmp_path / name

from __future__ import annotations

import pytest

from coze_tui.tui.terminal.pace import frames_per_second, over_ssh


@pytest.mark.parametrize(
    ("env", "setting", "frames"),
    [
        ({}, None, 30),
        ({"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"}, None, 15),
        ({"SSH_TTY": "/dev/pts/3"}, None, 15),
        ({"SSH_TTY": ""}, None, 30),
        ({"SSH_TTY": "/dev/pts/3"}, 40, 40),
        ({}, 0, 1),
        ({}, 500, 60),
    ],
)
def test_streams_redraw_half_as_often_over_ssh_unless_told(
    env: dict[str, str], setting: int | None, frames: int
) -> None:
    assert frames_per_second(env, setting) == frames


def test_a_line_is_known_by_its_variables() -> None:
    assert over_ssh({"SSH_CONNECTION": "x"})
    assert not over_ssh({"TERM": "xterm"})

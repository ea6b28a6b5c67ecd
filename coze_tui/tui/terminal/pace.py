"""How often a stream may redraw the screen."""

from __future__ import annotations

from collections.abc import Mapping

AT_HOME = 30
OVER_SSH = 15
MOST = 60


def over_ssh(env: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of an SSH line."""
    return bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY"))


def frames_per_second(env: Mapping[str, str], setting: int | None = None) -> int:
    """Redraws of a stream a second: the setting when there is one (1 to 60), else by the kind of line."""
    if setting is not None:
        return max(1, min(setting, MOST))
    return OVER_SSH if over_ssh(env) else AT_HOME

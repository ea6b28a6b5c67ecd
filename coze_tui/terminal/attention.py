"""Gets the user's attention with the bell or a desktop notification of the terminal.

OSC 9 is iTerm2's sequence, OSC 777 rxvt-unicode's. Other terminals ignore them, but they are sent
only to terminals that are known to show them, or if the user enables them. tmux passes them through if it
is configured to.

"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

from coze_tui.terminal.guard import guarded

BELL = "\x07"
Kind = Literal["osc9", "osc777", ""]
"""The sequence that shows a notification; empty if the terminal has none."""

_OSC_9 = ("iterm", "wezterm", "ghostty", "warp", "kitty")
_OSC_777 = ("rxvt-unicode", "foot", "contour")
_LONGEST = 200
_TMUX_SECONDS = 2.0
_ALLOWED = ("1", "on", "all")
"""Values of allow-passthrough; tmux 3.3 writes a number."""
_TMUX_FACTS = "#{allow-passthrough}\n#{client_termtype}\n#{client_termname}"


def kind_of(env: Mapping[str, str]) -> Kind:
    """Return the sequence that the terminal supports, according to its environment variables.

    Inside a multiplexer the variables of the outer terminal are not reliable.
    """
    if in_tmux(env) or env.get("STY") or env.get("ZELLIJ"):
        return ""
    if env.get("KITTY_WINDOW_ID"):
        return "osc9"
    if env.get("VTE_VERSION"):  # some distributions build it with OSC 777, the others ignore it
        return "osc777"
    names = (env.get("TERM_PROGRAM", ""), env.get("LC_TERMINAL", ""), env.get("TERM", ""))
    return next((kind for name in names if (kind := _kind_by_name(name))), "")


def in_tmux(env: Mapping[str, str]) -> bool:
    """Return whether the program runs inside of tmux."""
    return bool(env.get("TMUX"))


def _kind_by_name(name: str) -> Kind:
    name = name.casefold().removeprefix("xterm-")
    if name.startswith(_OSC_9):
        return "osc9"
    return "osc777" if name.startswith(_OSC_777) else ""


def notification(kind: Kind, title: str, text: str) -> str:
    """Return the sequence that shows a notification; empty for no kind.

    Args:
        title: May come from outside, like the text: both are cleaned and cut.
    """
    title, text = _one_line(title), _one_line(text)
    match kind:
        case "osc9":
            # ConEmu would treat a text that starts with a digit as a command.
            return f"\x1b]9;coze-tui: {text} · {title}\x1b\\" if title else f"\x1b]9;coze-tui: {text}\x1b\\"
        case "osc777":
            return f"\x1b]777;notify;{title or 'coze-tui'};{text}\x1b\\"
        case _:
            return ""


def _one_line(text: str) -> str:
    # A semicolon would end the title of OSC 777.
    return guarded(" ".join(text.split())).replace(";", ",")[:_LONGEST]


async def notification_in_tmux(
    kind: Kind, title: str, text: str, env: Mapping[str, str], tmux: str = "tmux"
) -> str:
    """Return the sequence that passes through tmux; empty if tmux does not allow that.

    Args:
        kind: How the terminal around tmux shows notifications; empty asks tmux which terminal it is.
        tmux: The command to run.
    """
    facts = (await _tmux_facts(tmux, env)).split("\n")
    if len(facts) < 3 or facts[0] not in _ALLOWED:
        return ""
    kind = kind or _kind_by_name(facts[1]) or _kind_by_name(facts[2])
    # tmux removes one of two escapes when it passes a sequence on.
    sequence = notification(kind, title, text).replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{sequence}\x1b\\" if sequence else ""


async def _tmux_facts(tmux: str, env: Mapping[str, str]) -> str:
    # Without it, tmux answers for the active pane.
    pane = ("-t", env["TMUX_PANE"]) if env.get("TMUX_PANE") else ()
    try:
        process = await asyncio.create_subprocess_exec(
            tmux,
            "display-message",
            "-p",
            *pane,
            _TMUX_FACTS,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(env),
        )
    except OSError:
        return ""
    try:
        said, _ = await asyncio.wait_for(process.communicate(), _TMUX_SECONDS)
    except TimeoutError:
        return ""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said.decode("utf-8", "replace").rstrip("\n") if process.returncode == 0 else ""

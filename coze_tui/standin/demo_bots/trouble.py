"""Failing bots: one fails in five ways, one drops the connection in the middle.

See docs/wire.md 3.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from coze_tui.standin.scenarios import Answer, Cut, Delta, Error, Fail, Page, Pause, Refuse, Step, Turn

SHAPES = 5
GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


def fails(turn: Turn) -> Iterable[Step]:
    """Fail in the way whose number is in the question, otherwise in the next one."""
    asked = re.search(r"[1-5]", turn.question)
    shape = int(asked.group()) if asked else (turn.number - 1) % SHAPES + 1
    start = _said(turn.pick("首先，让我想一想", "First, let me think"))
    if shape == 1:
        return [Refuse(4101, "the token you entered lacks the permission needed (sample)")]
    if shape == 2:
        return [*start, Error(4013, "the model is not available now (sample)")]
    if shape == 3:
        return [*start, Fail(4028, "the free quota of API calls is used up (sample)")]
    if shape == 4:
        return [Page(502, GATEWAY, "text/html")]
    # The reply ends normally, but its chat does not complete; a later call reports it as failed.
    return [*start, Cut(end=True), Pause(1.0), Fail(5000, "event interval error (sample)")]


def cut(turn: Turn) -> Iterable[Step]:
    """Drop the connection in the middle; the answer completes on the server and can be fetched."""
    first, second = turn.pick(
        "这一句还在路上的时候，线就会断|掉。不过智能体没有停：答案会在服务器上写完，"
        "客户端应当自己把剩下的取回来，接在这里，而不是再问一遍。",
        "While this sentence arrives, the connection will dr|op. The bot keeps going: it finishes the answer "
        "on the server, and the client fetches the rest and puts it here instead of asking again.",
    ).split("|")
    return [*_said(first), Cut(), Pause(2.5), Delta(second), *_whole(first + second)]


def _said(text: str) -> Sequence[Step]:
    steps: list[Step] = [Pause(0.4)]
    for piece in re.findall(r"\s*[a-zA-Z,.]+|.{1,2}", text):
        steps += [Delta(piece), Pause(0.03)]
    return steps


def _whole(text: str) -> Sequence[Step]:
    return [Answer(text, wait=0, pieces=())]

"""Keys, pastes and the mouse for the whole program, whose bot and server say what is hostile."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from textual.drivers.headless_driver import HeadlessDriver

from coze_tui.standin.demo_bots.bots import demo_bots
from coze_tui.standin.scenarios import Bot, Delta, FollowUps, FunctionCall, Step, ToolResponse, Turn
from coze_tui.standin.server import StandIn
from coze_tui.terminal.keys import EnterGuard
from coze_tui.terminal.parser import KeyParser
from tests.fuzz.mutations import ODD_BYTES, broken
from tests.fuzz.odd_replies import odd_replies
from tests.support.checks import must
from tests.support.desk import Desk, desk
from tests.support.hostile_text import ALL
from tests.support.shown import drawn_strips

BOT = "7511000000000000667"
_PLAIN = (
    b"hello\r|\r|q\r|/|1|3|?|@|/bot\r|/help\r|/find a\r|/stats\r"
    b"|/clear\r|/new\r|/copy\r|/log\r|/export\r|/fork\r|/doctor\r|/side-by-side\r|/bot \r|/login\r"
)
_ESCAPED = (
    b"\x1b|\x1b|\t|\t|\x1b[Z|\x1b[A|\x1b[B|\x1b[C|\x1b[D|\x1b[5~|\x1b[6~|\x1b[H|\x1b[F"
    b"|\x1b[1;5H|\x1b[1;5F|\x1b[1;2A|\x1b[3~"
    b"|\x1bOP|\x1bOQ|\x1bOR|\x1b[13;2u|\x1b\r|\x1b[200~pasted\rtext\x1b[201~|\x1b[I|\x1b[O"
)
_CONTROL = (
    b"\x01|\x02|\x03|\x05|\x06|\x07|\x07\x07|\x0b|\x0c|\x0e|\x10|\x12|\x13|\x14|\x15|\x17|\x19|\x1f|\x7f|\n"
)
_LETTERS = b"j|k|g|G|h|l|[|]|n|N|p|d|c|s|t|f|r|R|e|y|Y|i| |y|n|x"
_MOUSE = tuple(
    b"\x1b[<%d;%d;%d%s" % (button, x, y, end)
    for button, end in ((0, b"M"), (0, b"m"), (35, b"M"), (64, b"M"), (65, b"M"), (2, b"M"), (32, b"M"))
    for x, y in ((1, 1), (10, 5), (40, 12), (100, 8), (117, 30), (119, 39))
)
KEYS: Sequence[bytes] = (
    *(key for some in (_PLAIN, _ESCAPED, _CONTROL, _LETTERS) for key in some.split(b"|")),
    *_MOUSE,
    *("中文问题\r".encode(), "👨‍👩‍👧e\u0301".encode(), b"\x1b[200~" + b"long " * 3000 + b"\x1b[201~"),
    *(b"\x1b[48;10;30;0;0t", b"\x1b[48;1;1;0;0t", b"\x1b[48;60;250;0;0t", b"\x1b[48;40;120;0;0t"),
)
"""Ctrl+Z, Ctrl+O, Ctrl+Q and Ctrl+D are left out: they leave."""
_LEAVES = re.compile(rb"[\x04\x0f\x11\x1a]|/quit")


def make(seeds: Sequence[bytes], dice: random.Random) -> bytes:
    """Many keys, a few of them broken."""
    keys = [dice.choice(seeds) for _ in range(dice.randint(5, 90))]
    if dice.random() < 0.3:
        at = dice.randrange(len(keys))
        keys[at] = broken(keys[at], seeds, ODD_BYTES, dice)[:5_000]
    return b"hello\r" * dice.randint(0, 2) + b"".join(keys)


def _hostile(turn: Turn) -> Sequence[Step]:
    return (
        Delta(reasoning=f"R1{ALL}R2"),
        FunctionCall(f"P1{ALL}P2", f"A1{ALL}A2", {f"K1{ALL}K2": f"V1{ALL}V2"}),
        ToolResponse(f"T1{ALL}T2"),
        *(
            Delta(piece)
            for piece in (
                "# D1",
                ALL,
                "\n\n| a | b |\n|---|---|\n| ",
                ALL,
                " | x |\n\n```py\n",
                ALL,
                "\n```\n",
            )
        ),
        FollowUps((f"F1{ALL}F2", "and?"), wait=0),
    )


class Keyboard(HeadlessDriver):
    """A driver that the keys are given to; it shows nothing."""

    latest: ClassVar[Keyboard]
    """The one that Textual made last; an app does not say which driver it has."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        Keyboard.latest = self


async def check(case: bytes) -> None:
    """Nothing of the program's own fails (it may be left), and no screen holds a control."""
    dice, replies = random.Random(sha256(case).digest()), random.Random(sha256(case + b"replies").digest())
    case = _LEAVES.sub(b"", case)
    bots = [Bot(BOT, f"N1{ALL}N2", _hostile, f"D1{ALL}", f"G1{ALL}G2", (f"S1{ALL}S2",)), *demo_bots()]
    with (
        tempfile.TemporaryDirectory(prefix="coze-tui-fuzz-") as folder,
        _inside(folder),
        StandIn(pace=0, bots=bots) as stand_in,
        odd_replies(stand_in, replies.getrandbits(32)) as address,
    ):
        home = Path(folder) / "home"
        # On SSH no link is opened.
        world = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "PATH": "/nonexistent"}
        if replies.random() < 0.5:
            world["COZE_API_BASE"] = address
        size = dice.choice(((120, 40), (120, 40), (80, 24), (30, 8)))
        async with desk(home, bots, size=size, stand_in=stand_in, environment=world, driver=Keyboard) as at:
            failure = await _typed(at, case, dice)
        reports = [report.read_text("utf-8") for report in home.glob("state/crashes/*")]
        must(not reports, f"a fault of our own: {''.join(reports)[-2300:]}")
        if failure is not None:
            raise failure


async def _typed(at: Desk, case: bytes, dice: random.Random) -> Exception | None:
    """What was wrong; raised once the program has ended in order, as its own failure would be."""
    try:
        await _type(at, case, dice)
    except Exception as error:  # noqa: BLE001
        return error
    return None


async def _type(at: Desk, case: bytes, dice: random.Random) -> None:
    driver = Keyboard.latest
    now = asyncio.get_running_loop().time
    parser = KeyParser(EnterGuard(), lambda: None, clock=now)
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    while case:
        size = dice.choice((1, 2, 7, 30, 300))
        piece, case = case[:size], case[size:]
        for message in (*parser.feed(decode(piece)), *parser.tick()):
            driver.process_message(message)
        if dice.random() < 0.3:
            await at.pilot.pause()
            _look(at)
    await asyncio.sleep(0.12)  # a lone Escape is one after a tenth of a second
    for message in parser.tick():
        driver.process_message(message)
    await at.pilot.pause()
    await at.pilot.pause(0.05)
    _look(at)


def _look(at: Desk) -> None:
    if not at.app.is_running:
        return
    for strip in drawn_strips(at.app):
        found = re.search(
            "[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0001-\U000e007f]",
            strip.text,
        )
        must(found is None, f"the screen holds a control: {strip.text!r}")


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)

"""What is fed, and what must be true of it whatever it was fed."""

from __future__ import annotations

import codecs
import random
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from rich.cells import cell_len
from textual import events

from coze_tui.api.captures import Capture, capture_text, read_capture
from coze_tui.api.objects import Frame, Limits
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.records import ChatRecord, chat_from_capture
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.turn_replay import PastTurn, past_turn, past_updates
from coze_tui.engine.model.updates import (
    AnswerGrew,
    AnswerSettled,
    FollowUpOffered,
    ReasoningGrew,
    ToolCalled,
    ToolResponded,
    TurnEnded,
    TurnUpdate,
)
from coze_tui.render.document import Document, render
from coze_tui.render.json_tree import JsonTree
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.report.timeline_text import timeline_lines
from coze_tui.store.packing import frame_from_line, line_from_frame
from coze_tui.text.cleaning import clean
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.widgets.event_rows import event_line, figure_lines
from tests.fuzz import display, whole_app
from tests.fuzz.mutations import ODD_BYTES, broken, with_odd_values
from tests.support.checks import must
from tests.support.hostile_text import HOSTILE_PASTE, TEXTS
from tests.support.keyboard import Keyboard
from tests.support.replies import read
from tests.support.samples import STREAMS

CASES = Path(__file__).with_name("cases")
PALETTE = Palette.dark()
LONGEST_STALL_S = 0.25
"""Of CPU, for one piece of an answer, however large."""
SMALL = Limits(line=3_000, event=6_000, reply=60_000, frames=300)
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


@dataclass(frozen=True)
class Target:
    """One place into which input from outside goes."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    """Good inputs."""
    make: Callable[[Sequence[bytes], random.Random], bytes]
    """Another case."""
    check: Callable[[bytes], Awaitable[None]]
    """Fails if something is not as it must be."""
    longest_s: float = 10.0
    """A case that takes longer hangs."""


def dice_of(case: bytes) -> random.Random:
    """Dice that fall for one case always alike, so that its bytes are all there is to keep of it."""
    return random.Random(sha256(case).digest())


def cut(data: bytes, dice: random.Random) -> list[bytes]:
    """The data in pieces of any size, some of them empty."""
    pieces, at = list[bytes](), 0
    longest = max(len(data) // 200, dice.choice((1, 3, 20, 500, 70_000)))
    while at < len(data):
        size = dice.randint(0 if pieces and pieces[-1] else 1, longest)
        pieces.append(data[at : at + size])
        at += size
    return pieces


# -- the reader: any bytes at any chunking


def streams() -> Sequence[bytes]:
    """The recorded streams of the tests."""
    return [file.read_bytes() for file in sorted(STREAMS.glob("*.sse"))]


async def check_reader(case: bytes) -> None:
    """The same frames or the same typed error however it is cut, and a capture that gives them back."""
    whole = read([case], limits=SMALL)
    split = read(cut(case, dice_of(case)), limits=SMALL)
    must(split.parts == whole.parts, f"other frames when cut: {split.parts} {whole.parts}")
    must(repr(split.error) == repr(whole.error), f"another end when cut: {split.error!r} {whole.error!r}")
    capture = read_capture(capture_text(Capture(tuple(whole.frames))).encode().decode())
    must(capture.frames == tuple(whole.frames), "a capture gives other frames back")
    for frame in whole.frames:
        must(frame_from_line(line_from_frame(frame)) == frame, "the journal changes a frame")
    read_capture(case.decode("utf-8", "replace"))


# -- the events: any JSON in any field


def make_events(seeds: Sequence[bytes], dice: random.Random) -> bytes:
    """A stream with odd values, now and then in disorder, too."""
    case = with_odd_values(dice.choice(seeds), dice)
    if dice.random() < 0.3:
        blocks = [*case.split(b"\n\n"), *dice.choice(seeds).split(b"\n\n")]
        dice.shuffle(blocks)
        case = b"\n\n".join(blocks)
    return broken(case, seeds, ODD_BYTES, dice) if dice.random() < 0.2 else case


async def check_events(case: bytes) -> None:
    """Updates, and all that is drawn and told of them; the same however the frames came together."""
    frames = [
        Frame(frame.event, frame.data, number * 40_000, frame.id)
        for number, frame in enumerate(read([case]).frames)
    ]
    dice = dice_of(case)
    turn = past_turn(frames)
    one_by_one = _inspected(frames, dice)
    must(_said(one_by_one.state) == _said(turn.state), "single frames say something else than runs of them")
    updates = [*past_updates(TurnState(), frames)]
    must(isinstance(updates[-1], TurnEnded), "the last update is not the end")
    for text in _texts(updates):
        must(not _CONTROL.search(text), f"an update holds a control: {text[:80]!r}")
    _draw(updates, turn, dice)
    chat_from_capture(Capture(tuple(frames)))


def _inspected(frames: Sequence[Frame], dice: random.Random) -> InspectedChat:
    chat = InspectedChat(ChatRecord())
    chat.add(frames)
    chat.end(ChatRecord())
    table = chat.table
    for query in ("", "error", "{", "answer tool"):
        table.set_filter(query)
        for index in range(table.line_count):
            table.line(index)
    width = dice.randint(12, 90)
    for frame in frames[:20]:
        for line in JsonTree(frame.data).lines(width, PALETTE):
            _must_fill(line.line, width)
    return chat


def _said(state: TurnState) -> list[tuple[str, str, str]]:
    return [(answer.message_id, answer.whole_text, answer.whole_reasoning) for answer in state.answers]


def _texts(updates: Iterable[TurnUpdate]) -> Iterable[str]:
    for update in updates:
        match update:
            case AnswerGrew() | ReasoningGrew() | FollowUpOffered():
                yield update.text
            case AnswerSettled():
                yield from (update.text, update.reasoning)
            case ToolCalled():
                yield from (update.name, update.arguments)
            case ToolResponded():
                yield from (update.name, update.text)
            case _:
                pass


def _draw(updates: Sequence[TurnUpdate], turn: PastTurn, dice: random.Random) -> None:
    entry = AnswerEntry("海怪", 0)
    for update in updates:
        match update:
            case ReasoningGrew():
                entry.reasoning_grew(update)
            case AnswerGrew():
                entry.answer_grew(update)
            case AnswerSettled():
                entry.answer_settled(update)
            case ToolCalled():
                entry.tool_called(update)
            case ToolResponded():
                entry.tool_responded(update)
            case FollowUpOffered():
                entry.follow_up(update)
            case TurnEnded():
                entry.end(update)
            case _:
                pass
    width = dice.randint(12, 120)
    for number in range(entry.lay_out(width, PALETTE)):
        _must_fill(entry.line(number)[0], width)
    entry.copy_text()
    _draw_life(turn.figures, dice)
    for told in timeline_lines(turn.timeline, dice.randint(0, 120)):
        must("\n" not in "".join(text for text, _role in told), "a line of the timeline has two")


def _must_fill(line: Line, width: int) -> None:
    painted = line.paint(width)
    must(sum(cell_len(segment.text) for segment in painted) == width, f"painted not {width} wide: {line}")


def _draw_life(figures: TurnFigures, dice: random.Random) -> None:
    width = dice.randint(8, 60)
    for row in figures.rows:
        event_line(row, width)
    figure_lines(figures, None, width)


# -- Markdown: any split of any text

MARKDOWN_PIECES = tuple(
    piece.encode()
    for piece in (
        *(
            "# ",
            "- ",
            "1. ",
            "> ",
            "```",
            "```py\n",
            "~~~",
            "---\n",
            "===\n",
            "    ",
            "\t",
            "\n",
            "\n\n",
            "  \n",
        ),
        *(
            "**",
            "*",
            "_",
            "`",
            "``",
            "[",
            "]",
            "(",
            ")",
            "[a]",
            "![",
            "$$",
            "$",
            "\\[",
            "\\]",
            "\\",
            "<",
            ">",
            "~~",
        ),
        *(
            "|",
            "\n|---|:-:|\n",
            "\n| a | b |\n",
            "[a]: http://x.org\n",
            "<!--",
            "-->",
            "<div>",
            "&#27;",
            "&amp;",
        ),
        *(
            "- [x] ",
            "https://x.org/a_b",
            "中文字" * 30,
            "x" * 300,
            " " * 90,
            "\u2028",
            "e\u0301",
            "👨‍👩‍👧",
            "\ufe0f",
        ),
    )
)


def make_markdown(seeds: Sequence[bytes], dice: random.Random) -> bytes:
    """A broken text, or one of nothing but marks."""
    if dice.random() < 0.3:
        return b"".join(dice.choice(MARKDOWN_PIECES) for _ in range(dice.randint(1, 40)))
    return broken(dice.choice(seeds), seeds, (*MARKDOWN_PIECES, *ODD_BYTES), dice)[:20_000]


async def check_markdown(case: bytes) -> None:
    """Grown in any pieces it ends in the lines of the whole; each line has the width it is said to have."""
    source = clean(case.decode("utf-8", "replace"))
    dice = dice_of(case)
    width = dice.choice((12, 20, 40, 86, 200))
    whole = render(source, width, PALETTE)
    grown = Document(width, PALETTE)
    for piece in cut(source.encode("utf-32-le"), _in_fours(dice)):
        started = time.process_time()
        grown.append(piece.decode("utf-32-le"))
        must(time.process_time() - started < LONGEST_STALL_S, "a piece of text stalls")
        if dice.random() < 0.3:
            must(grown.height >= 0, "a height below nothing")
    grown.finish()
    must(list(grown.lines) == whole, "it grew into something else than the whole")
    for line in whole:
        must(not _CONTROL.search(line.plain), f"a line holds a control: {line.plain[:80]!r}")
        must(
            sum(cell_len(segment.text) for segment in line.body) == line.width,
            f"not {line.width} wide: {line}",
        )
        _must_fill(line, width)
    again = Document(dice.choice((20, 60)), PALETTE, source)
    again.finish()
    must(again.height == len(again.lines), "another height than it has lines")
    again.resize(width)
    must(list(again.lines) == whole, "after a resize it is not as if drawn anew")


class _Fours(random.Random):
    """Dice whose sizes are whole characters of UTF-32."""

    def randint(self, a: int, b: int) -> int:
        return super().randint(a, b) * 4


def _in_fours(dice: random.Random) -> random.Random:
    return _Fours(dice.getrandbits(64))


# -- the keys: any bytes, as they are read from the terminal

KEYS: Sequence[bytes] = (
    *(
        b"hello\r",
        "问我\r".encode(),
        b"one\rtwo\r",
        b"\x1b[200~paste\r\x1b[201~",
        b"\x1b[200~half",
        b"\x1b\r",
        b"\n",
    ),
    f"\x1b[200~{HOSTILE_PASTE}\x1b[201~".encode(),
    *(
        b"\x1b[13;2u",
        b"\x1b[27;2;13~",
        b"\x1b[A\x1b[B\x1b[1;5D",
        b"\x1bOP",
        b"\x1b[<35;10;5M\x1b[<0;1;1m",
        b"\x1b[I\x1b[O",
    ),
    *(
        b"\x1b]11;rgb:1111/2222/3333\x07",
        b"\x1bP>|xterm(388)\x1b\\",
        b"\x1b[?2026;2$y",
        b"\x1b[0n",
        b"\x1b[12;40R",
    ),
    *(
        b"\x1b[57399;5u",
        b"\x1b[97;5:3u",
        b"\x1b[?1;2c",
        b"\x1b[48;24;80;0;0t",
        "👨‍👩‍👧e\u0301".encode(),
        b"caf\xe9\xff\xed\xa0\x80",
    ),
)
_KEY_PIECES = (
    *ODD_BYTES,
    *(b";", b":", b"~", b"u", b"M", b"m", b"<", b"?", b"99999999", b"-1", b"R", b"\x1b[200~", b"\x1b[201~"),
)


def make_keys(seeds: Sequence[bytes], dice: random.Random) -> bytes:
    """Some keys, broken."""
    some = b"".join(dice.choice(seeds) for _ in range(dice.randint(1, 6)))
    return broken(some, seeds, _KEY_PIECES, dice)[:20_000]


async def check_keys(case: bytes) -> None:
    """Messages of a known kind; no escape becomes text; and afterwards a key is a key."""
    keyboard = Keyboard()
    dice = dice_of(case)
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    for piece in cut(case, dice):
        messages = keyboard.type(decode(piece), after=dice.choice((0.001, 0.01, 0.2)))
        messages += keyboard.wait(dice.choice((0.0, 0.2)))
        for message in messages:
            if isinstance(message, events.Key):
                must(message.key, "a key without a name")
                keyboard.guard.is_typed(message)
                keyboard.guard.may_end_a_line(message)
            elif isinstance(message, events.Paste):
                must("\x1b" not in message.text, "a paste holds an escape")
    keyboard.wait(2)
    keyboard.wait(2)
    keyboard.type("\x1b[201~")
    keyboard.wait(2)
    last = [message for message in keyboard.type("q") if isinstance(message, events.Key)]
    must(last and last[-1].key == "q", f"afterwards q is {last}")


TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target(
            "reader",
            streams,
            lambda seeds, dice: broken(dice.choice(seeds), seeds, ODD_BYTES, dice),
            check_reader,
        ),
        Target("events", streams, make_events, check_events),
        Target(
            "markdown",
            lambda: [text.encode()[:3_000] for text, _seen in TEXTS.values()],
            make_markdown,
            check_markdown,
        ),
        Target("keys", lambda: KEYS, make_keys, check_keys),
        Target("display", display.seeds, display.make, display.check, longest_s=30.0),
        Target("app", lambda: whole_app.KEYS, whole_app.make, whole_app.check, longest_s=60.0),
    )
}

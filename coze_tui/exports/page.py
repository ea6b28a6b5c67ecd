"""Writes a conversation as one self-contained HTML file, without scripts and without requests. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import chain, islice

from coze_tui import __version__
from coze_tui.api.objects import Frame
from coze_tui.engine.model.figures import EventRow, TurnFigures
from coze_tui.engine.model.outcomes import outcome_of, total_us_of
from coze_tui.engine.model.transcript import (
    AgentTranscript,
    AnswerTranscript,
    ChatTranscript,
    ToolTranscript,
)
from coze_tui.engine.model.turn_replay import past_turn
from coze_tui.exports import describe, page_timeline
from coze_tui.exports.describe import Clock
from coze_tui.exports.html import MarkdownRenderer, data, line, text
from coze_tui.report.figures_text import figure_facts
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.packing import within
from coze_tui.text.format import count_ms, duration, rounded_ms, thousands
from coze_tui.text.i18n import _, current_language, ngettext

_MOST_FRAMES = 1_000
"""Largest number of frames of one chat that are shown."""
_MOST_FRAMES_IN_ALL = 20_000
_LONGEST_DATA = 4_000
"""Largest number of characters of one frame that are shown."""
_SUMMARY_CHARACTERS = 60


def page_from(archived: ConversationArchive, clock: Clock = Clock()) -> Iterator[str]:  # noqa: B008
    """Yield the pieces of the page.

    Raises:
        StoreError: the frames of a chat can no longer be read.
    """
    yield _head(describe.title_of(archived))
    yield f'<header class="head">\n<h1>{line(describe.title_of(archived))}</h1>\n'
    yield _list("facts", describe.metadata_of(archived, clock)) + "</header>\n<main>\n"
    chats = describe.chats_of(archived)
    first = list(islice(chats, 2))
    renderer = MarkdownRenderer()
    frames_left = _MOST_FRAMES_IN_ALL
    for number, chat in enumerate(chain(first, chats), 1):
        if chat.starts_section:
            cleared = line(_("context cleared"))
            yield f'<div class="section">{cleared}</div>\n'
        yield f'<article class="chat" id="chat-{number}">\n'
        yield from _said(chat, renderer, clock)
        if chat.record.key in archived.packed_frames:
            frames = tuple(within(archived.frames_of(chat.record)))
            shown = frames[: min(_MOST_FRAMES, frames_left)]
            frames_left -= len(shown)
            yield from _life(chat, frames, shown, is_open=len(first) == 1)
        elif ids := describe.ids_of(chat):
            yield f'<div class="life">{_ids(ids)}</div>\n'
        yield "</article>\n"
    made = _("exported by coze-tui {version}").format(version=__version__)
    yield f'</main>\n<footer class="foot">{line(made)}</footer>\n</body>\n</html>\n'


def _head(title: str) -> str:
    style = style_sheet()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    language = current_language().replace("_", "-")
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{line(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )


def _list(kind: str, facts: Sequence[tuple[str, str]]) -> str:
    items = "".join(f"<div><dt>{line(name)}</dt><dd>{line(value)}</dd></div>\n" for name, value in facts)
    return f'<dl class="{kind}">\n{items}</dl>\n'


# --- messages ---


def _said(chat: ChatTranscript, renderer: MarkdownRenderer, clock: Clock) -> Iterator[str]:
    if chat.record.question:
        sent = f"{clock.day(chat.record.sent_at)} {clock.time(chat.record.sent_at)}"
        you = line(_("You"))
        yield f'<section class="said you">\n<p class="by"><strong>{you}</strong>{sent}</p>\n'
        yield f'<p class="question">{text(chat.asked)}</p>\n</section>\n'
    figures = line(" · ".join(describe.metrics_of(chat)))
    yield '<section class="said bot">\n'
    yield f'<p class="by"><strong>{line(chat.record.bot_name)}</strong>{figures}</p>\n'
    for part in chat.parts:
        match part:
            case AnswerTranscript():
                if part.reasoning:
                    yield _details("thought", line(_("reasoning")), f"<div>{text(part.reasoning)}</div>")
                if part.text:
                    yield f'<div class="answer">{renderer.html(part.text)}</div>\n'
            case ToolTranscript():
                yield _tool(part)
            case AgentTranscript():
                yield f'<p class="end">{line(part.line)}</p>\n'
    if end := describe.end_of(chat):
        is_failed = chat.outcome.level == "error" and not chat.is_running
        kind = "end failed" if is_failed else "end"
        sign = "◐" if chat.is_running else "⟂"
        yield f'<p class="{kind}">{sign} {line(end)}</p>\n'
    if suggestions := chat.suggestions:
        items = "".join(f"<li>{line(question)}</li>\n" for _number, question in suggestions)
        yield f'<ul class="follow-ups">\n{items}</ul>\n'
    yield "</section>\n"


def _tool(tool: ToolTranscript) -> str:
    arguments = tool.arguments if len(tool.arguments) <= _SUMMARY_CHARACTERS else "…"
    shown = f"({line(arguments)})" if tool.arguments else ""
    summary = f"<b>{line(describe.tool_name(tool))}</b>{shown} → {line(describe.tool_metrics(tool))}"
    body = "".join(data(each) for each in (tool.arguments, tool.response) if each)
    return _details("tool", summary, f"<div>{body}</div>")


def _details(kind: str, summary: str, body: str) -> str:
    return f'<details class="{kind}"><summary>{summary}</summary>\n{body}\n</details>\n'


# --- events ---


def _life(
    chat: ChatTranscript, frames: Sequence[Frame], shown: Sequence[Frame], *, is_open: bool
) -> Iterator[str]:
    record = chat.record
    turn = past_turn(frames, outcome=outcome_of(record), total_us=total_us_of(record), breaks=record.breaks)
    has_times = not turn.figures.is_timeless
    count = len(frames) + chat.record.frames_beyond(len(frames))
    words = ngettext("{n} event", "{n} events", count).format(n=thousands(count))
    if has_times:
        words = f"{duration(turn.timeline.total_us)} · {words}"
    opened = " open" if is_open else ""
    yield f'<details class="life"{opened}><summary>{page_timeline.strip(turn.timeline) if has_times else ""}'
    yield f'<span class="time">{line(words)}</span></summary>\n<div class="panel">\n'
    if has_times:
        yield from page_timeline.rows(turn.timeline)
    else:
        yield f"<p>{line(_('The capture has no arrival times, so there is no timeline.'))}</p>\n"
    yield _list("figures", figure_facts(turn))
    if ids := describe.ids_of(chat):
        yield _ids(ids)
    yield _details("", line(_("events")), _events(turn.figures))
    yield _frames(shown, count)
    yield "</div>\n</details>\n"


def _ids(ids: Sequence[tuple[str, str]]) -> str:
    return (
        '<p class="ids">'
        + "".join(f"<span>{line(name)} {line(value)}</span>" for name, value in ids)
        + "</p>\n"
    )


def _events(figures: TurnFigures) -> str:
    """Return the table of events; runs of equal events are one row."""
    event, size_of, detail = line(_("event")), line(_("bytes")), line(_("detail"))
    return (
        f'<table class="events"><thead><tr><th class="n">ms</th><th>{event}</th>'
        f'<th class="n">{size_of}</th><th>{detail}</th></tr></thead>\n<tbody>\n'
        + "".join(_event(row) for row in figures.rows)
        + "</tbody></table>"
    )


def _event(row: EventRow) -> str:
    time = count_ms(row.at_us)
    if rounded_ms(row.until_us) > rounded_ms(row.at_us):
        time += f"–{count_ms(row.until_us)}"
    count = f" ×{thousands(row.count)}" if row.count > 1 else ""
    return (
        f'<tr><td class="n">{time}</td><td class="{row.level}">{line(row.name)}{count}</td>'
        f'<td class="n">{thousands(row.bytes) if row.bytes else ""}</td><td>{line(row.detail)}</td></tr>\n'
    )


def _frames(shown: Sequence[Frame], count: int) -> str:
    """Return the table of the first of `count` frames as received; empty if there are none."""
    if not shown:
        return ""
    rows, before = [], 0
    for number, frame in enumerate(shown, 1):
        content = frame.data
        if len(content) > _LONGEST_DATA:
            content = content[:_LONGEST_DATA] + "…"
        rows.append(
            f'<tr><td class="n">{number}</td><td class="n">{count_ms(frame.at_us)}</td>'
            f'<td class="n wide">{count_ms(frame.at_us - before)}</td>'
            f"<td>{line(frame.event)}<pre>{text(content)}</pre></td></tr>\n"
        )
        before = frame.at_us
    if len(shown) < count:
        left = _("{n} more frames; the .sse and .jsonl exports contain all of them").format(
            n=thousands(count - len(shown))
        )
        rows.append(f'<tr><td></td><td></td><td class="wide"></td><td>{line(left)}</td></tr>\n')
    gap, name = line(_("gap")), line(_("frame"))
    head = (
        f'<thead><tr><th class="n">#</th><th class="n">ms</th><th class="n wide">{gap}</th>'
        f"<th>{name}</th></tr></thead>"
    )
    table = (
        f'<div class="frames"><table class="events">{head}\n<tbody>\n{"".join(rows)}</tbody></table></div>'
    )
    return _details("", line(_("all frames")), table)


DARK: Mapping[str, str] = {
    "background": "#11131a",
    "surface": "#171a23",
    "code": "#1c202b",
    "selected": "#232838",
    "text": "#d7dae4",
    "muted": "#8790a6",
    "line": "#2a2f3d",
    "bot": "#9396ff",
    "user": "#4fd1c5",
    "good": "#7bd88f",
    "attention": "#f2c572",
    "error": "#ff6b81",
    "keyword": "#c79bf2",
    "function": "#82b1ff",
    "string": "#b7d98b",
    "number": "#f5a06e",
    "type": "#f0c98b",
    "operator": "#8fbfd6",
}
LIGHT: Mapping[str, str] = {
    "background": "#fbfbfd",
    "surface": "#f2f3f8",
    "code": "#f0f1f7",
    "selected": "#e2e5f6",
    "text": "#262a3b",
    "muted": "#5c647d",
    "line": "#d8dbe6",
    "bot": "#4f51d8",
    "user": "#086c64",
    "good": "#187035",
    "attention": "#8a5600",
    "error": "#c0264a",
    "keyword": "#8230b5",
    "function": "#1f55c0",
    "string": "#2e6f23",
    "number": "#ad430c",
    "type": "#855800",
    "operator": "#35618a",
}
"""By the roles of the screens' palette; a test compares the two."""

_CODE = {
    "muted": ".p .c .ch .cm .c1 .cs .go .gp",
    "keyword": ".k .kd .kn .kp .kr .kv .cp .cpf .nt .sa .bp .ow",
    "function": ".nf .fm .nb",
    "string": ".s .s1 .s2 .sb .sc .dl .sd .sh .sr .ss .sx",
    "number": ".m .mi .mf .mh .mo .mb .il .kc .l .ld",
    "type": ".nc .ne .na .no .kt",
    "operator": ".o .nd .ni .nl .nv .vc .vg .vi .vm .se .si",
    "good": ".gi",
    "error": ".gd",
    "bot": ".gh .gu",
}
"""Color role → the classes that Pygments gives."""


def style_sheet() -> str:
    """Return the style sheet of a page."""
    rules = files(__package__).joinpath("page.css").read_text("utf-8")
    code = "\n".join(
        f"{', '.join('pre ' + each for each in classes.split())} {{ color: var(--{role}) }}"
        for role, classes in _CODE.items()
    )
    return (
        f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}\n"
        f"@media print {{ :root {{ {_variables(LIGHT)} }} }}\n"
        f"{rules}{code}\n"
    )


def _variables(colors: Mapping[str, str]) -> str:
    return " ".join(f"--{role}: {color};" for role, color in colors.items())

"""`coze-tui history list`, `search` and `show`: conversations and matches, as text or as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from coze_tui.cli.exits import Exit
from coze_tui.cli.history.call import Call, conversations_named, run
from coze_tui.cli.options import Arguments
from coze_tui.cli.saved_images import save_to_folder
from coze_tui.cli.startup import notify
from coze_tui.engine.library.conversations import SavedConversation
from coze_tui.engine.library.history import Found, Hit
from coze_tui.engine.library.states import MOST_MARKS, LastChat, is_cut_off, marks_of
from coze_tui.engine.model.transcript import (
    AgentTranscript,
    AnswerTranscript,
    ChatTranscript,
    PartTranscript,
    ToolTranscript,
)
from coze_tui.errors import SettingsError
from coze_tui.exports import describe
from coze_tui.exports.describe import Clock
from coze_tui.exports.exporting import Exports
from coze_tui.report.console import Console, Piece
from coze_tui.text.cells import fit
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.data_urls import with_short_images
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext

_KEY_CELLS = 9


# --- list ---


def run_list(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print one line per conversation, pinned ones first, then the newest first."""
    return run(_list, arguments, environment)


async def _list(call: Call) -> int:
    most = call.arguments.limit
    browsing, clock, shown = call.history.browsing, Clock(), 0
    page = await browsing.page()
    while page.items:
        for summary in page.items:
            last = page.last.get(summary.key, LastChat())
            if most and shown == most:
                left = await browsing.count() - shown
                notify(_("{n} more; --limit 0 shows all").format(n=thousands(left)))
                return Exit.OK
            shown += 1
            if call.arguments.json:
                call.console.json(_list_values(summary, last))
            else:
                call.console.line(*_list_line(summary, last, clock))
        if page.end is None:
            break
        page = await browsing.page(after=page.end)
    if not shown:
        notify(_("no conversations yet"))
    return Exit.OK


def _list_line(summary: SavedConversation, last: LastChat, clock: Clock) -> Iterator[Piece]:
    """Yield key, time, the marks of the history screen, title and bot."""
    signs = "".join(mark.sign for mark in marks_of(summary, last))
    yield fit(summary.key, _KEY_CELLS), "answering"
    yield f"  {clock.day(summary.updated_at)} {clock.time(summary.updated_at)[:5]}", "dim"
    yield f"  {fit(signs, MOST_MARKS)}", "attention"
    yield summary.title.strip() or _("Untitled conversation"), "plain"
    yield f"  {summary.bot_name or summary.bot_id}", "dim"


def _list_values(summary: SavedConversation, last: LastChat) -> Mapping[str, object]:
    return {
        **conversation_values(summary),
        "interrupted": is_cut_off(summary, last),
        "running": last.is_running,
        "states": [mark.name for mark in marks_of(summary, last)],
    }


def conversation_values(summary: SavedConversation) -> Mapping[str, object]:
    """Return the fields of a conversation for JSON."""
    return {
        "id": summary.key,
        "title": summary.title,
        "site": summary.site,
        "bot_id": summary.bot_id,
        "bot_name": summary.bot_name,
        "conversation_id": summary.conversation_id,
        "section_id": summary.section_id,
        "updated_at_ms": summary.updated_at,
        "pinned": summary.pinned,
        "interrupted": summary.interrupted,
        "on_server": summary.on_server,
        "has_draft": summary.has_draft,
    }


# --- search ---


def run_search(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print the matches of a text, by conversation."""
    return run(_search, arguments, environment)


async def _search(call: Call) -> int:
    text = " ".join(call.words)
    if not text.strip():
        raise SettingsError(_("requires a text to search for"), source=call.arguments.command.name)
    if not call.arguments.limit:
        return await _print_all(call, text)
    findings = await call.history.browsing.search(text, call.arguments.limit)
    printer = _HitPrinter(call)
    for found in findings.conversations:
        printer.add(found)
    if not findings.conversations:
        notify(_("no matches"))
    elif findings.is_cut:
        text = ngettext(
            "only the latest {n} match; --limit shows more",
            "only the latest {n} matches; --limit shows more",
            findings.hits,
        )
        notify(text.format(n=thousands(findings.hits)))
    return Exit.OK


async def _print_all(call: Call, text: str) -> int:
    """Print matches while the search continues, since there may be any number of them."""
    printer = _HitPrinter(call)
    async for found in call.history.browsing.search_all(text):
        printer.add(found)
        call.console.flush()
    if printer.is_empty:
        notify(_("no matches"))
    return Exit.OK


class _HitPrinter:
    """Prints matches under the headings of their conversations, or as JSON Lines."""

    def __init__(self, call: Call) -> None:
        self._console = call.console
        self._as_json = call.arguments.json
        self._clock = Clock()
        self._key = ""

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was printed."""
        return not self._key

    def add(self, found: Found) -> None:
        """Print matches of a conversation, which may be the last one again."""
        before, self._key = self._key, found.summary.key
        if self._as_json:
            for hit in found.hits:
                self._console.json(_hit_values(hit, found))
            return
        if before != self._key:
            if before:
                self._console.text()
            self._print_heading(found.summary)
        for hit in found.hits:
            if hit.part != "title":
                self._console.line(*_hit_line(hit, self._clock))

    def _print_heading(self, summary: SavedConversation) -> None:
        title = summary.title.strip() or _("Untitled conversation")
        name = f"  {summary.bot_name or summary.bot_id}"
        self._console.line((summary.key, "answering"), (f"  {title}", "plain"), (name, "dim"))


def _hit_line(hit: Hit, clock: Clock) -> Iterator[Piece]:
    yield f"  {clock.day(hit.at)} {clock.time(hit.at)[:5]}  ", "dim"
    end = 0
    for start, stop in hit.ranges:
        yield hit.snippet[end:start], "plain"
        yield hit.snippet[start:stop], "attention"
        end = stop
    yield hit.snippet[end:], "plain"


def _hit_values(hit: Hit, found: Found) -> Mapping[str, object]:
    return {
        "id": hit.conversation,
        "title": found.summary.title,
        "bot_name": found.summary.bot_name,
        "message": hit.message,
        "role": hit.role,
        "type": hit.type,
        "part": hit.part,
        "snippet": hit.snippet,
        "ranges": hit.ranges,
        "at_ms": hit.at,
    }


# --- show ---


def run_show(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print the messages of one or several conversations."""
    return run(_show, arguments, environment)


async def _show(call: Call) -> int:
    for number, saved in enumerate(await conversations_named(call, call.words)):
        archived = await Exports(call.history.database).archived(saved.key)
        if archived is None:
            continue
        if folder := call.arguments.save_images:
            save_to_folder((message.content for message in archived.messages), folder)
        if call.arguments.json:
            chats = [_chat_values(chat) for chat in describe.chats_of(archived)]
            call.console.json({**conversation_values(saved), "chats": chats})
            continue
        if number:
            call.console.text()
        clock = Clock()
        call.console.text(describe.title_of(archived))
        call.console.facts(describe.metadata_of(archived, clock))
        for chat in describe.chats_of(archived):
            _print_chat(chat, call.console, clock)
    return Exit.OK


def _print_chat(chat: ChatTranscript, console: Console, clock: Clock) -> None:
    if chat.starts_section:
        console.text()
        console.text("--- " + _("context cleared") + " ---", "dim")
    record = chat.record
    if record.question:
        console.text()
        sent = f"  {clock.day(record.sent_at)} {clock.time(record.sent_at)}"
        console.line((_("You"), "tool"), (sent, "dim"))
        _print_text(chat.asked, console)
    console.text()
    figures = " · ".join(describe.metrics_of(chat))
    console.line((record.bot_name, "answering"), (f"  {figures}" if figures else "", "dim"))
    for part in chat.parts:
        match part:
            case AnswerTranscript():
                for line in clean(part.reasoning).splitlines():
                    console.text(f"| {line}", "dim")
                if part.text:
                    _print_text(part.text, console)
            case ToolTranscript():
                _print_tool(part, console)
            case AgentTranscript():
                console.text(part.line, "tool")
    if end := describe.end_of(chat):
        console.text(end, "error" if chat.error else "attention")
    for _number, question in chat.suggestions:
        for row, line in enumerate(clean(question).rstrip("\n").split("\n")):
            console.text(f"  {line}" if row else f"? {line}", "dim")


def _print_text(text: str, console: Console) -> None:
    for line in with_short_images(clean(text)).rstrip("\n").split("\n"):
        console.text(line)


def _print_tool(tool: ToolTranscript, console: Console) -> None:
    arguments = f"({clean_line(tool.arguments)})" if tool.arguments else ""
    figures = f" → {describe.tool_metrics(tool)}"
    console.line((describe.tool_name(tool), "tool"), (arguments, "plain"), (figures, "dim"))
    for line in clean(tool.response or "").splitlines():
        console.text(f"| {line}", "dim")


def _chat_values(chat: ChatTranscript) -> Mapping[str, object]:
    record, usage = chat.record, chat.record.usage
    return {
        "question": record.question,
        "files": chat.files,
        "sent_at_ms": record.sent_at,
        "outcome": "running" if chat.is_running else str(chat.outcome),
        "end": describe.end_of(chat),
        "chat_id": record.chat_id,
        "section_id": record.section_id,
        "logid": record.logid,
        "first_text_us": record.first_text_us,
        "total_us": record.total_us,
        "waited_us": record.waited_us,
        "cut_us": record.cut_us,
        "usage": None if usage is None else asdict(usage),
        "parts": [_part_values(part) for part in chat.parts],
        "follow_ups": chat.follow_ups,
    }


def _part_values(part: PartTranscript) -> Mapping[str, object]:
    match part:
        case AnswerTranscript():
            return {"type": "answer", "text": part.text, "reasoning": part.reasoning}
        case ToolTranscript():
            return {
                "type": str(part.type),
                "name": part.name,
                "arguments": part.arguments,
                "response": part.response,
                "elapsed_us": part.elapsed_us,
            }
        case AgentTranscript():
            return {"type": "agent", "name": part.name, "condition": part.condition}

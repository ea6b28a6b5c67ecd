"""The log: what is in sight stays in sight, whatever comes, goes, folds or is resized."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import PurePath
from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection

from coze_tui.engine.model import updates
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.records import ChatRecord
from coze_tui.engine.model.transcript import AnswerTranscript, ChatTranscript
from coze_tui.render.palette import Palette
from coze_tui.tui.log import growth
from coze_tui.tui.log.answer import AnswerBlock
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import Entry, GreetingEntry, QuestionEntry
from coze_tui.tui.log.message_log import MessageLog, Updated
from coze_tui.tui.log.reasoning import ReasoningBlock
from coze_tui.tui.log.viewport import PageWanted
from tests.support.host_app import ThemedApp, sheets
from tests.support.waiting import resize

LONG = "\n\n".join(f"paragraph {number}" for number in range(40))
CODE = "Look:\n\n```python\nprint(1)\n```\n\nand\n\n```go\nfmt.Println(" + "x" * 200 + ")\n```\n"


class Stage(ThemedApp):
    CSS_PATH: ClassVar[list[str | PurePath]] = sheets("app", "message_log")

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[object] = []
        self.behind: list[bool] = []
        """Whether the last entry was laid out in part only, for each key."""

    def on_key(self) -> None:
        self.behind.append(self.query_one(MessageLog).entries[-1].is_behind)

    def compose(self) -> ComposeResult:
        yield MessageLog(Palette.dark(), max_fps=60)

    def on_mount(self) -> None:
        self.query_one(MessageLog).focus()

    def on_page_wanted(self, message: PageWanted) -> None:
        self.heard.append(message)

    def on_message_log_copy_asked(self, message: MessageLog.CopyAsked) -> None:
        self.heard.append((message.what, message.text))

    def on_message_log_link_chosen(self, message: MessageLog.LinkChosen) -> None:
        self.heard.append(message.url)

    def on_message_log_question_chosen(self, message: MessageLog.QuestionChosen) -> None:
        self.heard.append(message.text)

    def on_message_log_no_code(self, message: MessageLog.NoCode) -> None:
        self.heard.append(message)

    def on_message_log_asked(self, message: MessageLog.Asked) -> None:
        self.heard.append(message.what)


class Seen:
    def __init__(self, app: Stage, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot
        self.log = app.query_one(MessageLog)

    def lines(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.log.render_lines(self.log.size.region)]

    def text(self) -> str:
        return "\n".join(self.lines())


@asynccontextmanager
async def stage(size: tuple[int, int] = (60, 20)) -> AsyncIterator[Seen]:
    app = Stage()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Seen(app, pilot)


COMPLETED = ChatRecord(
    key=1, question="q", sent_at=1_760_000_000_000, bot_name="bot", is_final=True, status="completed"
)


def chat(number: int, answer: str = "", key: int = 0) -> list[Entry]:
    record = replace(COMPLETED, key=key or number + 1, question=f"question {number}")
    told = ChatTranscript(record, (AnswerTranscript("m", answer or f"answer {number}"),))
    return [QuestionEntry(record.question, record.sent_at, chat=record.key), AnswerEntry.of(told)]


def chats(start: int, stop: int) -> list[Entry]:
    return [entry for number in range(start, stop) for entry in chat(number)]


def show(seen: Seen, update: updates.TurnUpdate) -> None:
    assert seen.log.live is not None
    seen.log.post_message(Updated(seen.log.live, update))


def grow(seen: Seen, *pieces: str) -> None:
    for piece in pieces:
        show(seen, updates.AnswerGrew("m", piece, (1_000,), 9))


async def begun(seen: Seen) -> AnswerEntry:
    entry = AnswerEntry("bot", 1_760_000_000_000)
    seen.log.append(QuestionEntry("q", 1_760_000_000_000), entry)
    seen.log.begin(entry, TurnFigures())
    await seen.pilot.pause()
    return entry


async def settled(seen: Seen) -> None:
    """All posted messages are handled and the last frame is drawn."""
    await seen.pilot.pause()
    seen.log.viewport.flush()
    await seen.pilot.pause()


async def test_a_growing_answer_is_followed_at_the_end() -> None:
    async with stage() as seen:
        await begun(seen)
        grow(seen, *(f"line {number}\n\n" for number in range(60)))
        await settled(seen)
        assert "line 59" in seen.text()
        assert seen.log.viewport.following


async def test_who_has_scrolled_up_stays_there_and_is_told_of_new_lines() -> None:
    async with stage() as seen:
        seen.log.show(chats(0, 30))
        await begun(seen)
        seen.log.scroll_to(y=5, animate=False)
        await seen.pilot.pause()
        before = seen.lines()[:-1]
        grow(seen, *(f"line {number}\n\n" for number in range(60)))
        await settled(seen)
        assert seen.lines()[:-1] == before
        assert "new lines (Ctrl+End)" in seen.text()
        seen.log.action_to_end()
        await settled(seen)
        assert "line 59" in seen.text()
        assert "new lines" not in seen.text()


async def test_the_settled_answer_is_the_fresh_rendering_of_the_whole_text() -> None:
    text = "# T\n\n- a\n- b\n\n| x | y |\n|---|---|\n| [1] | 2 |\n\n[1]: https://e.invalid\n"
    async with stage() as seen:
        await begun(seen)
        grow(seen, *text)
        show(seen, updates.AnswerSettled("m", text, "", 5))
        show(seen, updates.TurnEnded(Outcome.COMPLETED, 9))
        await settled(seen)
        grown = seen.lines()[4:]
        seen.log.show([QuestionEntry("q", 1_760_000_000_000), *chat(0, text)[1:]])
        await settled(seen)
        assert grown == seen.lines()[4:]


async def test_a_resize_keeps_the_end_in_sight_and_is_right_at_every_width() -> None:
    async with stage() as seen:
        seen.log.show([*chats(0, 20), *chat(20, "word " * 300)])
        for width in (30, 100, 45, 60):
            await resize(seen.pilot, width, 20)
            await settled(seen)
            assert seen.lines()[-2].endswith("word")
            assert all(
                strip.cell_length == seen.log.size.width
                for strip in seen.log.render_lines(seen.log.size.region)
            )


async def test_older_entries_come_above_without_moving_what_is_seen() -> None:
    async with stage() as seen:
        seen.log.show(chats(50, 80), has_older=True)
        await seen.pilot.pause()
        seen.log.scroll_to(y=6, animate=False)
        await settled(seen)
        assert any(isinstance(item, PageWanted) and item.older for item in seen.app.heard)
        before = seen.lines()
        seen.log.viewport.prepend(chats(0, 50), has_older=False)
        await settled(seen)
        assert seen.lines() == before
        seen.log.action_to_top()
        await settled(seen)
        assert "question 0" in seen.text()


async def test_pages_are_asked_for_once_until_they_come() -> None:
    async with stage() as seen:
        seen.log.show(chats(50, 80), has_older=True)
        for y in (9, 8, 7, 6):
            seen.log.scroll_to(y=y, animate=False)
            await seen.pilot.pause()
        assert len([item for item in seen.app.heard if isinstance(item, PageWanted) and item.older]) == 1


async def test_only_what_is_in_sight_is_rendered_when_a_conversation_opens() -> None:
    async def rendered(count: int) -> int:
        async with stage() as seen:
            seen.log.show([entry for number in range(count) for entry in chat(number, LONG)])
            await settled(seen)
            return sum(entry.is_measured for entry in seen.log.entries)

    assert await rendered(20) == await rendered(400) <= 4


@pytest.mark.parametrize("keys", [["k", "space"], ["k", "k", "k", "space"]])
async def test_the_cursor_finds_folds_and_opens_them(keys: Sequence[str]) -> None:
    async with stage() as seen:
        entry = AnswerEntry.of(ChatTranscript(COMPLETED, (AnswerTranscript("m", "answer", "first I think"),)))
        seen.log.show([QuestionEntry("q", 1_760_000_000_000, chat=1), entry])
        await seen.pilot.press(*keys)
        await settled(seen)
        assert "first I think" in seen.text() or "▸" in seen.text()
        while "first I think" not in seen.text():
            await seen.pilot.press("j", "space")
            await settled(seen)
        await seen.pilot.press("space")
        await settled(seen)
        assert "first I think" not in seen.text()


async def test_copying_gives_the_source_not_the_drawing() -> None:
    async with stage() as seen:
        seen.log.show(chat(0, CODE))
        await settled(seen)
        await seen.pilot.press("y", "left_square_bracket", "Y")
        await settled(seen)
        assert ("message", CODE) in seen.app.heard
        assert ("code", "fmt.Println(" + "x" * 200 + ")") in seen.app.heard


async def test_code_blocks_are_reached_by_brackets_and_scroll_sideways() -> None:
    async with stage((60, 12)) as seen:
        seen.log.show(chat(0, CODE))
        await settled(seen)
        seen.log.scroll_to(y=0, animate=False)
        await seen.pilot.press("right_square_bracket")
        await settled(seen)
        assert "print(1)" in seen.text()
        seen.log.scroll_to(y=99, animate=False)
        before = seen.text()
        await seen.pilot.press("l", "l")
        await settled(seen)
        assert "fmt.Println" in before
        assert "fmt.Println" not in seen.text()
        await seen.pilot.press("h", "h", "h")
        await settled(seen)
        assert "fmt.Println" in seen.text()


async def test_a_selection_copies_text_without_bars_and_wraps() -> None:
    async with stage() as seen:
        seen.log.show(chat(0, "word " * 30 + "\n\n> quoted"))
        await settled(seen)
        selection = Selection(Offset(0, 0), Offset(200, seen.log.virtual_size.height))
        copied = seen.log.get_selection(selection)
        assert copied is not None
        assert ("word " * 30).strip() in copied[0]
        assert "▎" not in copied[0]
        assert "question 0" in copied[0]


async def test_clicks_open_folds_links_and_suggested_questions() -> None:
    async with stage() as seen:
        told = ChatTranscript(
            COMPLETED,
            parts=(AnswerTranscript("m", "see [this](https://e.invalid/a)", "thoughts"),),
            follow_ups=("and then?",),
        )
        seen.log.show([AnswerEntry.of(told)])
        await settled(seen)
        rows = seen.lines()
        for wanted, word in (("▸", "▸"), ("this", "this"), ("and then", "and then?")):
            y = next(number for number, row in enumerate(rows) if wanted in row)
            x = rows[y].index(word)
            await seen.pilot.click(MessageLog, offset=(x + 1, y))
            await settled(seen)
            rows = seen.lines()
        assert "thoughts" in seen.text()
        assert "https://e.invalid/a" in seen.app.heard
        assert "and then?" in seen.app.heard


async def test_a_needle_is_lit_wherever_it_stands() -> None:
    async with stage() as seen:
        seen.log.show(chat(0, "申请退款"))
        seen.log.viewport.set_query("退款")
        await settled(seen)
        hit = Palette.dark().search_hit.bgcolor
        strips = seen.log.render_lines(seen.log.size.region)
        highlighted = [
            segment.text
            for strip in strips
            for segment in strip
            if segment.style and segment.style.bgcolor == hit
        ]
        assert highlighted == ["退款"]


async def test_outside_text_is_never_markup_and_never_a_control() -> None:
    async with stage() as seen:
        await begun(seen)
        grow(seen, "a[/]b [@click=app.quit]x[/] list[int] ")
        await settled(seen)
        assert "a[/]b [@click=app.quit]x[/] list[int]" in seen.text()


async def test_the_work_for_a_delta_does_not_grow_with_the_log() -> None:
    async def work(count: int) -> int:
        async with stage() as seen:
            seen.log.show(chats(0, count))
            entry = await begun(seen)
            grow(seen, *(f"word {number} " for number in range(200)))
            await settled(seen)
            block = next(block for block in entry.blocks if isinstance(block, AnswerBlock))
            assert block.document is not None
            return block.document.parsed_chars

    few, many = await work(1), await work(300)
    assert many <= few * 1.2


async def test_what_is_drawn_between_two_frames_is_not_left_behind() -> None:
    async with stage() as seen:
        await begun(seen)
        seen.log.viewport.growth.frame_seconds = 1_000
        grow(seen, "first")
        await seen.pilot.pause()
        show(seen, updates.ToolCalled("t", "ferry", "", 2_000))
        show(seen, updates.AnswerGrew("m2", "second", (3_000,), 9))
        await seen.pilot.pause()
        seen.log.viewport.set_query("nowhere")
        await seen.pilot.pause()
        seen.lines()
        seen.log.viewport.flush()
        drawn = list(seen.log.render_lines(seen.log.size.region))
        seen.log.viewport.set_palette(Palette.dark())
        assert drawn == seen.log.render_lines(seen.log.size.region)


async def test_a_line_that_grew_while_another_was_scrolled_to_is_drawn_again() -> None:
    async with stage() as seen:
        await begun(seen)
        seen.log.viewport.growth.frame_seconds = 1_000
        grow(seen, LONG + "\n\ntail")
        await seen.pilot.pause()
        assert "tail" in seen.lines()[-2]
        grow(seen, " and more")
        await seen.pilot.pause()
        seen.log.scroll_to(y=seen.log.scroll_offset.y - 1, animate=False)
        await seen.pilot.pause()
        seen.lines()
        seen.log.viewport.flush()
        assert "tail and more" in seen.text()


async def test_lines_that_come_quickly_are_scrolled_in_strides_and_end_at_the_bottom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(growth, "monotonic", lambda: 1.0)  # each line comes just after the one before
    async with stage() as seen:
        await begun(seen)
        log = seen.log
        grow(seen, LONG)
        await seen.pilot.pause()
        for number in range(30):
            grow(seen, f"\n\nline {number}")
            await seen.pilot.pause()
            log.viewport.flush()
            assert any(f"line {number}" in line for line in seen.lines())
        room = next(number for number, line in enumerate(seen.lines()[::-1]) if line.endswith("line 29"))
        assert room in (1, 2, 3)
        show(seen, updates.TurnEnded(Outcome.COMPLETED, 1_000_000))
        await settled(seen)
        assert "line 29" in seen.lines()[-2]


async def test_on_a_slow_line_the_log_scrolls_seldom_and_not_back_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(growth, "seconds_for", lambda _log, _count: 0.5)
    async with stage() as seen:
        await begun(seen)
        log = seen.log
        grow(seen, LONG)
        await seen.pilot.pause()
        tops = set()
        for number in range(30):
            grow(seen, f"\n\nline {number}")
            await seen.pilot.pause()
            log.viewport.flush()
            assert any(f"line {number}" in line for line in seen.lines())
            tops.add(log.viewport.top)
        assert len(tops) <= 7  # for 60 lines
        before = log.viewport.top
        show(seen, updates.TurnEnded(Outcome.COMPLETED, 1_000_000))
        await settled(seen)
        assert log.viewport.top == before
        assert "line 29" in seen.text()


async def test_late_updates_of_a_turn_that_was_left_change_nothing() -> None:
    async with stage() as seen:
        left = await begun(seen)
        seen.log.post_message(Updated(left, updates.AnswerGrew("m", "late", (1_000,), 9)))
        seen.log.clear()
        entry = AnswerEntry("bot", 1_760_000_000_000)
        seen.log.append(entry)
        seen.log.begin(entry, TurnFigures())
        grow(seen, "new")
        await settled(seen)
        assert [answer.text for answer in entry.answers] == ["new"]


async def test_a_bots_name_is_shown_in_all_of_its_entries_once_it_is_known() -> None:
    async with stage() as seen:
        stored = replace(COMPLETED, bot_id="7511", bot_name="")
        other = replace(COMPLETED, bot_id="7512", bot_name="other")
        entries = [
            GreetingEntry("7511", "Hello.", (), bot_id="7511"),
            AnswerEntry.of(ChatTranscript(stored, (AnswerTranscript("m", "first"),))),
            AnswerEntry.of(ChatTranscript(other, (AnswerTranscript("m", "second"),))),
            AnswerEntry("7511", 0, bot_id="7511"),
        ]
        seen.log.show(entries)
        await settled(seen)
        assert seen.text().count("7511") == 3
        heights = [entry.height(seen.log.viewport.text_width) for entry in entries]
        seen.log.name_bot("7511", "小春")
        await settled(seen)
        assert seen.text().count("小春") == 3
        assert "7511" not in seen.text()
        assert "other" in seen.text()
        assert heights == [entry.height(seen.log.viewport.text_width) for entry in entries]


async def test_keys_are_handled_while_a_long_text_is_laid_out() -> None:
    text = "a short line of many\n" * 10_000
    async with stage() as seen:
        entry = await begun(seen)
        grow(seen, text)
        await seen.pilot.press("x")
        assert seen.app.behind == [True]
        await seen.log.viewport.complete(entry)
        assert not entry.is_behind
        assert seen.log.viewport.total > 10_000
        assert seen.log.viewport.following
        assert seen.lines()[-2].endswith("a short line of many")


async def test_what_is_in_sight_stays_while_a_long_entry_above_is_laid_out() -> None:
    async with stage() as seen:
        seen.log.show([*chat(1, "a short line of many\n" * 3_000), *chats(2, 30)])
        view = seen.log.viewport
        view.following = False
        view.scroll(view.first_line(view.entries[24]))
        await seen.pilot.pause()
        before = seen.lines()
        total = view.total
        await view.complete(view.entries[1])
        await seen.pilot.pause()
        assert view.total != total
        assert seen.lines() == before


def thinking(number: int, *, answer: str = "answer", reasoning: str = "first I think") -> list[Entry]:
    record = replace(COMPLETED, key=number, question=f"question {number}")
    told = ChatTranscript(
        record, (AnswerTranscript("m", answer, reasoning), AnswerTranscript("n", "n", "then"))
    )
    return [QuestionEntry(record.question, record.sent_at, chat=number), AnswerEntry.of(told)]


def cursor_lines(seen: Seen) -> list[str]:
    """Lines that are drawn as selected; the cursor is visible if there is exactly one."""
    ground = Palette.dark().selected.bgcolor
    return [
        strip.text.strip()
        for strip in seen.log.render_lines(seen.log.size.region)
        if (first := next(iter(strip)).style) is not None and first.bgcolor == ground
    ]


async def focus_anew(seen: Seen) -> None:
    seen.app.set_focus(None)
    await seen.pilot.pause()
    assert cursor_lines(seen) == []
    seen.log.focus()
    await seen.pilot.pause()


async def test_the_focus_brings_a_cursor_to_the_last_answer_and_enter_opens_its_first_fold() -> None:
    async with stage() as seen:
        seen.log.show([*chats(0, 10), *thinking(11)])
        await focus_anew(seen)
        assert seen.log.chosen is seen.log.entries[-1]
        [line] = cursor_lines(seen)
        assert line.startswith("▌ bot")
        await seen.pilot.press("enter")
        assert "first I think" in seen.text()
        assert "then" not in seen.text()
        [line] = cursor_lines(seen)
        assert line.startswith("▌ ▾")
        await seen.pilot.press("j", "enter", "enter", "k", "enter", "k")
        assert "first I think" not in seen.text()
        assert cursor_lines(seen)[0].startswith("▌ bot")


async def test_the_cursor_is_visible_whatever_moves_the_lines() -> None:
    async with stage((60, 16)) as seen:
        seen.log.show([*chats(0, 8), *thinking(9, answer=LONG, reasoning=LONG), *chats(10, 14)])
        await focus_anew(seen)
        walk = [
            *"kkkkkkkk",
            "enter",
            *"jj",
            "enter",
            "pageup",
            "home",
            "j",
            "end",
            *"kkkk",
            "enter",
            "enter",
            "G",
            "g",
        ]
        for key in walk:
            await seen.pilot.press(key)
            assert len(cursor_lines(seen)) == 1, key
        for y in (0, 40, 90, 5, 70, 33, 1000, 20):
            seen.log.scroll_to(y=y, animate=False)
            await settled(seen)
            assert len(cursor_lines(seen)) == 1, y
        for width, height in ((40, 16), (90, 8), (60, 30), (30, 6), (60, 16)):
            await resize(seen.pilot, width, height)
            await settled(seen)
            assert len(cursor_lines(seen)) == 1, (width, height)


async def test_text_that_arrives_does_not_scroll_the_cursor_away() -> None:
    async with stage() as seen:
        seen.log.show(chats(0, 3))
        await focus_anew(seen)
        await begun(seen)
        await seen.pilot.press("k", "k", "k")
        before, chosen = cursor_lines(seen), seen.log.chosen
        grow(seen, LONG)
        await settled(seen)
        assert cursor_lines(seen) == before
        assert seen.log.chosen is chosen
        assert "new lines (Ctrl+End)" in seen.text()
        await seen.pilot.press("G")  # on the message that grows the view goes with the text
        grow(seen, "\n\ntail")
        await settled(seen)
        assert len(cursor_lines(seen)) == 1
        assert "tail" in seen.text()


async def test_lines_that_are_added_above_the_cursor_do_not_push_it_away() -> None:
    async with stage() as seen:
        entry = await begun(seen)
        show(seen, updates.ReasoningGrew("r", "first", (1_000,)))
        show(seen, updates.ToolCalled("t", "ferry", "", 2_000))
        grow(seen, "answer")
        await settled(seen)
        await focus_anew(seen)
        seen.log.cursor.choose(
            entry, next(block for block in entry.blocks if isinstance(block, ReasoningBlock))
        )
        await seen.pilot.press("enter", "j")
        assert "ferry" in cursor_lines(seen)[0]
        show(seen, updates.ReasoningGrew("r", LONG, (3_000,)))
        await settled(seen)
        assert "ferry" in cursor_lines(seen)[0]
        await seen.pilot.press("G", "k")
        for height in (1, 2, 3, 20):
            await resize(seen.pilot, 60, height)
            await settled(seen)
            assert len(cursor_lines(seen)) == 1, height


async def test_reasoning_above_its_answer_is_drawn_whenever_it_arrives() -> None:
    async with stage() as seen:
        await begun(seen)
        grow(seen, "answer")
        await settled(seen)
        show(seen, updates.ReasoningGrew("m", "late", (2_000,)))
        await settled(seen)
        assert "late" in seen.text()
        grow(seen, " goes on")
        await settled(seen)
        drawn = seen.text()
        seen.log.viewport.repaint()
        assert "late" not in drawn
        assert drawn == seen.text()


async def test_a_fold_that_opens_at_the_bottom_is_shown() -> None:
    async with stage((60, 12)) as seen:
        seen.log.show([*chats(0, 5), *thinking(6, reasoning="first\nsecond\nthird\nfourth")])
        seen.log.viewport.following = False
        entry = seen.log.entries[-1]
        seen.log.viewport.scroll(seen.log.viewport.first_line(entry) - 9)
        await focus_anew(seen)
        seen.log.cursor.choose(entry)
        await seen.pilot.press("enter")
        await settled(seen)
        assert "fourth" in seen.text()
        assert cursor_lines(seen)[0].startswith("▌ ▾")


async def test_the_chosen_code_is_marked_counted_and_copied() -> None:
    async with stage() as seen:
        seen.log.show([*chat(0, CODE), *chat(1, "no code here")])
        await focus_anew(seen)
        await seen.pilot.press("Y")
        assert isinstance(seen.app.heard[-1], MessageLog.NoCode)
        await seen.pilot.press("left_square_bracket")
        assert "2/2 go · Y copies" in seen.text()
        assert any(line.startswith(" ▌ ▌ fmt") for line in seen.lines())
        await seen.pilot.press("left_square_bracket", "Y")
        assert "1/2 python · Y copies" in seen.text()
        assert ("code", "print(1)") in seen.app.heard
        await seen.pilot.press("left_square_bracket")
        assert isinstance(seen.app.heard[-1], MessageLog.NoCode)
        assert seen.app.heard[-1].has_some
        await seen.pilot.press("j")
        assert "copies" not in seen.text()

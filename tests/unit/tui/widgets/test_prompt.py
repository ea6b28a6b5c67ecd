"""The prompt, driven by keys in a small app."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path, PurePath
from typing import ClassVar

import pytest
from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from coze_tui.terminal.keys import EnterGuard, KeyRun
from coze_tui.tui.widgets.note_line import NoteLine
from coze_tui.tui.widgets.prompt.area import PromptArea
from coze_tui.tui.widgets.prompt.completer import Offer
from coze_tui.tui.widgets.prompt.completion import Candidate, CompletionList
from coze_tui.tui.widgets.prompt.prompt import DRAFT_SECONDS, EditMode, Prompt, SendKey
from coze_tui.tui.widgets.prompt.text_box import TextBox
from tests.support.host_app import ThemedApp, sheets
from tests.support.keyboard import Keyboard
from tests.support.waiting import until

LATER: list[Callable[[], None]] = []
"""What the prompt asked for and gets only when a test says so."""


def offered(typed: str, offer: Offer) -> list[Candidate]:
    """Return the commands that begin so; folders are found later."""
    if typed.startswith("/go "):
        folders = [Candidate(f"/go {name}", "", name, is_complete=False) for name in ("alps/", "andes/")]
        folders = [each for each in folders if each.text.startswith(typed)]
        LATER.append(lambda: offer(typed, folders))
        return []
    return [one for one in COMMANDS if one.text.startswith(typed)]


COMMANDS = (
    Candidate("/new", "a new conversation"),
    Candidate("/bot", "choose a bot", is_complete=False),
    Candidate("/quit", "leave"),
)
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


class PromptApp(ThemedApp):
    """A prompt, and what it tells."""

    CSS_PATH: ClassVar[list[str | PurePath]] = sheets("text_box", "completion", "note_line", "prompt_area")

    def __init__(self, send_key: SendKey, guard: EnterGuard | None, edit_mode: EditMode = "emacs") -> None:
        super().__init__()
        self.edit_mode: EditMode = edit_mode
        self.send_key: SendKey = send_key
        self.guard = guard
        self.told: list[Message] = []
        self.bubbled: list[str] = []

    def compose(self) -> ComposeResult:
        yield PromptArea(
            commands=offered,
            doubt_about=lambda text: f"There is no {text}." if text == "/foo" else "",
            enter_guard=self.guard or EnterGuard(),
            send_key=self.send_key,
            edit_mode=self.edit_mode,
        )

    def on_mount(self) -> None:
        self.query_one(Prompt).focus()

    def on_key(self, key: events.Key) -> None:
        self.bubbled.append(key.key)

    def on_prompt_submitted(self, message: Prompt.Submitted) -> None:
        self.told.append(message)

    def on_prompt_follow_up_chosen(self, message: Prompt.FollowUpChosen) -> None:
        self.told.append(message)

    def on_prompt_number_typed(self, message: Prompt.NumberTyped) -> None:
        self.told.append(message)

    def on_prompt_editor_asked(self, message: Prompt.EditorAsked) -> None:
        self.told.append(message)

    def on_prompt_queue_take_asked(self, message: Prompt.QueueTakeAsked) -> None:
        self.told.append(message)

    def on_prompt_attachment_chosen(self, message: Prompt.AttachmentChosen) -> None:
        self.told.append(message)

    def on_prompt_draft_changed(self, message: Prompt.DraftChanged) -> None:
        self.told.append(message)

    def on_text_box_paste_refused(self, message: TextBox.PasteRefused) -> None:
        self.told.append(message)

    def on_text_box_paste_not_shown(self, message: TextBox.PasteNotShown) -> None:
        self.told.append(message)

    @property
    def sent(self) -> list[str]:
        return [message.text for message in self.told if isinstance(message, Prompt.Submitted)]


class Desk:
    """The app as a test sees it."""

    def __init__(self, app: PromptApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.prompt = app.query_one(Prompt)
        self.list = app.query_one(CompletionList)

    async def type(self, text: str) -> None:
        for character in text:
            self.app.post_message(events.Key("?" if not character.isascii() else character, character))
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def paste(self, text: str) -> None:
        self.app.post_message(events.Paste(text))
        await self.pilot.pause()

    async def until(self, is_true: Callable[[], object]) -> None:
        await until(self.pilot, is_true, seen=lambda: self.prompt.text)


@asynccontextmanager
async def at_desk(
    *,
    send_key: SendKey = "enter",
    guard: EnterGuard | None = None,
    size: tuple[int, int] = (80, 24),
    edit_mode: EditMode = "emacs",
) -> AsyncIterator[Desk]:
    app = PromptApp(send_key, guard, edit_mode)
    async with app.run_test(size=size, tooltips=True, notifications=True) as pilot:
        await pilot.pause()
        yield Desk(app, pilot)


async def test_enter_sends_and_empties_the_box() -> None:
    async with at_desk() as desk:
        await desk.type("2025年春节是哪一天")
        await desk.press("enter")
        assert desk.app.sent == ["2025年春节是哪一天"]
        assert desk.prompt.text == ""


async def test_enter_on_blanks_sends_nothing() -> None:
    async with at_desk() as desk:
        await desk.type("  ")
        await desk.press("enter")
        assert desk.app.sent == []
        assert desk.prompt.text == "  "


@pytest.mark.parametrize("key", ["ctrl+j", "alt+enter", "shift+enter", "ctrl+enter"])
async def test_other_enters_make_a_new_line(key: str) -> None:
    async with at_desk() as desk:
        await desk.type("a")
        await desk.press(key)
        await desk.type("b")
        assert desk.prompt.text == "a\nb"
        assert desk.prompt.size.height == 2
        await desk.press("enter")
        assert desk.app.sent == ["a\nb"]


async def test_swapped_ctrl_j_sends_and_enter_makes_a_new_line() -> None:
    async with at_desk(send_key="ctrl+j") as desk:
        assert "Ctrl+J to send, Enter for a new line" in desk.prompt.placeholder_text(80)
        await desk.type("a")
        await desk.press("enter")
        await desk.type("b")
        await desk.press("shift+enter")
        await desk.press("ctrl+j")
        assert desk.app.sent == ["a\nb\n"]
        desk.prompt.send_key = "enter"
        await desk.type("c")
        await desk.press("enter")
        assert desk.app.sent == ["a\nb\n", "c"]


async def test_keys_of_the_person_hold() -> None:
    async with at_desk() as desk:
        desk.app.set_keymap({"prompt.send": "ctrl+s", "prompt.new_line": "enter"})
        await desk.type("a")
        await desk.press("enter")
        await desk.type("b")
        await desk.press("ctrl+s")
        assert desk.app.sent == ["a\nb"]


async def test_backslash_then_enter_makes_a_new_line() -> None:
    async with at_desk() as desk:
        await desk.type("a\\")
        await desk.press("enter")
        assert desk.prompt.text == "a\n"
        assert desk.app.sent == []


async def test_enter_within_other_input_never_sends() -> None:
    guard = EnterGuard(window=1e9)
    async with at_desk(guard=guard) as desk:
        guard.note("rm -rf\rls\r", 0.0)  # a paste without brackets
        await desk.type("rm -rf")
        await desk.press("enter")
        assert desk.app.sent == []
        assert desk.prompt.text == "rm -rf\n"


async def test_one_line_that_came_in_one_go_is_sent_when_nothing_follows() -> None:
    guard = EnterGuard(window=1e9)
    async with at_desk(guard=guard) as desk:
        guard.note("ask me\r", 0.0)  # as `tmux send-keys` types
        await desk.type("ask me")
        await desk.press("enter")
        async with asyncio.timeout(20):
            while not desk.app.sent:
                await desk.pilot.pause(0.01)
        assert desk.app.sent == ["ask me"]
        assert desk.prompt.text == ""


async def test_box_grows_to_ten_rows_and_shrinks() -> None:
    async with at_desk() as desk:
        for rows in range(2, 14):
            await desk.press("ctrl+j")
            assert desk.prompt.size.height == min(10, rows)
        desk.prompt.clear_message()
        await desk.pilot.pause()
        assert desk.prompt.size.height == 1


async def test_long_line_wraps_and_grows() -> None:
    async with at_desk(size=(40, 20)) as desk:
        await desk.type("春" * 40)
        assert desk.prompt.size.height == 3


async def test_unprintable_text_characters_are_taken() -> None:
    async with at_desk() as desk:
        await desk.type(f"中\u3000文{FAMILY}\u00a0é")
        assert desk.prompt.text == f"中\u3000文{FAMILY}\u00a0é"
        await desk.type("\u202e\x9b\u2066")
        assert desk.prompt.text == f"中\u3000文{FAMILY}\u00a0é"


async def test_cursor_and_backspace_take_an_emoji_as_one() -> None:
    async with at_desk() as desk:
        await desk.type(f"a{FAMILY}b")
        await desk.press("left", "left")
        assert desk.prompt.cursor_location == (0, 1)
        await desk.press("right")
        assert desk.prompt.cursor_location == (0, 6)
        await desk.press("backspace")
        assert desk.prompt.text == "ab"


async def test_cleared_text_comes_back_by_undo() -> None:
    async with at_desk() as desk:
        await desk.type("typed")
        assert desk.prompt.clear_message()
        assert desk.prompt.text == ""
        assert not desk.prompt.clear_message()
        await desk.press("ctrl+underscore")
        assert desk.prompt.text == "typed"


async def test_keys_of_the_screen_pass_the_prompt() -> None:
    keys = [
        "pageup",
        "pagedown",
        "shift+up",
        "shift+down",
        "ctrl+home",
        "ctrl+end",
        "ctrl+c",
        "escape",
        "ctrl+z",
    ]
    async with at_desk() as desk:
        await desk.type("x")
        desk.app.bubbled.clear()
        await desk.press(*keys)
        assert desk.app.bubbled == keys
        assert desk.prompt.text == "x"


async def test_ctrl_d_deletes_but_passes_an_empty_box() -> None:
    async with at_desk() as desk:
        await desk.type("xy")
        await desk.press("home", "ctrl+d")
        assert desk.prompt.text == "y"


# --- earlier prompts ---


async def test_arrows_walk_earlier_prompts_and_keep_the_draft() -> None:
    async with at_desk() as desk:
        desk.prompt.set_earlier(["newest", "older"])
        await desk.type("draft")
        await desk.press("up")
        assert desk.prompt.text == "newest"
        await desk.press("up", "up")
        assert desk.prompt.text == "older"
        await desk.press("down", "down")
        assert desk.prompt.text == "draft"


async def test_arrows_move_inside_several_rows_first() -> None:
    async with at_desk() as desk:
        desk.prompt.set_earlier(["earlier"])
        desk.prompt.set_message("one\ntwo")
        await desk.press("up")
        assert desk.prompt.cursor_location[0] == 0
        await desk.press("up")
        assert desk.prompt.text == "earlier"


async def test_what_was_sent_is_the_next_earlier_prompt() -> None:
    async with at_desk() as desk:
        await desk.type("question")
        await desk.press("enter", "up")
        assert desk.prompt.text == "question"


async def test_what_was_sent_before_the_history_was_read_comes_first() -> None:
    async with at_desk() as desk:
        await desk.type("question")
        await desk.press("enter")
        desk.prompt.set_earlier(["newest", "older"])
        await desk.press("up")
        assert desk.prompt.text == "question"
        await desk.press("up")
        assert desk.prompt.text == "newest"


async def test_up_in_an_empty_box_takes_the_queue_back_first() -> None:
    async with at_desk() as desk:
        desk.prompt.set_earlier(["earlier"])
        desk.prompt.has_queue = True
        await desk.press("up")
        assert any(isinstance(message, Prompt.QueueTakeAsked) for message in desk.app.told)
        assert desk.prompt.text == ""
        await desk.type("x")
        await desk.press("up")
        assert desk.prompt.text == "earlier"


async def test_search_finds_an_earlier_prompt_and_takes_it_without_sending() -> None:
    async with at_desk() as desk:
        desk.prompt.set_earlier(["1 + 1", "2025年春节是哪一天", "write a page about 春节"])
        await desk.type("draft")
        await desk.press("ctrl+r")
        assert desk.prompt.mark() == "/"
        assert desk.prompt.message == "draft"
        await desk.type("春节")
        assert [one.text for one in desk.list.candidates] == ["2025年春节是哪一天", "write a page about 春节"]
        await desk.press("down", "enter")
        assert desk.prompt.text == "write a page about 春节"
        assert desk.prompt.mark() == "›"
        assert desk.app.sent == []


async def test_leaving_the_search_brings_the_draft_back() -> None:
    async with at_desk() as desk:
        await desk.type("draft")
        await desk.press("ctrl+r")
        await desk.type("nothing like it")
        await desk.press("escape")
        assert desk.prompt.text == "draft"
        assert not desk.list.is_open
        assert "escape" not in desk.app.bubbled


# --- completion ---


async def test_slash_opens_the_commands_and_enter_runs_one() -> None:
    async with at_desk() as desk:
        await desk.type("/")
        assert [one.text for one in desk.list.candidates] == ["/new", "/bot", "/quit"]
        await desk.type("q")
        await desk.press("enter")
        assert desk.app.sent == ["/quit"]
        assert not desk.list.is_open


async def test_tab_completes_without_sending() -> None:
    async with at_desk() as desk:
        await desk.type("/n")
        await desk.press("tab")
        assert desk.prompt.text == "/new "
        assert desk.app.sent == []
        assert desk.prompt.has_focus


async def test_enter_waits_for_what_a_command_needs() -> None:
    async with at_desk() as desk:
        await desk.type("/b")
        await desk.press("enter")
        assert desk.prompt.text == "/bot "
        assert desk.app.sent == []


async def test_escape_closes_the_list_and_keeps_the_text() -> None:
    async with at_desk() as desk:
        await desk.type("/")
        await desk.press("escape")
        assert not desk.list.is_open
        assert desk.prompt.text == "/"
        assert "escape" not in desk.app.bubbled


async def test_a_click_takes_a_command() -> None:
    async with at_desk() as desk:
        await desk.type("/")
        assert desk.list.region.bottom == desk.prompt.region.y
        await desk.pilot.click(CompletionList, offset=(5, 2))
        await desk.pilot.pause()
        assert desk.prompt.text == "/quit "


async def test_open_list_moves_nothing() -> None:
    async with at_desk() as desk:
        before = desk.prompt.region
        await desk.type("/")
        assert desk.list.display
        assert desk.prompt.region == before


async def test_at_sign_completes_paths_to_an_attachment(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "部署 log.txt").write_text("x" * 1200)
    (tmp_path / ".hidden").write_text("")
    async with at_desk() as desk:
        await desk.type(f"see @{tmp_path}/f")
        await desk.until(lambda: desk.list.is_open)
        assert [one.shown for one in desk.list.candidates] == ["folder/"]
        await desk.press("tab")
        assert desk.prompt.text == f"see @{tmp_path}/folder/"
        await desk.until(lambda: desk.list.is_open and desk.list.candidates[0].shown != "folder/")
        await desk.press("enter")
        assert desk.prompt.text == "see "
        chosen = [one.path for one in desk.app.told if isinstance(one, Prompt.AttachmentChosen)]
        assert chosen == [f"{tmp_path}/folder/部署 log.txt"]
        assert desk.app.sent == []


async def test_at_sign_completes_paths_with_spaces_and_lets_go_of_words(tmp_path: Path) -> None:
    (tmp_path / "d d").mkdir()
    (tmp_path / "d d" / "my pic.txt").write_text("x")
    async with at_desk() as desk:
        await desk.type(f"see @{tmp_path}/d")
        await desk.until(lambda: desk.list.is_open)
        await desk.press("tab")
        assert desk.prompt.text == f"see @{tmp_path}/d d/"
        await desk.type("my p")
        await desk.until(lambda: [one.shown for one in desk.list.candidates] == ["my pic.txt"])
        await desk.type("lease look")
        await desk.until(lambda: not desk.list.is_open)
        await desk.press("enter")
        assert desk.app.sent == [f"see @{tmp_path}/d d/my please look"]


async def test_a_dropped_path_alone_in_the_box_is_offered_as_an_attachment(tmp_path: Path) -> None:
    (tmp_path / "my pic.png").write_text("x" * 1200)
    async with at_desk() as desk:
        await desk.paste(f"'{tmp_path}/my pic.png' ")
        await desk.until(lambda: desk.list.is_open)
        assert [one.shown for one in desk.list.candidates] == ["attach my pic.png"]
        await desk.press("enter")
        assert (desk.prompt.text, desk.app.sent) == ("", [])
        chosen = [one.path for one in desk.app.told if isinstance(one, Prompt.AttachmentChosen)]
        assert chosen == [f"{tmp_path}/my pic.png"]


async def test_a_url_after_an_at_sign_is_offered_as_an_attachment() -> None:
    async with at_desk() as desk:
        await desk.type("see @https://example.invalid/a.png")
        await desk.until(lambda: desk.list.is_open)
        assert [one.shown for one in desk.list.candidates] == ["attach https://example.invalid/a.png"]
        await desk.press("enter")
        assert (desk.prompt.text, desk.app.sent) == ("see ", [])
        chosen = [one.path for one in desk.app.told if isinstance(one, Prompt.AttachmentChosen)]
        assert chosen == ["https://example.invalid/a.png"]


@pytest.mark.parametrize("between", [" ", "\n"])
async def test_files_dropped_together_are_offered_together(tmp_path: Path, between: str) -> None:
    for name in ("a b.png", "c.txt"):
        (tmp_path / name).write_text("x")
    async with at_desk() as desk:
        await desk.paste(between.join([f"'{tmp_path}/a b.png'", f"{tmp_path}/c.txt"]))
        await desk.until(lambda: desk.list.is_open)
        assert [one.shown for one in desk.list.candidates] == ["attach a b.png, c.txt"]
        await desk.press("enter")
        chosen = [one.path for one in desk.app.told if isinstance(one, Prompt.AttachmentChosen)]
        assert chosen == [f"{tmp_path}/a b.png\n{tmp_path}/c.txt"]


async def test_a_dropped_path_stays_text_if_the_offer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("x")
    async with at_desk() as desk:
        await desk.paste(f"'{tmp_path}/a.png'")
        await desk.until(lambda: desk.list.is_open)
        await desk.press("escape", "enter")
        assert desk.app.sent == [f"'{tmp_path}/a.png'"]


async def test_a_pasted_path_of_no_file_is_only_text(tmp_path: Path) -> None:
    async with at_desk() as desk:
        await desk.paste(f"'{tmp_path}/nowhere'")
        await desk.press("enter")
        assert desk.app.sent == [f"'{tmp_path}/nowhere'"]


async def test_digit_chooses_a_follow_up_only_while_there_are_some() -> None:
    async with at_desk() as desk:
        desk.prompt.offer(("one", "two", "three"))
        await desk.type("3")
        await desk.press("enter")
        assert [one.question for one in desk.app.told if isinstance(one, Prompt.FollowUpChosen)] == ["three"]
        assert desk.prompt.text == ""
        await desk.type("4")
        await desk.press("enter")
        assert desk.app.sent == ["4"]


async def test_a_typed_digit_shows_what_would_be_sent_unless_a_space_follows() -> None:
    def row() -> str:
        return desk.prompt.render_line(0).text

    async with at_desk() as desk:
        await desk.type("2")
        assert "→" not in row()
        desk.prompt.offer(("one", "Why is the Dead Sea saltier?"))
        assert "› 2   → Why is the Dead Sea saltier?" in row()
        assert 'Enter sends · Space types "2"' in row()
        await desk.press("space")
        assert "→" not in row()
        await desk.press("enter")
        assert desk.app.sent == ["2"]
        await desk.type("23")
        assert "→" not in row()
        await desk.press("backspace")
        assert "→" in row()
        desk.prompt.offer(())
        assert "→" not in row()
        await desk.pilot.pause()
        numbers = [one.number for one in desk.app.told if isinstance(one, Prompt.NumberTyped)]
        assert numbers[:2] == [2, 0]
        assert numbers[-2:] == [2, 0]


# --- pastes ---


async def test_paste_is_cleaned_and_never_sends() -> None:
    async with at_desk() as desk:
        await desk.paste("a\x1b[31mb\r\n\u202ec\x00\u2028d")
        assert desk.prompt.text == "a[31mb\nc\nd"
        assert desk.app.sent == []


async def test_long_paste_becomes_a_token_that_is_sent_whole() -> None:
    text = "line of it\n" * 100_000
    async with at_desk() as desk:
        await desk.type("see ")
        await desk.paste(text)
        assert desk.prompt.text == "see [100,000 lines pasted, 1,100,000 characters]"
        assert desk.prompt.message == f"see {text}"
        await desk.paste(text)
        assert desk.prompt.text.endswith("characters #2]")
        await desk.press("enter")
        assert desk.app.sent == [f"see {text}{text}"]


async def test_token_is_stepped_over_and_deleted_as_one_and_undone() -> None:
    async with at_desk() as desk:
        await desk.type("a")
        await desk.paste("x" * 40_000)
        chip = desk.prompt.text[1:]
        await desk.type("b")
        await desk.press("left", "left")
        assert desk.prompt.cursor_location == (0, 1)
        await desk.press("right")
        assert desk.prompt.cursor_location == (0, 1 + len(chip))
        await desk.press("backspace")
        assert desk.prompt.text == "ab"
        await desk.press("ctrl+underscore")
        assert desk.prompt.message == f"a{'x' * 40_000}b"


async def test_word_deletion_takes_the_whole_token() -> None:
    async with at_desk() as desk:
        await desk.paste("x" * 40_000)
        await desk.press("ctrl+w")
        assert desk.prompt.text == ""


async def test_a_large_paste_is_a_token_that_a_key_opens_and_undo_closes() -> None:
    text = "\n".join(f"line {number}" for number in range(60))
    async with at_desk() as desk:
        await desk.type("see ")
        await desk.paste(text)
        token = desk.prompt.text[4:]
        assert token == "[60 lines pasted, 469 characters]"
        await desk.press("f6")
        assert desk.prompt.text == desk.prompt.message == f"see {text}"
        assert desk.prompt.cursor_location == (0, 4)
        await desk.press("f6")  # nothing is left to open
        await desk.press("ctrl+underscore")
        assert (desk.prompt.text, desk.prompt.message) == (f"see {token}", f"see {text}")


async def test_the_text_of_a_token_is_copied_and_cut_and_pasted_again() -> None:
    text = "line\n" * 20
    async with at_desk() as desk:
        await desk.paste(text)
        await desk.press("f7")
        assert desk.prompt.selected_text == text
        await desk.press("ctrl+x")
        assert (desk.prompt.text, desk.app.clipboard) == ("", text)
        await desk.press("ctrl+v")
        assert desk.prompt.message == text
        assert desk.prompt.text.startswith("[20 lines")


async def test_a_message_that_comes_back_has_its_token_again() -> None:
    text = "line\n" * 20
    async with at_desk() as desk:
        await desk.paste(text)
        await desk.press("enter", "up")
        assert desk.app.sent == [text]
        assert (desk.prompt.message, desk.prompt.text) == (text, "[20 lines pasted, 100 characters]")
        desk.prompt.set_message("typed\n" * 20)  # never a token: a hand has written it
        assert desk.prompt.text == "typed\n" * 20


async def test_the_paste_at_the_cursor_or_before_it_opens_and_a_vast_one_says_that_it_does_not() -> None:
    pasted = ["a\n" * 11, "b\n" * 12, "c\n" * 2_000]
    async with at_desk() as desk:
        for text in pasted:
            await desk.paste(text)
        await desk.press("f6")
        assert [one.characters for one in desk.app.told if isinstance(one, TextBox.PasteNotShown)] == [4_000]
        await desk.press("left", "left", "f6")
        assert desk.prompt.text.count("b\n") == 12
        assert desk.prompt.text.startswith("[11 lines")
        assert desk.prompt.message == "".join(pasted)


async def test_paste_beyond_all_measure_is_refused() -> None:
    async with at_desk() as desk:
        await desk.type("kept")
        await desk.paste("x" * 8_000_001)
        assert [one.characters for one in desk.app.told if isinstance(one, TextBox.PasteRefused)] == [
            8_000_001
        ]
        assert desk.prompt.text == "kept"


async def test_long_message_set_by_the_screen_becomes_a_token() -> None:
    async with at_desk() as desk:
        desk.prompt.set_message("y" * 50_000)
        assert desk.prompt.text.startswith("[1 line pasted, 50,000 characters]")
        assert desk.prompt.message == "y" * 50_000


# --- drafts and the rest ---


async def test_a_draft_is_posted_soon_after_typing() -> None:
    async with at_desk() as desk:
        await desk.type("hello")
        await desk.until(lambda: any(isinstance(one, Prompt.DraftChanged) for one in desk.app.told))
        drafts = [one.text for one in desk.app.told if isinstance(one, Prompt.DraftChanged)]
        assert drafts == ["hello"]


async def test_a_draft_is_posted_while_typing_never_pauses() -> None:
    async with at_desk() as desk:
        end = time.monotonic() + 20
        while not desk.app.told and time.monotonic() < end:
            await desk.type("x")
        assert [type(one) for one in desk.app.told] == [Prompt.DraftChanged]


async def test_words_of_a_search_are_no_draft() -> None:
    async with at_desk() as desk:
        await desk.type("hello")
        await desk.press("ctrl+r")
        await desk.type("sought")
        over = asyncio.Event()
        desk.prompt.set_timer(DRAFT_SECONDS, over.set)  # due just after the one of the draft
        await desk.until(over.is_set)
        await desk.press("escape")
        await desk.until(lambda: bool(desk.app.told))
        assert [one.text for one in desk.app.told if isinstance(one, Prompt.DraftChanged)] == ["hello"]


async def test_failed_message_comes_back_before_what_was_typed_since() -> None:
    async with at_desk() as desk:
        await desk.type("next")
        desk.prompt.restore("failed")
        assert desk.prompt.text == "failed\nnext"


async def test_editor_gets_the_whole_message() -> None:
    async with at_desk() as desk:
        await desk.paste("z" * 40_000)
        await desk.press("ctrl+o")
        asked = [one.text for one in desk.app.told if isinstance(one, Prompt.EditorAsked)]
        assert asked == ["z" * 40_000]


async def test_cursor_on_screen_is_where_the_text_is() -> None:
    async with at_desk() as desk:
        await desk.type(f"中文{FAMILY}")
        # padding 1, mark 2, then 2 + 2 + 2 cells
        assert desk.app.cursor_position.x == 1 + 2 + 6


async def test_nothing_is_painted_while_idle() -> None:
    async with at_desk() as desk:
        await desk.type("x")
        await desk.pilot.pause(0.1)
        before = desk.app.painted
        assert before
        await desk.pilot.pause(1.2)  # longer than a blink of Textual's cursor, and than the draft waits
        assert desk.app.painted == before


# --- characters that arrive at once, without brackets ---


def read(desk: Desk, keyboard: Keyboard, piece: str, after: float = 0.01) -> None:
    """Give the prompt a piece of input as `KeyOrder` does."""
    for message in keyboard.read(piece, after):
        if isinstance(message, KeyRun) and len(message.text) == 1:
            for key in message.each_key():
                desk.app.post_message(key)
        else:
            (desk.prompt if isinstance(message, KeyRun) else desk.app).post_message(message)


async def test_lines_that_arrive_at_once_are_text_and_send_nothing() -> None:
    keyboard = Keyboard()
    async with at_desk(guard=keyboard.guard) as desk:
        text = "".join(f"line {number} 中文\r" for number in range(300))
        for start in range(0, len(text), 1000):
            read(desk, keyboard, text[start : start + 1000])
        await desk.until(lambda: desk.prompt.message == text.replace("\r", "\n"))
        assert not desk.app.sent
        assert desk.prompt.text.startswith("[300 lines pasted")
        assert desk.prompt.text.endswith("characters]")


@pytest.mark.parametrize(
    "text", ["e\u0301a\u200db 👨\u200d👩\u200d👧 中文", "caf\ufffd\ufffd", "\u3000\xa0x", "a\u202eb\x9bc"]
)
async def test_a_run_becomes_the_text_that_its_keys_make(text: str) -> None:
    texts = []
    for pieces in ([text], list(text)):
        keyboard = Keyboard()
        async with at_desk(guard=keyboard.guard) as desk:
            for piece in pieces:
                read(desk, keyboard, piece)
            await desk.until(lambda desk=desk: desk.prompt.text)  # type: ignore[misc]
            for character in "END":
                read(desk, keyboard, character)
            await desk.until(lambda desk=desk: desk.prompt.text.endswith("END"))  # type: ignore[misc]
            texts.append(desk.prompt.text)
    assert texts[0] == texts[1]


async def test_what_the_box_cannot_hold_becomes_one_token_and_is_sent_whole() -> None:
    keyboard = Keyboard()
    text = "0123456789" * 9_000
    async with at_desk(guard=keyboard.guard) as desk:
        desk.prompt.insert_typed("before ")
        for start in range(0, len(text), 4_000):
            read(desk, keyboard, text[start : start + 4_000])
        await desk.until(lambda: desk.prompt.message == f"before {text}")
        assert desk.prompt.text.count("[") == 1
        read(desk, keyboard, "after", after=5.0)
        await desk.until(lambda: desk.prompt.message == f"before {text}after")
        assert desk.prompt.text.endswith("]after")


async def test_a_run_replaces_what_is_selected_and_one_undo_brings_it_back() -> None:
    keyboard = Keyboard()
    async with at_desk(guard=keyboard.guard) as desk:
        desk.prompt.insert_typed("old words")
        desk.prompt.select_all()
        read(desk, keyboard, "new ")
        read(desk, keyboard, "words, more")
        await desk.until(lambda: desk.prompt.text == "new words, more")


async def test_runs_after_another_text_was_put_in_place_of_theirs_change_nothing_of_it() -> None:
    keyboard = Keyboard()
    async with at_desk(guard=keyboard.guard) as desk:
        read(desk, keyboard, "x" * 23_999)
        await desk.until(lambda: len(desk.prompt.text) == 23_999)
        desk.prompt.set_message("y" * 4_999)
        read(desk, keyboard, "z" * 100)
        await desk.until(lambda: desk.prompt.text == "y" * 4_999 + "z" * 100)


async def test_a_doubtful_message_is_sent_the_second_time_only() -> None:
    async with at_desk() as desk:
        note = desk.app.query_one(NoteLine)
        await desk.type("/foo")
        await desk.press("enter")
        assert desk.app.sent == []
        assert desk.prompt.message == "/foo"
        assert note.text == "There is no /foo. · Enter again sends it as text"
        await desk.type("x")
        assert not note.display
        await desk.press("backspace", "enter")  # it is another message again
        assert desk.app.sent == []
        await desk.press("enter")
        assert desk.app.sent == ["/foo"]
        assert not note.display


async def test_a_message_of_which_there_was_a_doubt_is_no_earlier_prompt_yet() -> None:
    async with at_desk() as desk:
        await desk.type("/foo")
        await desk.press("enter")
        desk.prompt.clear_message()
        await desk.press("up")
        assert desk.prompt.message == ""


# --- vi ---


def mode_of(desk: Desk) -> str:
    """The mode as the rule over the prompt shows it."""
    return str(desk.app.query_one(PromptArea).border_title or "").strip()


async def test_vi_has_modes_that_are_shown_and_sends_in_both() -> None:
    async with at_desk(edit_mode="vi") as desk:
        assert mode_of(desk) == "insert"
        await desk.type("hello 海水")
        await desk.press("escape")
        assert mode_of(desk) == "normal"
        assert not desk.app.bubbled
        await desk.type("d")
        assert mode_of(desk) == "normal d"
        await desk.type("b")
        assert desk.prompt.text == "hello 水"
        await desk.press("v", "h")
        assert mode_of(desk) == "visual"
        assert desk.prompt.selected_text == " 水"
        await desk.press("escape", "escape")  # the second one is the screen's
        assert desk.app.bubbled == ["escape"]
        await desk.press("enter")
        assert (desk.app.sent, mode_of(desk)) == (["hello 水"], "insert")
        await desk.type("second")
        await desk.press("enter", "escape", "k", "k")
        assert desk.prompt.text == "hello 水"
        await desk.press("j")
        assert desk.prompt.text == "second"
        await desk.press("f1", "ctrl+n")  # keys of the screen remain
        assert desk.app.bubbled[-2:] == ["f1", "ctrl+n"]


async def test_vi_takes_a_token_as_one_character_and_undoes_its_deletion() -> None:
    async with at_desk(edit_mode="vi") as desk:
        text = "line\n" * 20
        await desk.type("see ")
        await desk.paste(text)
        await desk.press("escape", "x")
        assert desk.prompt.message == "see "
        await desk.press("u")
        assert desk.prompt.message == f"see {text}"
        await desk.press("0", "w", "w")
        assert desk.prompt.cursor_location == (0, 4)


async def test_vi_with_the_list_of_commands_and_the_search_over_the_prompt() -> None:
    async with at_desk(edit_mode="vi") as desk:
        await desk.type("/ne")
        assert desk.list.is_open
        await desk.press("escape")  # closes the list, too
        assert (desk.list.is_open, mode_of(desk)) == (False, "normal")
        await desk.press("A", "ctrl+r")
        assert desk.prompt.mark() == "/"
        await desk.press("escape")
        assert (desk.prompt.text, mode_of(desk)) == ("/ne", "insert")
        await desk.press("escape", "x", "u", "ctrl+r")  # in normal mode it is redo
        assert (desk.prompt.text, desk.prompt.mark()) == ("/n", "›")


async def test_vi_reads_commands_and_text_that_arrive_at_once_and_of_an_input_method() -> None:
    keyboard = Keyboard()
    async with at_desk(guard=keyboard.guard, edit_mode="vi") as desk:
        read(desk, keyboard, "海水 is salty")
        await desk.until(lambda: desk.prompt.text == "海水 is salty")
        await desk.press("escape")
        read(desk, keyboard, "0cw春眠")
        await desk.until(lambda: desk.prompt.text == "春眠 is salty")
        await desk.press("escape")
        read(desk, keyboard, "不觉")  # an input method commits a word in normal mode
        await desk.until(lambda: "不觉" in desk.prompt.text)
        assert mode_of(desk) == "insert"
        await desk.press("escape", "u")
        assert desk.prompt.text == "春眠 is salty"


async def test_undo_of_an_insertion_is_one_step_however_it_was_typed() -> None:
    async with at_desk(edit_mode="vi") as desk:
        await desk.type("one")
        await desk.press("escape", "a")
        await desk.type(" two")
        await desk.paste(" three")
        await desk.press("backspace", "escape", "u")
        assert desk.prompt.text == "one"
        await desk.press("ctrl+r")
        assert desk.prompt.text == "one two thre"


async def test_an_argument_that_is_found_later_is_shown_if_it_is_still_wanted() -> None:
    LATER.clear()
    async with at_desk() as desk:
        await desk.type("/go ")
        early = LATER[-1]
        await desk.type("a")
        early()
        await desk.pilot.pause()
        assert not desk.list.is_open
        LATER[-1]()
        await desk.pilot.pause()
        assert [each.shown for each in desk.list.candidates] == ["alps/", "andes/"]
        await desk.press("down", "tab")  # a folder is completed further: no space, nothing is sent
        assert desk.prompt.text == "/go andes/"
        assert desk.app.sent == []


async def test_enter_takes_no_argument_of_which_nothing_is_typed() -> None:
    LATER.clear()
    async with at_desk() as desk:
        await desk.type("/go ")
        LATER[-1]()
        await desk.pilot.pause()
        assert desk.list.is_open
        assert desk.list.current is None
        await desk.press("enter")
        assert desk.app.sent == ["/go "]
        await desk.type("/go ")
        LATER[-1]()
        await desk.pilot.pause()
        await desk.press("tab")
        assert desk.prompt.text == "/go alps/"

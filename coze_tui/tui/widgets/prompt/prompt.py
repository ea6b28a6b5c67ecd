"""The input box of a chat: sends, completes and recalls messages, and posts the user's requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from rich.segment import Segment
from textual import events, on
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip
from textual.timer import Timer
from textual.widgets import TextArea

from coze_tui.render.cells import cell_len, shorten
from coze_tui.terminal.keys import NEW_LINE, PASTE_WINDOW, SEND, EnterGuard, KeyRun
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _
from coze_tui.tui.key_names import long_key
from coze_tui.tui.widgets.note_line import NoteLine
from coze_tui.tui.widgets.prompt.completer import Commands, Completer
from coze_tui.tui.widgets.prompt.completion import CompletionList
from coze_tui.tui.widgets.prompt.earlier_prompts import EarlierPrompts
from coze_tui.tui.widgets.prompt.text_box import TextBox, is_text

if TYPE_CHECKING:
    from coze_tui.tui.widgets.prompt.vi.engine import Vi

SendKey = Literal["enter", "ctrl+j"]
EditMode = Literal["emacs", "vi"]
NEW_LINE_KEYS = "ctrl+j,alt+enter,shift+enter,ctrl+enter"
_NUMBER = re.compile(r"\s*\d{1,3}\s*", re.ASCII)
_LEAST_PREVIEW = 20
"""The least cells of a follow-up beside the hint."""
DRAFT_SECONDS = 0.2
"""Seconds after the first change until the draft is saved, also while the user types."""


def send_keymap(send_key: SendKey) -> dict[str, str]:
    """Return the keymap under which `send_key` sends; the other key and Shift+Enter make a new line."""
    send, new_line = "enter", NEW_LINE_KEYS
    if send_key == "ctrl+j":
        send, new_line = "ctrl+j,ctrl+enter,alt+enter", "enter,shift+enter"
    return {
        "prompt.send": send,
        "prompt.new_line": new_line,
        "output.done": send,
        "output.next": send,
        "output.new_line": new_line,
    }


class Prompt(TextBox):
    """The input box of a chat. It completes words, has the sent messages, and posts the user's requests.

    The screen handles keys that it does not bind (PgUp, Shift+↑, Ctrl+Home, Ctrl+C…).

    Args:
        note: The line that shows why a message is not sent at once.
        commands: Returns what a text that begins with a slash may become.
        doubt_about: Returns why a text may not be meant as a message; it is sent the second time.
    """

    PART = N_("Prompt")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", N_("send"), id="prompt.send", show=False),
        Binding(NEW_LINE_KEYS, "new_line", N_("new line"), id="prompt.new_line", show=False),
        Binding("ctrl+r", "search", N_("search earlier messages"), id="prompt.search", show=False),
        Binding("ctrl+o", "edit_outside", N_("external editor"), id="prompt.editor", show=False),
        Binding(
            "f6",
            "open_paste",
            N_("open the paste"),
            id="prompt.open_paste",
            tooltip=N_("show what was pasted"),
        ),
    ]

    folds_pastes: ClassVar[bool] = True

    class Submitted(Message):
        """A request to send a message. The box is empty already; `restore` restores the text."""

        def __init__(self, prompt: Prompt, text: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.text = text

    class FollowUpChosen(Message):
        """A number was sent from an otherwise empty box while follow-ups are offered."""

        def __init__(self, question: str) -> None:
            super().__init__()
            self.question = question

    class NumberTyped(Message):
        """Enter would now send another follow-up, or none (0)."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number
            """From 1; 0 for none."""

    class EditorAsked(Message):
        """A request to edit the message in an external editor, and to pass the result to `set_message`."""

        def __init__(self, prompt: Prompt, text: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.text = text

    class QueueTakeAsked(Message):
        """A request to move the last queued message back into the box by `set_message`."""

    class QueueSendAsked(Message):
        """A request to send the next queued message, by Enter in an empty box."""

    class NothingSent(Message):
        """Enter was pressed in an empty box while nothing is queued; the screen decides what it means."""

    class AttachmentChosen(Message):
        """A file was chosen after `@`."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path
            """As typed: perhaps relative, perhaps with `~`."""

    class DraftChanged(Message):
        """The message differs from before; posted `DRAFT_SECONDS` after the first change."""

        def __init__(self, prompt: Prompt, text: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.text = text

    send_key: var[SendKey] = var("enter", init=False)
    """The key that sends; the other one inserts a new line."""

    mode: var[str] = var("", init=False)
    """The mode of vi, translated, and the keys of an incomplete command; empty without vi."""

    def __init__(
        self,
        completion: CompletionList,
        *,
        note: NoteLine,
        commands: Commands | None,
        doubt_about: Callable[[str], str],
        enter_guard: EnterGuard,
        send_key: SendKey,
        edit_mode: EditMode,
        id: str | None = None,
    ) -> None:
        self._vi: Vi | None = None
        self._earlier = EarlierPrompts()
        self._completer = Completer(
            self,
            completion,
            commands,
            self._earlier,
            send=self.send,
            attach=lambda path: self.post_message(self.AttachmentChosen(path)),
        )
        super().__init__(id=id)
        self._follow_ups: Sequence[str] = ()
        self._posted_number = 0
        if edit_mode == "vi":
            from coze_tui.tui.widgets.prompt.vi_box import vi_for

            self._vi = vi_for(self, self._walk_by)
            self.set_reactive(Prompt.mode, _(self._vi.mode.value))
        self.has_queue = False
        """Messages wait: in an empty box Enter sends the next, ↑ takes the last one back."""
        self.is_editing = False
        """The box holds an earlier question: a number is its text, and an empty box means nothing."""
        self.set_reactive(Prompt.send_key, send_key)
        self._note = note
        self._doubt_about = doubt_about
        self._doubted = ""
        """The message that the next Enter sends although there was a doubt about it."""
        self._guard = enter_guard
        self._enter_is_typed = True
        self._line_end: events.Key | None = None
        """An Enter of which the next moment will tell whether it was typed."""
        self._draft_timer: Timer | None = None
        self._posted_draft = ""
        self._had_tokens = False

    # --- what the screen does with it ---

    @property
    def message(self) -> str:
        """Return the text with pastes in place of their tokens; during a search, the text before it."""
        sought_from = self._completer.sought_from
        return super().message if sought_from is None else self._pastes.whole(sought_from)

    @property
    def is_searching(self) -> bool:
        """Return whether the box contains the words of a search for an earlier prompt."""
        return self._completer.sought_from is not None

    def set_message(self, text: str) -> None:
        """Replace the whole text as one step of undo; the cursor is at its end, large pastes are tokens."""
        self._completer.stop_search(restore=False)
        super().set_message(text)
        if self._vi is not None:
            self._vi.text_replaced()
            self._show_mode()

    def restore(self, text: str) -> None:
        """Restore a message that could not be sent, before the text typed since."""
        present = self.message
        self.set_message(f"{text}\n{present}" if present.strip() else text)

    def clear_message(self) -> bool:
        """Clear the box, which undo restores; ends a search first. Return whether there was a text."""
        self._completer.stop_search(restore=True)
        return super().clear_message()

    def post_draft(self) -> None:
        """Post the draft at once if it has changed."""
        if self._draft_timer is not None:
            self._draft_timer.stop()
        self._post_draft()

    def offer(self, questions: Sequence[str]) -> None:
        """Let a number choose one of these questions if it is the only text in the box."""
        self._follow_ups = tuple(questions)
        self._post_number()

    @property
    def chosen_number(self) -> int:
        """Return the number, from 1, of the follow-up that Enter would send now; 0 for none."""
        text = self.text
        if not text or len(text) > 3 or self.is_searching or self.is_editing:
            return 0
        number = int(text) if text.isascii() and text.isdecimal() else 0
        return number if text == str(number) and number <= len(self._follow_ups) else 0

    def _post_number(self) -> None:
        if (number := self.chosen_number) != self._posted_number:
            self._posted_number = number
            self.refresh()
            self.post_message(self.NumberTyped(number))

    def set_earlier(self, prompts: Iterable[str]) -> None:
        """Add the prompts of the history, newest first, after those that were sent while they were read."""
        self._earlier.add_stored(prompts)

    def note_sent(self, message: str) -> None:
        """Add a message that was sent to the earlier prompts."""
        self._earlier.sent(message)

    # --- keys ---

    def on_mount(self) -> None:
        """Apply the setting of the send key; the default does not change the user's keymap."""
        if self.send_key != "enter":
            self.watch_send_key(self.send_key)

    def watch_send_key(self, send_key: SendKey) -> None:
        """Swap the keys that send and insert a new line."""
        self.app.update_keymap(send_keymap(send_key))
        self.refresh()

    def on_key(self, key: events.Key) -> None:
        """Handle keys of the open list, and Enter and its variants."""
        if key.key in SEND or key.key in NEW_LINE:
            self._enter_is_typed = self._guard.is_typed(key)
            self._line_end = key if not self._enter_is_typed and self._guard.may_end_a_line(key) else None
        is_searching = self.is_searching  # before the key, which may end it
        is_list_key = self._completer.press(key.key, may_take=self._enter_is_typed)
        # Esc closes the list and begins normal mode at once; it ends a search and nothing else.
        is_command = not is_searching and (key.key == "escape" or not is_list_key) and self._vi_key(key)
        if is_list_key or is_command:
            key.stop()
            key.prevent_default()
        elif key.key == "enter":
            key.prevent_default()  # the bindings say what it means

    def _vi_key(self, key: events.Key) -> bool:
        """Pass a key to vi; return whether vi has handled it."""
        if self._vi is None or self.is_searching:
            return False
        is_character = key.character is not None and (key.is_printable or is_text(key.character))
        is_taken = self._vi.press(key.character if is_character and key.character else key.key)
        self._show_mode()
        return is_taken

    def typed_part(self, run: KeyRun) -> KeyRun | None:
        """Run the vi commands at the start of a run; return the rest of it, which is text, or None."""
        if self._vi is None or self.is_searching:
            return run
        for number, character in enumerate(run.text):
            if self._vi.is_inserting:
                return run.part(number)
            self._vi.press("enter" if character in "\r\n" else character)
            self._show_mode()
        return None

    def _show_mode(self) -> None:
        if self._vi is not None:
            self.mode = f"{_(self._vi.mode.value)} {self._vi.pending}".rstrip()

    def _walk_by(self, step: int) -> bool:
        """Go to the previous (-1) or next (1) prompt; return whether there is one."""
        walk = self._earlier.older if step < 0 else self._earlier.newer
        prompt = walk(self.message)
        self._walk(prompt)
        return prompt is not None

    def action_send(self) -> None:
        """Send the message; insert a new line after a backslash or for a pasted Enter."""
        row, column = self.cursor_location
        if not self._enter_is_typed:
            if (key := self._line_end) is not None:
                self.set_timer(2 * PASTE_WINDOW, lambda: self._send_line(key))
            self.action_new_line()
        elif self.selection.is_empty and self.document[row][:column].endswith("\\"):
            self.replace("\n", (row, column - 1), (row, column), maintain_selection_offset=False)
        else:
            self.send()
        self._enter_is_typed = True

    def _send_line(self, key: events.Key) -> None:
        """Send the line that this Enter ended if no input has followed, because a program typed it."""
        if self._guard.is_quiet_since(key) and self.remove_line_end():
            self.send()

    def action_new_line(self) -> None:
        """Insert a new line."""
        self._enter_is_typed = True
        self.insert_typed("\n")

    def action_cursor_up(self, select: bool = False) -> None:
        """Go up; from the first row to the queue, then to earlier prompts."""
        if select or not self.navigator.is_first_wrapped_line(self.cursor_location):
            super().action_cursor_up(select)
        elif self.has_queue and not self.text and not self.is_editing:
            self.post_message(self.QueueTakeAsked())
        else:
            self._walk(self._earlier.older(self.message))

    def action_cursor_down(self, select: bool = False) -> None:
        """Go down; from the last row to later prompts and the draft."""
        if select or not self.navigator.is_last_wrapped_line(self.cursor_location):
            super().action_cursor_down(select)
        else:
            self._walk(self._earlier.newer(self.message))

    def action_delete_right(self) -> None:
        """Delete to the right; skip the action in an empty box, because the screen handles the key then."""
        if not self.text:
            raise SkipAction
        super().action_delete_right()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open a paste if there is one."""
        return self.has_tokens if action == "open_paste" else True

    def action_edit_outside(self) -> None:
        """Ask for the external editor."""
        self.post_message(self.EditorAsked(self, self.message))

    def action_search(self) -> None:
        """Search earlier prompts by words; Enter takes one, Esc restores the draft."""
        self._completer.start_search()

    # --- sending ---

    def send(self) -> None:
        """Send the message or the chosen follow-up; in an empty box, request the next queued message."""
        message = self.message
        if not message.strip():
            if not self.is_editing:
                self.post_message(self.QueueSendAsked() if self.has_queue else self.NothingSent())
            return
        if number := self.chosen_number:
            question = self._follow_ups[number - 1]
            self.put("")
            self.post_message(self.FollowUpChosen(question))
            return
        if self._is_doubted(message):
            return
        if _NUMBER.fullmatch(message):
            message = message.strip()  # the space said that it is a text
        self.note_sent(message)
        self._completer.close()
        self.put("")
        if self._vi is not None:
            self._vi.start_inserting()
            self._show_mode()
        self.post_message(self.Submitted(self, message))

    def _is_doubted(self, message: str) -> bool:
        """Return whether to ask again before a text is sent, which looks like a command, and show why."""
        if self.is_editing or message == self._doubted:
            return False
        if not (doubt := self._doubt_about(message)):
            return False
        self._doubted = message
        again = _("{key} again sends it as text").format(key=long_key(self.send_key))
        self._note.show("!", doubt, again)
        return True

    # --- looks ---

    def mark(self) -> str:
        """Return `›`, or `/` during a search."""
        return "/" if self.is_searching else "›"

    def render_line(self, y: int) -> Strip:
        """Return a row; after a number that chooses a follow-up, it shows the question."""
        strip = super().render_line(y)
        number = self.chosen_number
        if y or not number:
            return strip
        start = self.gutter_width + len(self.text) + 1
        width = self.content_size.width
        base = self.rich_style
        hint = _('{send} sends · Space types "{number}"').format(send=long_key(self.send_key), number=number)
        question = clean_line(self._follow_ups[number - 1]).strip()
        room = width - start - len("  → ") - cell_len(hint) - 3
        if room < min(cell_len(question), _LEAST_PREVIEW):
            room, hint = width - start - len("  → "), ""
        parts = [("  → ", "muted"), (shorten(question, max(1, room)), "bot")]
        if hint:
            parts.append((f"   {hint}", "muted"))
        preview = Strip([Segment(text, base + self.style_of(role)) for text, role in parts])
        return Strip.join([strip.crop(0, start), preview]).adjust_cell_length(width, base).simplify()

    def placeholder_text(self, width: int) -> str:
        """Return the text of an empty box, at most `width` cells wide."""
        if self.is_searching:
            return _("Search earlier messages")
        other: SendKey = "ctrl+j" if self.send_key == "enter" else "enter"
        text = _("Type a message. {send} to send, {new_line} for a new line").format(
            send=long_key(self.send_key), new_line=long_key(other)
        )
        return text if len(text) <= width else _("Type a message")

    def _walk(self, prompt: str | None) -> None:
        if prompt is not None:
            self.set_message(prompt)

    # --- changes ---

    @on(TextArea.Changed)
    def _text_changed(self) -> None:
        self._completer.update()
        if self._doubted and self.message != self._doubted:
            self._doubted = ""
            self._note.hide()
        self._post_number()
        if self.has_tokens != self._had_tokens:
            self._had_tokens = self.has_tokens
            self.refresh_bindings()
        if self._draft_timer is None:
            self._draft_timer = self.set_timer(DRAFT_SECONDS, self._post_draft)

    def _post_draft(self) -> None:
        self._draft_timer = None
        if not self.is_searching and self.message != self._posted_draft:
            self._posted_draft = self.message
            self.post_message(self.DraftChanged(self, self._posted_draft))

    def insert_pasted(self, text: str) -> None:
        """Insert text from outside; the path of a file, alone in the box, is offered as an attachment."""
        was_empty = not self.text
        super().insert_pasted(text)
        if self._vi is not None and not self._vi.is_inserting:
            self._vi.text_replaced()
            self._show_mode()
        self._completer.pasted(into_empty_box=was_empty)

    def take_candidate(self) -> None:
        """Take the selected candidate, as Tab does."""
        self._completer.take(may_send=False)

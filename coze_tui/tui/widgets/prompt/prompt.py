"""The box one types in: it sends, completes, and remembers what was sent before."""

from __future__ import annotations

import re
import threading
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
from coze_tui.tui.widgets.prompt.completion import (
    Candidate,
    CompletionList,
    dropped_candidates,
    path_candidates,
)
from coze_tui.tui.widgets.prompt.text_box import TextBox, is_text

if TYPE_CHECKING:
    from coze_tui.tui.widgets.prompt.vi.engine import Vi

_MOST_EARLIER = 1_000
SendKey = Literal["enter", "ctrl+j"]
EditMode = Literal["emacs", "vi"]
Offer = Callable[[str, Sequence[Candidate]], None]
"""Shows what a text could become, if it is still what is typed; may be called from any thread."""
Commands = Callable[[str, Offer], Sequence[Candidate]]
"""From what was typed, beginning with a slash, to what it could become; what takes time is offered later."""
NEW_LINE_KEYS = "ctrl+j,alt+enter,shift+enter,ctrl+enter"
_NUMBER = re.compile(r"\s*\d{1,3}\s*", re.ASCII)
_LEAST_PREVIEW = 20
"""Cells of a follow-up that are shown before there is room for a hint."""
DRAFT_SECONDS = 0.2
"""Seconds after a change until the draft is saved, whether or not more is typed."""
_PATH = re.compile(r"(?:.*\s)?@((?:\S.*)?)")
"""After the last `@` that begins a word; names of files contain spaces."""
_DROPPED = r"(?:file:|[a-z]:\\|[/~'\"])[^\n]{1,4000}"
_MAY_BE_DROPPED = re.compile(rf"(?i){_DROPPED}(?:\n+{_DROPPED})*\s*")
"""As terminals write the paths of files that are dropped on them, on one line or on several."""


def _chooses(text: str, candidates: Sequence[Candidate]) -> bool:
    """Return whether Enter should take the first of a list: not if nothing of it is typed, or all of it."""
    if " " in text and text.endswith((" ", "/")):
        return False
    return not (candidates and candidates[0].text == f"{text}/")


class EarlierPrompts:
    """The prompts sent before, the newest first. It keeps the unsent draft and edits made on the way."""

    def __init__(self, prompts: Iterable[str] = ()) -> None:
        self._prompts: list[str] = []
        self._position = -1
        self._edited: dict[int, str] = {}
        self.add_stored(prompts)

    def add_stored(self, prompts: Iterable[str]) -> None:
        """Add the prompts of the history, newest first, behind those that were sent while it was read.

        The history may contain these already.
        """
        sent = len(self._prompts)
        for number, prompt in enumerate(prompts):
            if len(self._prompts) == _MOST_EARLIER:
                break
            is_sent = number < sent and prompt in self._prompts[:sent]
            if prompt.strip() and not is_sent and self._prompts[-1:] != [prompt]:
                self._prompts.append(prompt)

    def older(self, present: str) -> str | None:
        """Return the previous prompt; None at the oldest. Saves `present`, the text in the box."""
        return self._go(self._position + 1, present)

    def newer(self, present: str) -> str | None:
        """Return the next prompt, at last the draft; None when the draft is in the box."""
        return self._go(self._position - 1, present)

    def sent(self, prompt: str) -> None:
        """Add a sent prompt as the newest, and restart the walk."""
        self._position = -1
        self._edited.clear()
        if prompt.strip() and self._prompts[:1] != [prompt]:
            self._prompts.insert(0, prompt)
            del self._prompts[_MOST_EARLIER:]

    def search(self, words: str, limit: int = 50) -> list[str]:
        """Return the prompts that contain every word, the newest first, each once."""
        wanted = words.casefold().split()
        found: dict[str, None] = {}
        for prompt in self._prompts:
            folded = prompt.casefold()
            if all(word in folded for word in wanted):
                found[prompt] = None
                if len(found) == limit:
                    break
        return list(found)

    def _go(self, position: int, present: str) -> str | None:
        if not -1 <= position < len(self._prompts):
            return None
        self._edited[self._position] = present
        self._position = position
        stored = "" if position < 0 else self._prompts[position]
        return self._edited.get(position, stored)


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
    """The input box of a chat. It completes, remembers what was sent, and posts what the user wants.

    Keys that it does not name (PgUp, Shift+↑, Ctrl+Home, Ctrl+C…) go on to the screen.

    Args:
        note: Shows why a message is not sent at once.
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
        """A message is to be sent; the box is empty already, `restore` brings it back."""

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
        """Another follow-up, or none, would now be sent by Enter."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number
            """From 1; 0 for none."""

    class EditorAsked(Message):
        """The message is to be edited outside, then given to `set_message`."""

        def __init__(self, prompt: Prompt, text: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.text = text

    class QueueTakeAsked(Message):
        """The last queued message is to come back, to `set_message`."""

    class QueueSendAsked(Message):
        """Enter in an empty box: the next queued message is to be sent."""

    class NothingSent(Message):
        """Enter in an empty box, and nothing is queued: it means what the screen says it waits for."""

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

    class _PathsFound(Message, bubble=False):
        def __init__(self, typed: str, candidates: list[Candidate]) -> None:
            super().__init__()
            self.typed = typed
            self.candidates = candidates

    class _Offered(Message, bubble=False):
        def __init__(self, text: str, candidates: Sequence[Candidate]) -> None:
            super().__init__()
            self.text = text
            self.candidates = candidates

    send_key: var[SendKey] = var("enter", init=False)
    """The key that sends; the other one of the two makes a new line."""

    mode: var[str] = var("", init=False)
    """The mode of vi, translated, and the keys that wait; empty with the usual keys."""

    def __init__(
        self,
        completion: CompletionList,
        *,
        note: NoteLine | None = None,
        commands: Commands | None = None,
        doubt_about: Callable[[str], str] | None = None,
        enter_guard: EnterGuard | None = None,
        send_key: SendKey = "enter",
        edit_mode: EditMode = "emacs",
        id: str | None = None,
    ) -> None:
        self._sought_from: str | None = None
        self._vi: Vi | None = None
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
        self._completion = completion
        self._note = note if note is not None else NoteLine()
        self._commands = commands
        self._doubt_about = doubt_about
        self._doubted = ""
        """The message that the next Enter sends although there was a doubt about it."""
        self._guard = enter_guard if enter_guard is not None else EnterGuard()
        self._earlier = EarlierPrompts()
        self._enter_is_typed = True
        self._line_end: events.Key | None = None
        """An Enter of which the next moment will tell whether it was typed."""
        self._draft_timer: Timer | None = None
        self._posted_draft = ""
        self._had_tokens = False
        self._dropped: str | None = None
        """A text pasted into the empty box that may be the path of a dropped file."""
        self._no_paths: str | None = None
        """No path begins with this, and so none with a longer text."""

    # --- what the screen does with it ---

    @property
    def message(self) -> str:
        """Return the text with pastes in place of their tokens; during a search, the text before it."""
        return super().message if self._sought_from is None else self._pastes.whole(self._sought_from)

    @property
    def is_searching(self) -> bool:
        """Return whether the box contains words to find an earlier prompt by."""
        return self._sought_from is not None

    def set_message(self, text: str) -> None:
        """Replace all of it, the cursor at the end; it can be undone. What was a token becomes one again."""
        self._stop_search(restore=False)
        super().set_message(text)
        if self._vi is not None:
            self._vi.text_replaced()
            self._show_mode()

    def restore(self, text: str) -> None:
        """Bring back a message that could not be sent, before what has been typed since."""
        present = self.message
        self.set_message(f"{text}\n{present}" if present.strip() else text)

    def clear_message(self) -> bool:
        """Empty the box; undo brings it back. A search ends first."""
        self._stop_search(restore=True)
        return super().clear_message()

    def post_draft(self) -> None:
        """Post the draft now if it has changed, not after a while."""
        if self._draft_timer is not None:
            self._draft_timer.stop()
        self._post_draft()

    def offer(self, questions: Sequence[str]) -> None:
        """Let a number alone in the box choose one of these questions."""
        self._follow_ups = tuple(questions)
        self._post_number()

    @property
    def chosen_number(self) -> int:
        """Return the number, from 1, of the follow-up that would be sent now; 0 for none."""
        text = self.text
        if not text or len(text) > 3 or self._sought_from is not None or self.is_editing:
            return 0
        number = int(text) if text.isascii() and text.isdecimal() else 0
        return number if text == str(number) and number <= len(self._follow_ups) else 0

    def _post_number(self) -> None:
        if (number := self.chosen_number) != self._posted_number:
            self._posted_number = number
            self.refresh()
            self.post_message(self.NumberTyped(number))

    def set_earlier(self, prompts: Iterable[str]) -> None:
        """Walk and search these prompts, newest first, behind those that were sent while they were read."""
        self._earlier.add_stored(prompts)

    def note_sent(self, message: str) -> None:
        """Add a message that was sent to the earlier prompts."""
        self._earlier.sent(message)

    # --- keys ---

    def on_mount(self) -> None:
        """Let the keys mean what the setting says; the usual way leaves the person's own keymap alone."""
        if self.send_key != "enter":
            self.watch_send_key(self.send_key)

    def watch_send_key(self, send_key: SendKey) -> None:
        """Swap the keys."""
        self.app.update_keymap(send_keymap(send_key))
        self.refresh()

    def on_key(self, key: events.Key) -> None:
        """Handle keys of the open list, and Enter and its variants."""
        if key.key in SEND or key.key in NEW_LINE:
            self._enter_is_typed = self._guard.is_typed(key)
            self._line_end = key if not self._enter_is_typed and self._guard.may_end_a_line(key) else None
        is_searching = self._sought_from is not None
        is_list_key = self._list_key(key.key)
        # Esc closes the list and begins normal mode at once; it ends a search and nothing else.
        is_command = not is_searching and (key.key == "escape" or not is_list_key) and self._vi_key(key)
        if is_list_key or is_command:
            key.stop()
            key.prevent_default()
        elif key.key == "enter":
            key.prevent_default()  # the bindings say what it means

    def _list_key(self, key: str) -> bool:
        """Act on a key of the list over the prompt; False when it is none."""
        if key == "escape" and self._sought_from is not None:
            self._stop_search(restore=True)
        elif not self._completion.is_open:
            return False
        elif key in ("up", "down", "ctrl+r"):
            self._completion.move(-1 if key == "up" else 1)
        elif key == "tab" or (key == "enter" and self._enter_is_typed and self._completion.current):
            if self._completion.current is None:
                self._completion.move(1)
            self._take_candidate(may_send=key == "enter")
        elif key == "escape":
            self._completion.close()
        else:
            return False
        return True

    def _vi_key(self, key: events.Key) -> bool:
        """Give a key to vi; return whether it has a meaning there."""
        if self._vi is None or self._sought_from is not None:
            return False
        is_character = key.character is not None and (key.is_printable or is_text(key.character))
        is_taken = self._vi.press(key.character if is_character and key.character else key.key)
        self._show_mode()
        return is_taken

    def typed_part(self, run: KeyRun) -> KeyRun | None:
        """Do the commands of vi with which a run starts."""
        if self._vi is None or self._sought_from is not None:
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
        """Go to the prompt before (-1) or after (1); return whether there is one."""
        walk = self._earlier.older if step < 0 else self._earlier.newer
        prompt = walk(self.message)
        self._walk(prompt)
        return prompt is not None

    def action_send(self) -> None:
        """Send the message; after a backslash, or when the Enter was pasted, make a new line."""
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
        """Send what ended with this Enter, if it was the end of all input: a program typed one line."""
        if self._guard.is_quiet_since(key) and self.remove_line_end():
            self.send()

    def action_new_line(self) -> None:
        """Begin a new line."""
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
        """Delete to the right; in an empty box the key means something to the screen."""
        if not self.text:
            raise SkipAction
        super().action_delete_right()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open a paste while there is one."""
        return self.has_tokens if action == "open_paste" else True

    def action_edit_outside(self) -> None:
        """Ask for the external editor."""
        self.post_message(self.EditorAsked(self, self.message))

    def action_search(self) -> None:
        """Look for an earlier prompt by words of it; Enter takes it, Esc brings the draft back."""
        if self._sought_from is not None:
            return
        self._sought_from = self.text
        self._put("")
        self._complete()

    # --- sending ---

    def send(self) -> None:
        """Send what is typed; in an empty box the follow-up or queued message that Enter means there."""
        message = self.message
        if not message.strip():
            if not self.is_editing:
                self.post_message(self.QueueSendAsked() if self.has_queue else self.NothingSent())
            return
        if number := self.chosen_number:
            question = self._follow_ups[number - 1]
            self._put("")
            self.post_message(self.FollowUpChosen(question))
            return
        if self._is_doubted(message):
            return
        if _NUMBER.fullmatch(message):
            message = message.strip()  # the space said that it is a text
        self.note_sent(message)
        self._completion.close()
        self._put("")
        if self._vi is not None:
            self._vi.start_inserting()
            self._show_mode()
        self.post_message(self.Submitted(self, message))

    def _is_doubted(self, message: str) -> bool:
        """Say why a message may not be meant as one, once; the next Enter sends it."""
        if self._doubt_about is None or self.is_editing or message == self._doubted:
            return False
        if not (doubt := self._doubt_about(message)):
            return False
        self._doubted = message
        again = _("{key} again sends it as text").format(key=long_key(self.send_key))
        self._note.show("!", doubt, again)
        return True

    # --- looks ---

    def mark(self) -> str:
        """Another one while searching."""
        return "›" if self._sought_from is None else "/"

    def render_line(self, y: int) -> Strip:
        """Return a row; behind a number that chooses a follow-up stands what would be sent."""
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
        if self._sought_from is not None:
            return _("Search earlier messages")
        other: SendKey = "ctrl+j" if self.send_key == "enter" else "enter"
        text = _("Type a message. {send} to send, {new_line} for a new line").format(
            send=long_key(self.send_key), new_line=long_key(other)
        )
        return text if len(text) <= width else _("Type a message")

    def _walk(self, prompt: str | None) -> None:
        if prompt is not None:
            self.set_message(prompt)

    # --- completion and search ---

    @on(TextArea.Changed)
    def _text_changed(self) -> None:
        self._complete()
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
        if self._sought_from is None and self.message != self._posted_draft:
            self._posted_draft = self.message
            self.post_message(self.DraftChanged(self, self._posted_draft))

    def _complete(self) -> None:
        """Show what could be meant by what is typed."""
        text, typed = self.text, self._typed_path()
        if self._sought_from is not None:
            earlier = self._earlier.search(text)
            self._completion.show([Candidate(one, label=" ".join(one[:500].split())) for one in earlier])
        elif text == self._dropped:
            threading.Thread(target=self._find_paths, args=(text, dropped_candidates), daemon=True).start()
        elif text.startswith("/") and "\n" not in text and self._commands is not None:
            found = self._commands(text, self.offer_candidates) if self.cursor_at_end_of_text else ()
            self._completion.show(found, chooses_first=_chooses(text, found))
        elif typed is not None and not self._has_no_paths(typed):
            shown, begun = self._completion.candidates, typed.casefold()
            self._completion.show([one for one in shown if one.text.casefold().startswith(begun)])
            threading.Thread(target=self._find_paths, args=(typed, path_candidates), daemon=True).start()
        else:
            self._completion.close()

    def insert_pasted(self, text: str) -> None:
        """Insert text from outside; the path of a file, alone in the box, is offered as an attachment."""
        was_empty = not self.text
        super().insert_pasted(text)
        if self._vi is not None and not self._vi.is_inserting:
            self._vi.text_replaced()
            self._show_mode()
        self._dropped = self.text if was_empty and _MAY_BE_DROPPED.fullmatch(self.text) else None

    def _typed_path(self) -> str | None:
        if self._dropped is not None and self.text == self._dropped:
            return self._dropped
        row, column = self.cursor_location
        match = _PATH.fullmatch(self.document[row][:column])
        return match.group(1) if match else None

    def _has_no_paths(self, typed: str) -> bool:
        known = self._no_paths
        if known is None or " " not in typed or typed == known or not typed.startswith(known):
            return False
        return "/" not in typed[len(known) :]

    def _find_paths(self, typed: str, find: Callable[[str], list[Candidate]]) -> None:
        # A folder on a dead network drive must hold up neither typing nor leaving: hence a daemon thread.
        self.post_message(self._PathsFound(typed, find(typed)))

    @on(_PathsFound)
    def _show_paths(self, found: _PathsFound) -> None:
        if found.typed == self._dropped and not found.candidates:
            self._dropped = None  # not a file, perhaps a command
            self._complete()
            return
        if not found.candidates:
            self._no_paths = found.typed
        if found.typed == self._typed_path() and self._sought_from is None:
            self._completion.show(found.candidates)

    def offer_candidates(self, text: str, candidates: Sequence[Candidate]) -> None:
        """Show what a text could become, if it is still what is typed. May be called from any thread."""
        self.post_message(self._Offered(text, candidates))

    @on(_Offered)
    def _show_offered(self, offered: _Offered) -> None:
        if offered.text == self.text and self._sought_from is None and self.cursor_at_end_of_text:
            chooses_first = _chooses(offered.text, offered.candidates)
            self._completion.show(offered.candidates, chooses_first=chooses_first)

    def take_candidate(self) -> None:
        """Take the current one of the list, as Tab does."""
        self._take_candidate(may_send=False)

    def _take_candidate(self, *, may_send: bool) -> None:
        candidate = self._completion.current
        if candidate is None:
            return
        typed = self._typed_path()
        self._completion.close()
        if self._sought_from is not None:
            self._stop_search(restore=True)
            self.set_message(candidate.text)
        elif self.text == self._dropped:
            self._put("")
            self.post_message(self.AttachmentChosen(candidate.text))
        elif typed is not None and not self.text.startswith("/"):
            self._take_path(typed, candidate)
        else:
            sends = may_send and candidate.is_complete
            needs_space = not sends and not candidate.text.endswith((" ", "/"))
            self._put(f"{candidate.text} " if needs_space else candidate.text)
            if sends:
                self.send()

    def _take_path(self, typed: str, candidate: Candidate) -> None:
        row, column = self.cursor_location
        start = (row, column - len(typed) - 1)
        if candidate.is_complete:
            self.replace("", start, (row, column), maintain_selection_offset=False)
            self.post_message(self.AttachmentChosen(candidate.text))
        else:
            self.replace(f"@{candidate.text}", start, (row, column), maintain_selection_offset=False)

    def _stop_search(self, *, restore: bool) -> None:
        before, self._sought_from = self._sought_from, None
        if before is None:
            return
        self._completion.close()
        if restore:
            self._put(before)
        self.refresh()

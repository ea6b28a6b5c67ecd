"""Saved prompts: chosen from a list with a preview, their blanks filled one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import ClassVar, TypeVar

from textual import getters, on, work
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.widget import Widget
from textual.widgets import Input

from coze_tui.config.saved_prompts import RESERVED, SavedPrompt, SavedPrompts, blanks_of, filled, pieces
from coze_tui.errors import CozeTuiError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.text.matching import fold
from coze_tui.tui.context import AppContext
from coze_tui.tui.screens.coze_screen import Panel
from coze_tui.tui.screens.dialogs import AskText, Confirm
from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.line_list import list_keys
from coze_tui.tui.widgets.line_widget import Part
from coze_tui.tui.widgets.select_list import ListRow, SelectList
from coze_tui.tui.widgets.text_views import Paragraph, Paragraphs

_T = TypeVar("_T")
_MOST_PREVIEWED = 4_000
"""Characters of a prompt in the preview."""


async def choose_prompt(context: AppContext, typed: str) -> str | None:
    """Let the user choose a saved prompt and fill its blanks; return its text, or None.

    Call it in a worker.

    Args:
        typed: The text of the prompt, which can be saved.
    """
    saved = SavedPrompts(context.startup.paths.prompts)
    chosen = await context.app.push_screen_wait(PromptPicker(saved, typed))
    return await _text_with_values(context, chosen) if chosen is not None else None


async def run_prompts(context: AppContext, argument: str, typed: str) -> str | None:
    """Run `/prompts` with its argument; return the text for the prompt, or None.

    Call it in a worker. Failures are shown.

    Args:
        argument: Empty, the name of a prompt, or `save`, `delete` or `rename` with names.
        typed: The text that `save` saves if none follows its name.
    """
    line, _line_end, text = argument.partition("\n")
    words = line.split()
    if not words:
        return await choose_prompt(context, typed)
    saved = SavedPrompts(context.startup.paths.prompts)
    try:
        if words[0] not in RESERVED:
            return await _text_with_values(context, await asyncio.to_thread(saved.get, line.strip()))
        if len(words) != (3 if words[0] == "rename" else 2):
            _notify(context, _("Type /prompts save NAME, /prompts delete NAME, or /prompts rename OLD NEW."))
        elif words[0] == "save":
            await _save(context, saved, words[1], text.strip("\n") or typed)
            return text.strip("\n") or None
        elif words[0] == "delete":
            await asyncio.to_thread(saved.delete, words[1])
            _notify(context, _("Deleted the prompt {name}.").format(name=clean_line(words[1])))
        else:
            await asyncio.to_thread(saved.rename, words[1], words[2])
            _notify(context, _("Renamed the prompt to {name}.").format(name=clean_line(words[2])))
    except CozeTuiError as error:
        context.notify_failure(error)
    return None


async def _save(context: AppContext, saved: SavedPrompts, name: str, text: str) -> bool:
    """Save a prompt; ask before an older one is replaced. Return whether it was saved."""
    if not text.strip():
        _notify(context, _("There is nothing to save: type the text on the line below the command."))
        return False
    known = await asyncio.to_thread(saved.all)
    if is_known := any(prompt.name == name for prompt in known):
        question = _("Replace the saved prompt {name}?").format(name=name)
        if not await context.app.push_screen_wait(
            Confirm(question, "", _("replace it"), _("keep the old one"))
        ):
            return False
    path = await asyncio.to_thread(lambda: saved.save(name, text, replaces=is_known))
    _notify(context, _("Saved the prompt {name}: {path}").format(name=name, path=clean_line(str(path))))
    return True


async def _text_with_values(context: AppContext, prompt: SavedPrompt) -> str | None:
    """Ask for the values of the blanks of a prompt; return its text, or None if the user cancels."""
    if not blanks_of(prompt.text):
        return prompt.text
    return await context.app.push_screen_wait(FillBlanks(prompt.name, prompt.text))


def _notify(context: AppContext, text: str) -> None:
    context.app.notify(text, markup=False)


class PromptPicker(Panel[SavedPrompt | None]):
    """Asks for a saved prompt. Typing filters by name and text.

    Args:
        typed: The text that can be saved as a new prompt; may be empty.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *list_keys("prompts", ("first", N_("first prompt")), ("last", N_("last prompt")), is_led=True),
        Binding("enter", "use", N_("use"), id="prompts.use", tooltip=N_("insert the saved prompt")),
        Binding(
            "ctrl+s", "save", N_("save"), id="prompts.save", tooltip=N_("save the text typed in the chat")
        ),
        Binding("f6", "rename", N_("rename"), id="prompts.rename"),
        Binding("f8", "delete", N_("delete"), id="prompts.delete"),
    ]
    PART = N_("Saved prompts")
    field = getters.query_one(Field)
    rows = getters.query_one(SelectList)
    preview = getters.query_one("#preview", Paragraphs)

    def __init__(self, saved: SavedPrompts, typed: str = "") -> None:
        super().__init__(
            _("Saved prompts"),
            keys=("prompts.use", "prompts.save", "prompts.rename", "prompts.delete"),
            is_tall=True,
        )
        self._saved = saved
        self._typed = typed
        self._prompts: list[SavedPrompt] = []
        self._problem = ""

    def body(self) -> Iterable[Widget]:
        """Yield the field, the list and the preview."""
        yield Field(placeholder=_("Type to filter names and texts"))
        yield ScrollableContainer(SelectList(is_led=True), classes="names", can_focus=False)
        yield ScrollableContainer(Paragraphs(id="preview"), classes="body", can_focus=False)

    def on_mount(self) -> None:
        """Read the prompts."""
        self.heading.show_remark(clean_line(str(self._saved.folder)))
        self.field.focus()
        self._load()

    @property
    def current(self) -> SavedPrompt | None:
        """Return the prompt under the cursor, or None."""
        return next((prompt for prompt in self._prompts if prompt.name == self.rows.current), None)

    @work(group="prompts", exit_on_error=False)
    async def _load(self, current: str | None = None) -> None:
        prompts = await self._tried(self._saved.all)
        if prompts is not None:
            self._prompts = prompts
        self._show(current)

    async def _tried(self, work: Callable[[], _T]) -> _T | None:
        """Return the result of a function that uses the disk; if it fails, show why and return None."""
        try:
            return await asyncio.to_thread(work)
        except CozeTuiError as error:
            self.context.notify_failure(error)
            return None

    def _show(self, current: str | None = None) -> None:
        words = fold(self.field.value).split()
        shown = [
            prompt
            for prompt in self._prompts
            if all(word in fold(f"{prompt.name}\n{prompt.text}") for word in words)
        ]
        rows = [
            ListRow(prompt.name, ((clean_line(prompt.name), "text"),), _facts(prompt)) for prompt in shown
        ]
        if not self._prompts:
            remark = _("no saved prompts yet; Ctrl+S saves the text typed in the chat")
            rows = [ListRow(None, ((remark, "muted"),))]
        self.rows.show(rows or [ListRow(None, ((_("no matches"), "muted"),))], current=current)
        self._show_preview()

    @on(Input.Changed)
    def _filtered(self) -> None:
        self._show()

    @on(SelectList.Moved)
    def _show_preview(self) -> None:
        prompt = self.current
        if prompt is None:
            self.preview.show()
        elif prompt.problem is not None:
            self.preview.show([(self.context.explain(prompt.problem), "attention")])
        else:
            self.preview.show(*_shown(prompt.text))

    @on(SelectList.Chosen)
    def action_use(self) -> None:
        """Close with the prompt under the cursor."""
        prompt = self.current
        if prompt is not None and prompt.problem is None:
            self.dismiss(prompt)

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.rows.move(step)

    def action_page(self, step: int) -> None:
        """Move the cursor by pages."""
        self.rows.action_page(step)

    def action_edge(self, last: bool) -> None:
        """Go to the first or last prompt."""
        self.rows.action_edge(last)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to save while there is something to save."""
        return bool(self._typed.strip()) if action == "save" else True

    @work(group="prompts", exit_on_error=False)
    async def action_save(self) -> None:
        """Save the text typed in the chat under a name."""
        name = await self.app.push_screen_wait(AskText(_("Save the prompt as"), "", _("a name of one word")))
        if not name:
            return
        try:
            if await _save(self.context, self._saved, name, self._typed):
                self._load(name)
        except CozeTuiError as error:
            self.context.notify_failure(error)

    @work(group="prompts", exit_on_error=False)
    async def action_rename(self) -> None:
        """Give the prompt under the cursor another name."""
        prompt = self.current
        if prompt is None:
            return
        new = await self.app.push_screen_wait(AskText(_("Rename the prompt"), prompt.name))
        if new and new != prompt.name:
            await self._tried(lambda: self._saved.rename(prompt.name, new))
            self._load(new)

    @work(group="prompts", exit_on_error=False)
    async def action_delete(self) -> None:
        """Delete the prompt under the cursor, after a question."""
        prompt = self.current
        if prompt is None:
            return
        question = _("Delete the saved prompt {name}?").format(name=prompt.name)
        if await self.app.push_screen_wait(Confirm(question, "", _("delete it"), _("keep it"))):
            await self._tried(lambda: self._saved.delete(prompt.name))
            self._load()


def _facts(prompt: SavedPrompt) -> tuple[Part, ...]:
    if prompt.problem is not None:
        return ((_("unreadable"), "attention"),)
    count = len(blanks_of(prompt.text))
    words = ngettext("{n} blank", "{n} blanks", count).format(n=thousands(count))
    return ((words, "muted"),) if count else ()


def _shown(text: str, current: str = "", values: dict[str, str] | None = None) -> list[Paragraph]:
    """Return a text as paragraphs, its blanks and their values in color."""
    lines: list[list[Part]] = [[]]
    cut = text[:_MOST_PREVIEWED]
    for piece, name in pieces(cut):
        shown = (values or {}).get(name) or piece if name else piece
        role = "text" if not name else "attention bold" if name == current else "user"
        first, *rest = shown.split("\n")
        lines[-1].append((first, role))
        lines += [[(line, role)] for line in rest]
    if len(text) > len(cut):
        lines.append([("…", "muted")])
    return [tuple(line) for line in lines]


class FillBlanks(Panel[str | None]):
    """Asks for the values of the blanks one by one; the result is the filled text.

    Args:
        name: The name of the prompt.
        text: Its text, with at least one blank.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,tab", "step(1)", N_("next blank"), id="blanks.next", key_display="Enter"),
        Binding("shift+tab", "step(-1)", N_("previous blank"), id="blanks.previous"),
    ]
    PART = N_("Blanks of a prompt")
    field = getters.query_one(Field)
    preview = getters.query_one("#preview", Paragraphs)
    asked = getters.query_one("#asked", Paragraphs)

    def __init__(self, name: str, text: str) -> None:
        super().__init__(
            _("Fill the blanks: {name}").format(name=clean_line(name)),
            keys=("blanks.next", "blanks.previous"),
            is_tall=True,
        )
        self._text = text
        self._blanks = blanks_of(text)
        self._values = dict.fromkeys(self._blanks, "")
        self._at = 0

    def body(self) -> Iterable[Widget]:
        """Yield the name of the blank, its field, and the text."""
        yield Paragraphs(id="asked")
        yield Field()
        yield ScrollableContainer(Paragraphs(id="preview"), classes="body", can_focus=False)

    def on_mount(self) -> None:
        """Ask for the first blank."""
        self._ask()
        self.field.focus()

    def key_words(self, binding: Binding) -> str | None:
        """Return "use" for the key that fills the last blank, and None for the usual word."""
        is_last = binding.id == "blanks.next" and self._at == len(self._blanks) - 1
        return _("use") if is_last else None

    def _ask(self) -> None:
        self.refresh_bindings()
        blank = self._blanks[self._at]
        place = f"  {self._at + 1}/{len(self._blanks)}"
        self.asked.show([(clean_line(blank), "text bold"), (place, "muted")])
        self.field.put(self._values[blank])
        self._show()

    def _show(self) -> None:
        self.preview.show(*_shown(self._text, self._blanks[self._at], self._values))

    @on(Input.Changed)
    def _keep(self) -> None:
        """Save the value from the field; the text of the event may be that of the previous blank."""
        self._values[self._blanks[self._at]] = self.field.value
        self._show()

    def action_step(self, step: int) -> None:
        """Go to another blank; after the last one close with the text."""
        self._keep()
        at = self._at + step
        if at == len(self._blanks):
            self.dismiss(filled(self._text, self._values))
        elif at >= 0:
            self._at = at
            self._ask()

"""The actions on the open conversation in the chat screen: edit and send, change, export and inspect."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from coze_tui.config.locations import typed_path
from coze_tui.engine.model.figures import ids_text, no_events_text
from coze_tui.engine.session.sent_files import sent_files
from coze_tui.errors import CozeTuiError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _, listed
from coze_tui.text.system_text import readable
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import Entry, SectionEntry
from coze_tui.tui.screens.conversation import ChatWidgets, OpenConversation
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.screens.turn_control import TurnControl

if TYPE_CHECKING:
    from coze_tui.engine.model.figures import TurnFigures
    from coze_tui.tui.chat_sources import ChatSource


class ConversationActions:
    """Carries out the commands on the open conversation that are not about its turn.

    The coroutines run in workers; `CozeScreen.run_in_worker` starts them.
    """

    def __init__(
        self,
        screen: CozeScreen[None],
        widgets: ChatWidgets,
        conversation: OpenConversation,
        turns: TurnControl,
    ) -> None:
        self._screen = screen
        self._widgets = widgets
        self._conversation = conversation
        self._turns = turns
        self._engine_thread = screen.context.engine_thread

    # --- the prompt ---

    def ask(self, question: str) -> None:
        """Send a question, or queue it while an answer arrives; ends the editing of an earlier question."""
        self._turns.ask(question)
        if self._conversation.edit.is_on:
            self.end_edit()

    def insert_apart(self, text: str) -> None:
        """Insert a text at the cursor of the prompt, with a blank before it if needed."""
        prompt = self._widgets.prompt
        row, column = prompt.cursor_location
        before = prompt.document[row][:column]
        prompt.insert_pasted(text if not before or before[-1].isspace() else f" {text}")
        prompt.focus()

    def write_in_editor(self) -> None:
        """Write the message in the editor of $VISUAL or $EDITOR."""
        from coze_tui.tui.editor import edit_text

        prompt, environment = self._widgets.prompt, self._screen.context.startup.environment
        if (text := edit_text(self._screen.app, prompt.message, environment)) is not None:
            prompt.set_message(text)

    async def use_prompts(self, argument: str) -> None:
        """Run `/prompts`; a chosen saved prompt is inserted into the prompt.

        Args:
            argument: Of the command; `save NAME` without a text saves the typed text, or the last question.
        """
        from coze_tui.tui.screens.saved_prompts import run_prompts

        prompt = self._widgets.prompt
        last = self._turns.question_entry(None) if argument else None
        typed = prompt.message or (last.text if last is not None else "")
        text = await run_prompts(self._screen.context, argument, typed)
        if text is not None:
            prompt.insert_text(text)
            prompt.focus()

    def edit_question(self, entry: Entry | None) -> None:
        """Put the question of an entry, or the last one, into the prompt; the draft waits meanwhile."""
        from coze_tui.engine.library.conversations import SavedEdit

        question = self._turns.question_entry(entry)
        if question is None:
            self._notify(_("There is no question to edit yet."))
            return
        position = 0 if question.chat else self._conversation.window.position_of(question)
        self._conversation.edit.begin(SavedEdit(question.text, question.sent_at_ms, question.chat, position))
        self._edit_changed()
        self._widgets.prompt.focus()

    def end_edit(self) -> None:
        """Restore the draft that was in the prompt before the question."""
        self._conversation.edit.end()
        self._edit_changed()

    def _edit_changed(self) -> None:
        self._screen.run_in_worker("draft", self._conversation.keep_draft, exclusive=True)
        self._screen.refresh_bindings()

    async def attach(self, text: str) -> None:
        """Send a file, or several that were dropped together, with the next question."""
        if not text.strip():
            self._notify(_("No file was named. Type @ or /attach, and a path or a URL."))
            return
        try:
            files = await asyncio.to_thread(sent_files, text)
            sizes = await self._engine_thread.call(lambda engine: engine.check_attachments(files))
        except CozeTuiError as error:
            self._screen.context.notify_failure(error)
            return
        for file, size in zip(files, sizes, strict=True):
            self._widgets.attachments.add(file, size)

    # --- the conversation ---

    def export(self, typed: str = "") -> None:
        """Write the conversation to files, in the form and the folder that are typed after `/export`."""
        from coze_tui.tui.export_flow import export

        if self._conversation.key and self._conversation.has_messages:
            export(self._screen.context, [self._conversation.key], typed)
            self._screen.run_in_worker(
                "unsaved",
                self._conversation.report_unsaved,
                _("The messages that are not saved yet are not exported."),
                self._conversation.key,
            )
        else:
            self._notify(_("Nothing to export yet."))

    async def save_images(self, folder: str) -> None:
        """Save the images that the loaded answers contain, by default to the current folder."""
        from coze_tui.exports.images import save_images

        entries = [entry for entry in self._widgets.log.entries if isinstance(entry, AnswerEntry)]
        texts = [answer.text for entry in entries for answer in entry.answers]
        try:
            paths = await asyncio.to_thread(save_images, texts, typed_path(folder or "."))
        except OSError as error:
            reason = _("cannot write {file}: {reason}").format(
                file=clean_line(folder or "."), reason=error.strerror
            )
            self._screen.notify(reason, severity="error", markup=False)
            return
        names = listed(readable(str(path)) for path in paths)
        self._notify(_("Saved {file}").format(file=names) if paths else _("No images to save."))

    async def rename(self, title: str) -> None:
        """Give the conversation another title, locally and on the server."""
        key, title = self._conversation.key, clean_line(title)
        if not key or not title:
            self._notify(
                _("Nothing was renamed. Type /rename and a title, in a conversation that has begun.")
            )
            return
        await self._engine_thread.call(lambda engine: engine.rename(key, title))
        self._conversation.set_title(title)
        try:
            await self._engine_thread.call(lambda engine: engine.server_side.rename(key, title))
        except CozeTuiError as error:
            reason = self._screen.context.explain(error)
            refused = _("Renamed here; the server refused: {reason}").format(reason=reason)
            self._screen.notify(refused, severity="warning", markup=False)

    async def clear_context(self) -> None:
        """Start a new section: the bot forgets the messages, the message pane does not."""
        key = self._conversation.key
        if not key:
            return
        try:
            await self._engine_thread.call(lambda engine: engine.clear_context(key))
        except CozeTuiError as error:
            self._screen.context.notify_failure(error)
            return
        self._widgets.log.append(SectionEntry(int(time.time() * 1000)))

    def show_plain(self) -> None:
        """Show the messages as plain text."""
        from coze_tui.tui.screens.dialogs import ShowText

        title = self._conversation.title or self._conversation.bot_name
        self._screen.app.push_screen(ShowText(title, self._widgets.log.plain_text()))

    # --- the chat whose events are shown ---

    def copy_ids(self, figures: TurnFigures | None) -> None:
        """Copy the IDs of a chat."""
        if figures is not None and (text := ids_text(figures)):
            self._screen.context.copy(text, _("the IDs"))
        else:
            self._notify(_("There are no IDs yet."))

    def inspect(self, frame: int = 0) -> None:
        """Show every frame of the chat whose events are shown.

        Args:
            frame: The frame that is selected, from 1; 0 for the first.
        """
        from coze_tui.tui.screens.inspector import InspectorScreen

        if (source := self._shown_chat()) is not None:
            self._screen.app.push_screen(InspectorScreen(source, frame=frame))

    def replay(self) -> None:
        """Replay the chat whose events are shown."""
        from coze_tui.tui.screens.inspector import inspector_at
        from coze_tui.tui.screens.replay import ReplayScreen

        if (source := self._shown_chat()) is not None:
            self._screen.app.push_screen(ReplayScreen(source, inspector_at))

    async def save_support_bundle(self) -> None:
        """Save the chat whose events are shown for Coze's support."""
        from coze_tui.tui.export_flow import save_support_bundle

        if (source := self._shown_chat()) is not None:
            await save_support_bundle(self._screen.context, source)

    def _shown_chat(self) -> ChatSource | None:
        """Return the chat whose events are shown; show a toast and return None if there is none."""
        from coze_tui.tui.chat_sources import ChatSource

        figures = self._widgets.sidebar.figures
        if figures is None:
            self._notify(_("Nothing has been sent in this conversation yet."))
            return None
        if figures.lacks_events:
            self._notify(no_events_text())
            return None
        chosen = self._widgets.log.chosen
        chat = chosen.chat if chosen is not None and figures is not self._turns.view.figures else 0
        return ChatSource.stored(self._engine_thread, self._conversation.key, chat)

    def _notify(self, text: str) -> None:
        self._screen.notify(text, markup=False)

"""Asking before the first use of a project file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from textual import getters
from textual.binding import Binding, BindingType
from textual.widget import Widget

from coze_tui.config.project import Project, Trust, trust_text
from coze_tui.diagnostics.sentences import joined
from coze_tui.errors import StoreError
from coze_tui.render.cells import cell_len, pad
from coze_tui.text.i18n import N_, _
from coze_tui.tui.context import AppContext
from coze_tui.tui.screens.coze_screen import Pager
from coze_tui.tui.screens.dialogs import Confirm
from coze_tui.tui.widgets.text_views import Paragraph, Paragraphs

_MOST_NAME_CELLS = 24


class TrustProject(Confirm):
    """Asks whether to use a project file. Its result is None if the dialog was closed without an answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "pagedown", "page(1)", N_("page down"), id="trust_project.page_down", show=False, priority=True
        ),
        Binding("pageup", "page(-1)", N_("page up"), id="trust_project.page_up", show=False, priority=True),
    ]
    reading = getters.query_one(Pager)

    def __init__(self, project: Project, trust: Trust) -> None:
        super().__init__(trust_title(), "", _("Use it in this folder"), _("Do not use it"))
        self._project = project
        self._trust: Trust = trust

    def body(self) -> Iterable[Widget]:
        """Yield the content of the file, where tokens go, and the answers."""
        known = list(self._project.facts())
        width = min(_MOST_NAME_CELLS, max((cell_len(name) for name, _value in known), default=0))
        facts: list[Paragraph] = [
            [(pad(name, width), "muted"), (f"  {value}", "text")] for name, value in known
        ]
        warnings: list[Paragraph] = [[(text, "attention")] for text in self._project.warnings]
        with Pager(
            Paragraphs(trust_text(self._project, self._trust), *warnings, "", *facts), classes="body"
        ) as reading:
            reading.can_focus = False
        yield reading
        bot = _("Your questions will go to its bot.") if "bot_id" in self._project.values else ""
        site = _("Its site gets only a token that was saved for it.") if self._project.base_url else ""
        yield Paragraphs("")
        if bot or site:
            yield Paragraphs(joined(bot, site), "", role="muted")
        yield from super().body()

    def action_page(self, step: int) -> None:
        """Scroll the content if not all of it fits."""
        self.reading.scroll_relative(y=step * (self.reading.size.height - 1), animate=False)

    def action_leave(self) -> None:
        """Close without an answer: the file is not used in this run, and the next one asks again."""
        self.dismiss(None)


def trust_title() -> str:
    """Return the title of the dialog, which is also shown while it waits."""
    return _("Use the project file?")


async def use_decision(context: AppContext, is_trusted: bool) -> bool:
    """Save a decision about the project file, and use the settings that follow from it.

    Returns:
        True if the settings have changed.
    """
    startup = context.startup
    try:
        context.startup = await asyncio.to_thread(startup.decide_on_project, is_trusted=is_trusted)
    except StoreError as error:
        context.startup = startup.with_trust(is_trusted=is_trusted)
        context.notify_failure(error, _("You will be asked again at the next start"))
    if not is_trusted:
        return False
    now = context.settings  # the look may have been changed since the start
    look = {name: getattr(now, name) for name in ("theme", "language", "sidebar", "site_names")}
    await context.use(replace(context.startup.settings, **look))
    return True

"""A screen with a message pane: copies its texts, and shows the targets of its links."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Literal
from urllib.parse import quote, urlsplit

from rich.style import Style
from textual import on
from textual.binding import Binding, BindingType
from textual.screen import ScreenResultType
from textual.widget import Widget

from coze_tui.config.child_environment import child_environment
from coze_tui.render.links import says
from coze_tui.terminal.pacing import over_ssh
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import N_, _
from coze_tui.text.urls import readable
from coze_tui.tui.context import AppContext
from coze_tui.tui.key_names import key_for
from coze_tui.tui.log.links import EntryLink
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.screens.coze_screen import CozeScreen, Panel
from coze_tui.tui.widgets.prompt.prompt import Prompt
from coze_tui.tui.widgets.prompt.text_box import TextBox
from coze_tui.tui.widgets.text_views import Paragraphs

PutText = Callable[[str], None]
"""A function that inserts a text at the cursor of the prompt."""
_SCHEMES = frozenset({"http", "https", "mailto"})
_SAFE = ":/?#[]@!$&'()*+,;=%-._~"
_OPENER_SECONDS = 5.0


class LogScreen(CozeScreen[ScreenResultType]):
    """Handles the events of a message pane in the same way on every screen. Its panes are drawn first."""

    def drawn_first(self) -> Sequence[Widget]:
        return tuple(self.query(MessageLog))

    @on(MessageLog.CopyAsked)
    def _copy_asked(self, message: MessageLog.CopyAsked) -> None:
        self.context.copy(message.text, code_words(*message.place) if message.what == "code" else "")

    @on(MessageLog.NoCode)
    def _no_code(self, message: MessageLog.NoCode) -> None:
        if not message.has_some:
            text = _("These messages contain no code block.")
        elif message.step:
            text = _("No code block below.") if message.step > 0 else _("No code block above.")
        else:
            log = self.query(MessageLog).first()
            previous, following = (
                key_for(name, log, self) for name in ("log.previous_code", "log.next_code")
            )
            text = _("No code block is chosen. {previous} and {next} choose one.")
            text = text.format(previous=previous, next=following)
        self.notify(text, markup=False)

    @on(MessageLog.LinkChosen)
    def _link_chosen(self, message: MessageLog.LinkChosen) -> None:
        self.app.run_worker(
            show_link(self.context, message.url, self.put_text),
            group="link",
            exclusive=True,
            exit_on_error=False,
        )

    @on(MessageLog.LinksAsked)
    def _links_asked(self, message: MessageLog.LinksAsked) -> None:
        if not message.links:
            self.notify(_("No link in this message."), markup=False)
            return
        self.app.run_worker(
            choose_link(self.context, message.links, self.put_text),
            group="link",
            exclusive=True,
            exit_on_error=False,
        )

    @on(TextBox.PasteRefused)
    def _paste_refused(self, refused: TextBox.PasteRefused) -> None:
        words = _("{n} characters are too many to paste: attach them as a file, with @ and its path.")
        self.notify(words.format(n=thousands(refused.characters)), severity="warning", markup=False)

    @on(TextBox.PasteNotShown)
    def _paste_not_shown(self, paste: TextBox.PasteNotShown) -> None:
        words = _("{n} characters are too many for the prompt: {key} shows them in your editor.")
        key = key_for("prompt.editor", self.query_one(Prompt), self)
        self.notify(words.format(n=thousands(paste.characters), key=key), markup=False)

    @property
    def put_text(self) -> PutText | None:
        """Return a function that puts a text into the prompt; None without a prompt."""
        return None


def code_words(number: int, count: int, language: str) -> str:
    """Return the name of a code block for the sentence that it was copied: `code block 2/3 go`."""
    place = f"{number}/{count} {clean_line(language)}".rstrip()
    return _("code block {place}").format(place=place)


async def choose_link(context: AppContext, links: Sequence[EntryLink], put: PutText | None) -> None:
    """List the links of a message by number, and show the target of the one that is chosen.

    Call it in a worker. A single link is shown at once.
    """
    from coze_tui.tui.screens.dialogs import Choose, Option

    key: str | None = links[0].url
    if len(links) > 1:
        options = [
            Option(link.url, link.text, "" if says(link.text, link.url) else readable(link.url))
            for link in links
        ]
        key = await context.app.push_screen_wait(Choose(_("Links"), "", options))
    if key is not None:
        await show_link(context, key, put)


async def show_link(context: AppContext, url: str, put: PutText | None = None) -> None:
    """Show the whole target of a link, then do with it what the user chooses. Call it in a worker.

    It can be opened, copied, or put into the prompt if the screen has one. Over SSH it cannot be opened,
    because the browser would start on the remote machine.
    """
    target = openable(url)
    environment = context.startup.environment
    may_open = bool(target) and not over_ssh(environment)
    choice = await context.app.push_screen_wait(ShowLink(url, may_open=may_open, may_put=put is not None))
    if choice == "copy":
        context.copy(clean_line(url), _("the link"))
    elif choice == "put" and put is not None:
        put(clean_line(url))
    elif choice == "open" and context.app.is_web:
        context.app.open_url(target)
    elif choice == "open" and target and not await open_link(target, environment):
        context.app.notify(
            _("Not opened: no program to open links was found."), severity="warning", markup=False
        )


LinkChoice = Literal["copy", "open", "put"]


class ShowLink(Panel[LinkChoice | None]):
    """The whole target of a link, because its text may be misleading. Opens nothing itself.

    Args:
        may_open: Whether a browser can be started on this machine, so that `o` is offered.
        may_put: Whether there is a prompt, so that `p` is offered.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "choose('copy')", N_("copy"), id="link.copy"),
        Binding("o", "choose('open')", N_("open"), id="link.open"),
        Binding("p", "choose('put')", N_("insert into the prompt"), id="link.put"),
    ]

    def __init__(self, url: str, *, may_open: bool = False, may_put: bool = False) -> None:
        super().__init__(_("Link"))
        self._may_put = may_put
        self._url = clean_line(url)
        self._may_open = may_open

    def body(self) -> Iterable[Widget]:
        """Yield the whole URL."""
        yield Paragraphs([(self._url, "bot")])
        if not self._may_open:
            yield Paragraphs("", _("Copy it and open it on your own computer."), role="muted")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer `o` only if a browser can be started, and `p` only if there is a prompt."""
        if parameters == ("put",):
            return self._may_put
        return self._may_open or parameters != ("open",)

    def action_choose(self, choice: LinkChoice) -> None:
        """Close with a choice."""
        self.dismiss(choice)


def openable(url: str) -> str:
    """Return a URL in the form that a program may be given, or an empty string if it must not be opened.

    Accepts http, https and mailto only. The result is quoted again, so it starts with its scheme and contains
    no space and no control character. A mailto URL loses its query, because some mail programs attach the
    files that the query names.
    """
    text = clean_line(url).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    scheme = parts.scheme.lower()
    if scheme not in _SCHEMES or not (parts.netloc or scheme == "mailto"):
        return ""
    return quote(text.partition("?")[0] if scheme == "mailto" else text, safe=_SAFE)


def terminal_link(style: Style) -> str:
    """Return the `openable` target of text in a style that `render.links.link_to` has marked."""
    url = style.meta.get("url")
    return openable(url) if isinstance(url, str) else ""


async def open_link(url: str, environment: Mapping[str, str]) -> bool:
    """Open an `openable` URL with the system's opener; return whether the opener accepted it.

    Neither the opener nor the browser receives the token.
    """
    opener = {"darwin": "open", "win32": "explorer"}.get(sys.platform, "xdg-open")
    try:
        process = await asyncio.create_subprocess_exec(
            opener,
            url,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=child_environment(environment),
        )
    except OSError:
        return False
    try:
        return await asyncio.wait_for(process.wait(), _OPENER_SECONDS) == 0 or sys.platform == "win32"
    except TimeoutError:
        return True  # a browser that runs in the foreground

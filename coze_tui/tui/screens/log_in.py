"""Logging in: trying and saving a token, asking for one, or getting one with a browser (docs/wire.md 1.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input

from coze_tui.api.objects import User
from coze_tui.config.addresses import COZE_CN, COZE_COM, other_site, site_name
from coze_tui.config.tokens import OAuthPair, Secret, hint_for, secret_from_text
from coze_tui.diagnostics.sentences import sentence
from coze_tui.errors import AuthError, CozeTuiError, CredentialsError, SettingsError, StoreError
from coze_tui.text.i18n import N_, _
from coze_tui.tui.context import AppContext
from coze_tui.tui.explained import explain, in_program
from coze_tui.tui.screens.coze_screen import Panel
from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.text_views import Paragraph, Paragraphs, with_parts

if TYPE_CHECKING:
    from coze_tui.api.oauth import DeviceCode

TOKEN_PAGES = {
    COZE_CN: "https://www.coze.cn/open/oauth/pats",
    COZE_COM: "https://www.coze.com/open/oauth/pats",
}
"""The page of each site on which tokens are created."""
_LACKS_PERMISSION = 4101


class LogIn:
    """Gets a token, tries it through the engine, and saves it for the profile in use.

    All methods raise CozeTuiError if the site refuses or cannot be reached.
    """

    def __init__(self, context: AppContext) -> None:
        self._context = context

    async def try_token(self, base_url: str, token: Secret | OAuthPair) -> User | None:
        """Connect the engine to a site with a token from now on, and check the token by one live call.

        Returns:
            The owner of the token; None if the site cannot say.
        """
        await self._connect(base_url, token)
        return await self._context.engine_thread.call(lambda engine: engine.site.check())

    async def keep(self, base_url: str, token: Secret | OAuthPair) -> tuple[str, str]:
        """Save a token that was checked.

        Returns:
            A sentence about where it is, and why it is not in the keyring that the settings ask for, or "".

        Raises:
            CredentialsError, StoreError: it cannot be saved; it works until the program ends.
        """
        settings = replace(self._context.settings, base_url=base_url)
        startup = self._context.startup
        kept = await asyncio.to_thread(startup.keep_token, settings, token)
        return startup.credentials.place_text(kept), startup.credentials.keyring_text(kept)

    async def begin_device(self, base_url: str, client_id: str) -> DeviceCode:
        """Connect the engine to a site without a token; return the code and the page for the browser."""
        await self._connect(base_url, Secret(""))
        return await self._context.engine_thread.call(lambda engine: engine.site.device_code(client_id))

    async def wait_for_device(self, client_id: str, code: DeviceCode) -> OAuthPair:
        """Return the tokens when the user has agreed in the browser."""
        return await self._context.engine_thread.call(lambda engine: engine.site.device_pair(client_id, code))

    async def _connect(self, base_url: str, token: Secret | OAuthPair) -> None:
        context, settings = self._context, replace(self._context.settings, base_url=base_url)
        await context.engine_thread.call(
            lambda engine: engine.site.use(settings, lambda used: context.connect(used, token))
        )


class DeviceLogin(Panel[OAuthPair | None]):
    """Asks for the app's client ID, shows the page on which to agree, and returns the tokens.

    Args:
        client_id: The client ID of the settings, with which the login starts by itself.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "begin", N_("continue"), id="device.begin"),
    ]
    PART = N_("Login with a browser")

    words = getters.query_one("#device-words", Paragraphs)
    client = getters.query_one("#client-id", Field)
    remark = getters.query_one("#device-remark", Paragraphs)

    def __init__(self, log_in: LogIn, base_url: str, client_id: str = "") -> None:
        super().__init__(_("Log in with a browser"), keys=("device.begin",))
        self._log_in = log_in
        self._base_url = base_url
        self._client_id = client_id

    def body(self) -> Iterable[Widget]:
        """Yield the current instruction, the client ID, and the last result."""
        yield Paragraphs(id="device-words")
        yield Field(placeholder=_("client ID: letters and digits"), id="client-id")
        yield Paragraphs(id="device-remark")

    def on_mount(self) -> None:
        """Start the login if the client ID is known."""
        self.heading.show_remark(site_name(self._base_url))
        self.client.put(self._client_id)
        self._ask_client_id()
        if self._client_id:
            self.action_begin()

    def _ask_client_id(self) -> None:
        self.words.show(
            _("You need your own OAuth app of the device type. Create one on the site, under API."),
            [(_("Set `oauth_client_id` in the settings and you will not need to type it again."), "muted")],
            "",
        )
        self._show_field(is_asked=True)

    def _show_field(self, *, is_asked: bool) -> None:
        self.client.display = is_asked
        if is_asked:
            self.client.focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable Enter only while the client ID is asked for."""
        return action != "begin" or (self.is_mounted and bool(self.client.display))

    def action_begin(self) -> None:
        """Start the login with the typed client ID."""
        client_id = self.client.value.strip()
        if client_id:
            self._get_pair(client_id)
        else:
            self.remark.show("", [(_("Enter the client ID first."), "failure")])

    @work(exclusive=True, group="device", exit_on_error=False)
    async def _get_pair(self, client_id: str) -> None:
        site = site_name(self._base_url)
        self.remark.show("", [(_("requesting a code from {site}…").format(site=site), "muted")])
        try:
            code = await self._log_in.begin_device(self._base_url, client_id)
            self._show_code(code)
            pair = await self._log_in.wait_for_device(client_id, code)
        except CozeTuiError as error:
            self._ask_client_id()
            explained = explain(error, base_url=self._base_url)
            self.remark.show(
                "", [(explained.title, "failure")], *filter(None, (explained.what, explained.do))
            )
        else:
            self.dismiss(pair)

    def _show_code(self, code: DeviceCode) -> None:
        self._show_field(is_asked=False)
        self.words.show(
            _("Open this page in a browser on any device:"),
            [(code.verification_url, "bot")],
            "",
            [(_("Code, if the page asks for one:"), "text"), (f" {code.user_code}", "attention bold")],
        )
        self.remark.show("", [(_("Waiting for your approval…"), "muted")])


class TokenStep(Vertical):
    """Asks for a token in the first run; checks and saves it.

    The screen runs its coroutines in workers, which Esc cancels.
    """

    words = getters.query_one("#token-words", Paragraphs)
    field = getters.query_one("#token", Field)
    remark = getters.query_one("#token-remark", Paragraphs)

    def __init__(self, log_in: LogIn, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self.other_site = ""
        """The site for which a refused token may be; empty if there is none."""
        self._log_in = log_in
        self._base_url = ""
        self._checked_site = ""

    def compose(self) -> ComposeResult:
        """Yield the instructions, the field, and the place for what is wrong."""
        yield Paragraphs(id="token-words")
        yield Field(placeholder=_("paste it here (hidden)"), password=True, id="token")
        yield Paragraphs(id="token-remark")

    @property
    def is_done(self) -> bool:
        """Return whether a token of this site was saved, and no other one is typed."""
        return not self.field.value and self._checked_site == self._base_url

    def begin(self, base_url: str) -> None:
        """Ask for a token of a site."""
        if base_url != self._base_url:
            self._base_url = base_url
            self.other_site = ""
            self._show_remark()
        self.words.show(*_token_words(base_url), "")
        self.field.focus()

    def forget(self) -> None:
        """Clear the field: the next token may belong to another site."""
        self.field.put("")
        self._show_remark()

    @on(Input.Changed, "#token")
    def _typed(self) -> None:
        if self.field.value:
            self._show_remark()
            self._offer_site("")

    def read(self) -> Secret | None:
        """Return the typed token, or None after showing what is wrong with it."""
        try:
            return secret_from_text(self.field.value)
        except CredentialsError as error:
            if error.reason == "missing":
                self._show_remark([(_("Paste the token first."), "failure")])
            else:
                self._show_problem(error)
            return None

    async def check(self, token: Secret | OAuthPair) -> str | None:
        """Check a token by one live call, then save it.

        Returns:
            A line that names the owner; None after showing why the site refused the token.
        """
        self._offer_site("")
        site = site_name(self._base_url)
        hint = in_program(hint_for(token)) if isinstance(token, Secret) else ""
        self._show_remark([(_("checking at {site}…").format(site=site), "muted")])
        try:
            user = await self._log_in.try_token(self._base_url, token)
        except CozeTuiError as error:
            # A token without the permission to name its owner is valid all the same (docs/wire.md 4.5).
            if not (isinstance(error, AuthError) and error.code == _LACKS_PERMISSION):
                self._show_problem(error, hint)
                return None
            user = None
        try:
            place, problem = await self._log_in.keep(self._base_url, token)
        except (CredentialsError, StoreError, SettingsError) as error:
            why = explain(error, base_url=self._base_url).text
            text = _("The token works, but was not saved: {why}").format(why=why)
            self.notify(text, severity="warning", markup=False)
        else:
            self.notify(place, markup=False)
            if problem:
                self.notify(sentence(problem), severity="warning", markup=False)
        if hint:
            self.notify(hint, severity="warning", markup=False)
        self._checked_site = self._base_url
        self.field.put("")
        self._show_remark()
        name = (user.nick_name or user.user_name or user.user_id) if user else ""
        return _("valid; belongs to {name}").format(name=name) if name else _("valid")

    def _show_remark(self, *words: Paragraph) -> None:
        """Show words under the field; on a low screen they replace the instructions."""
        self.remark.show(*words)
        self.set_class(bool(words), "-told")

    def _show_problem(self, error: CozeTuiError, hint: str = "") -> None:
        explained = explain(error, base_url=self._base_url)
        words: list[Paragraph] = [[(explained.title, "failure")]]
        words += [[(text, "muted")] for text in (explained.what, hint) if text]
        if isinstance(error, AuthError) and not error.sent_jwt:
            words.append(_("Copy the whole token again, or create a new one."))
            if other := other_site(self._base_url):
                self._offer_site(other)
                words.append(
                    _("A token works on one site only: press Ctrl+T to try it on {site}.").format(
                        site=site_name(other)
                    )
                )
        elif explained.do:
            words.append(explained.do)
        if explained.logid:
            words.append([(f"logid {explained.logid}", "muted")])
        self._show_remark("", *words)

    def _offer_site(self, base_url: str) -> None:
        """Offer a key that tries the token on another site; none for an empty URL."""
        self.other_site = base_url
        self.screen.refresh_bindings()


def _token_words(base_url: str) -> Iterator[Paragraph]:
    if page := TOKEN_PAGES.get(base_url):
        yield with_parts(_("Create a personal access token at {page}"), "text", page=(page, "bot"))
        text = _("Give it the permissions for chats, messages, conversations, bots and files.")
        yield [(text, "muted")]
    else:
        yield _("Create a token in the settings of {site}, under API.").format(site=site_name(base_url))
    text = _("Press {key} to log in with a browser instead.")
    yield with_parts(text, "muted", key=("Ctrl+O", "bot"))
    text = _("Or quit and set COZE_API_TOKEN, or set `token_file` or `token_command` in the settings.")
    yield [(text, "muted")]

"""Logging in: trying and saving a token, and the dialog that gets one with a browser (docs/wire.md 1.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.widget import Widget

from coze_tui.api.objects import User
from coze_tui.config.addresses import site_name
from coze_tui.config.credentials import OAuthPair, Secret
from coze_tui.diagnostics.explain import advice
from coze_tui.errors import CozeTuiError
from coze_tui.text.i18n import N_, _
from coze_tui.tui.context import AppContext
from coze_tui.tui.screens.panel import Panel
from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.paragraphs import Paragraphs

if TYPE_CHECKING:
    from coze_tui.api.oauth import DeviceCode


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

    async def keep(self, base_url: str, token: Secret | OAuthPair) -> None:
        """Save a token that was checked.

        Raises:
            CredentialsError, StoreError: it cannot be saved; it works until the program ends.
        """
        settings = replace(self._context.settings, base_url=base_url)
        await asyncio.to_thread(self._context.start.keep_token, settings, token)

    async def begin_device(self, base_url: str, client_id: str) -> DeviceCode:
        """Connect the engine to a site without a token; return the code and the page for the browser."""
        await self._connect(base_url, Secret(""))
        return await self._context.engine_thread.call(lambda engine: engine.site.device_code(client_id))

    async def wait_for_device(self, client_id: str, code: DeviceCode) -> OAuthPair:
        """Return the tokens as soon as the person agrees in the browser."""
        return await self._context.engine_thread.call(lambda engine: engine.site.device_pair(client_id, code))

    async def _connect(self, base_url: str, token: Secret | OAuthPair) -> None:
        context, settings = self._context, replace(self._context.settings, base_url=base_url)
        await context.engine_thread.call(
            lambda engine: engine.site.use(settings, lambda used: context.connect(used, token))
        )


class DeviceLogin(Panel[OAuthPair | None]):
    """Asks for the app's client id, shows where to agree, and gives the tokens once that is done.

    Args:
        client_id: What is set already; then the login begins by itself.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "begin", N_("go on"), id="device.begin"),
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
        """What is to be done, the client id, and what came of it."""
        yield Paragraphs(id="device-words")
        yield Field(placeholder=_("the client id, some digits and letters"), id="client-id")
        yield Paragraphs(id="device-remark")

    def on_mount(self) -> None:
        """Begin with what is known."""
        self.heading.show_remark(site_name(self._base_url))
        self.client.put(self._client_id)
        self._ask_client_id()
        if self._client_id:
            self.action_begin()

    def _ask_client_id(self) -> None:
        self.words.show(
            _("An OAuth app of yours is needed, of the type for devices: make one on the site, under API."),
            [(_("`oauth_client_id` in the settings saves you from typing it the next time."), "muted")],
            "",
        )
        self._show_field(is_asked=True)

    def _show_field(self, *, is_asked: bool) -> None:
        self.client.display = is_asked
        if is_asked:
            self.client.focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Going on only where something is asked."""
        return action != "begin" or (self.is_mounted and bool(self.client.display))

    def action_begin(self) -> None:
        """Begin the login with the client id that is typed."""
        client_id = self.client.value.strip()
        if client_id:
            self._get_pair(client_id)
        else:
            self.remark.show("", [(_("Type the client id first."), "failure")])

    @work(exclusive=True, group="device", exit_on_error=False)
    async def _get_pair(self, client_id: str) -> None:
        site = site_name(self._base_url)
        self.remark.show("", [(_("asking {site} for a code…").format(site=site), "muted")])
        try:
            code = await self._log_in.begin_device(self._base_url, client_id)
            self._show_code(code)
            pair = await self._log_in.wait_for_device(client_id, code)
        except CozeTuiError as error:
            self._ask_client_id()
            told = advice(error, base_url=self._base_url)
            self.remark.show("", [(told.title, "failure")], *(text for text in (told.what, told.do) if text))
        else:
            self.dismiss(pair)

    def _show_code(self, code: DeviceCode) -> None:
        self._show_field(is_asked=False)
        self.words.show(
            _("Open this page in a browser, on any machine:"),
            [(code.verification_url, "bot")],
            "",
            [(_("The code, if the page asks for it:"), "text"), (f" {code.user_code}", "attention bold")],
        )
        self.remark.show("", [(_("Waiting until you have agreed there …"), "muted")])

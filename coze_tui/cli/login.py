"""`coze-tui login` and `logout`: check a token with one call and save it; delete it."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping
from dataclasses import replace

from coze_tui.api import oauth, resources
from coze_tui.api.client import CozeClient
from coze_tui.cli.exits import Exit, exit_for
from coze_tui.cli.interrupt import Interrupt
from coze_tui.cli.options import Arguments
from coze_tui.cli.project import with_project
from coze_tui.cli.startup import begin, notify, show_error, show_problems
from coze_tui.cli.stdin import read_line
from coze_tui.config.addresses import AddressError, base_url_from_text, site_name
from coze_tui.config.child_environment import TOKEN_VARIABLE
from coze_tui.config.settings import Settings
from coze_tui.config.startup import Startup
from coze_tui.config.tokens import OAuthPair, Secret, hint_for, secret_from_text
from coze_tui.engine.model.dialects import Feature, unserved
from coze_tui.engine.session.site import Connection
from coze_tui.errors import ApiError, CredentialsError, NotServedError, SettingsError, StoreError
from coze_tui.report.console import Console
from coze_tui.terminal.reports import without_reports
from coze_tui.text.i18n import _


def run_login(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Ask for a token, or log in with OAuth; save what Coze accepts.

    Raises:
        CredentialsError: no token was entered, or the text is not a token.
        ApiError: Coze rejects the token.
    """
    interrupt = Interrupt()
    interrupt.take(with_ctrl_c=False)  # SystemExit lets `getpass` switch the echo on again
    startup = with_project(begin(arguments, environment))
    show_problems(startup, needs_site=True)
    console = Console(sys.stdout, environment)
    base_url = _site(startup.settings, console)
    if arguments.device:
        return interrupt.run(_login_by_device(startup, base_url, arguments.workspace or "", console))
    secret = _asked_secret(base_url, console)
    if hint := hint_for(secret):
        notify(hint)
    return interrupt.run(_login_with(startup, base_url, secret, console))


def _site(settings: Settings, console: Console) -> str:
    """Return the site that is set; if none is, ask for it on a terminal, or return the default."""
    if settings.source_of("base_url").kind != "default" or not sys.stdin.isatty():
        return settings.base_url
    while True:
        answer = read_line(_("Site (cn, com, or the URL of a Coze Studio) [cn]: "))
        if answer is None:
            raise CredentialsError("not entered")
        try:
            return base_url_from_text(answer.strip() or "cn")
        except AddressError:
            console.text(_("Not a valid URL: it must start with https://"))


def _asked_secret(base_url: str, console: Console) -> Secret:
    if not sys.stdin.isatty():
        line = read_line("") or ""
        if not line.strip():
            raise CredentialsError("not entered", "stdin")
        return secret_from_text(line, "stdin")
    console.text(_("Token for {site} (hidden while you paste it):").format(site=site_name(base_url)))
    try:
        typed = without_reports(getpass.getpass(_("Token: ")))
    except EOFError:
        typed = ""
        print()
    except UnicodeDecodeError:
        raise CredentialsError("malformed", _("the input")) from None
    if not typed.strip():
        raise CredentialsError("not entered")
    return secret_from_text(typed, _("the input"))


async def _login_with(startup: Startup, base_url: str, secret: Secret, console: Console) -> int:
    client = _connection(startup, base_url, secret).client
    try:
        name = await _owner(client)
    except ApiError as error:
        show_error(error, base_url=base_url)
        return exit_for(error)
    finally:
        await client.aclose()
    return _save(startup, base_url, secret, name, console)


async def _login_by_device(startup: Startup, base_url: str, workspace_id: str, console: Console) -> int:
    client_id = startup.settings.oauth_client_id
    if not client_id:
        raise SettingsError(
            _("is required: the client ID of an OAuth app of the device type"), source="--client-id"
        )
    client = _connection(startup, base_url, Secret("")).client
    try:
        code = await oauth.request_device_code(client, client_id, workspace_id)
        console.text(_("Open this page in a browser on any device:"))
        console.text(f"  {code.verification_url}")
        console.text(_("Code, if the page asks for one: {code}").format(code=code.user_code))
        console.text(_("Waiting for your approval…"))
        console.flush()
        pair = await oauth.wait_for_pair(client, client_id, code)
    except NotServedError as error:
        _show_limit(error, Feature.OAUTH)
        return exit_for(error)
    finally:
        await client.aclose()
    return _save(startup, base_url, pair, "", console)


def _connection(startup: Startup, base_url: str, secret: Secret) -> Connection:
    return Connection(startup.with_settings(replace(startup.settings, base_url=base_url)), secret)


async def _owner(client: CozeClient) -> str:
    """Return the owner of the token, or an empty text from a Coze Studio (docs/wire.md 4.9)."""
    try:
        user = await resources.current_user(client)
    except NotServedError as error:
        _show_limit(error, Feature.WHO_AM_I)
        notify(_("the token will be checked with your first question"))
        return ""
    return user.nick_name or user.user_name or user.user_id


def _show_limit(error: NotServedError, feature: Feature) -> None:
    if limit := unserved(error, feature):
        notify(limit.text)


def _save(startup: Startup, base_url: str, token: Secret | OAuthPair, name: str, console: Console) -> int:
    profile = startup.settings.profile
    kept = startup.credentials.keep(profile, token, base_url)
    try:
        startup.app_state.use_site(profile, base_url)
    except StoreError as error:
        show_error(error)
    if name:
        console.text(_("Logged in to {site} as {name}.").format(site=site_name(base_url), name=name))
    else:
        console.text(_("Logged in to {site}.").format(site=site_name(base_url)))
    console.text(startup.credentials.place_text(kept))
    if problem := startup.credentials.keyring_text(kept):
        notify(problem)
    try:
        source = startup.token().source
    except CredentialsError as error:
        show_error(error)
        return Exit.AUTH
    if source != kept.source:
        notify(_("{source} is set and overrides the token just saved").format(source=source))
    if startup.settings.base_url != base_url and TOKEN_VARIABLE not in startup.environment:
        notify(_("the settings file names a different site: {site}").format(site=startup.settings.site))
    return Exit.OK


# --- logout ---


def run_logout(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Delete the saved token, but not a token from the environment, a file or a command."""
    startup = begin(arguments, environment)
    show_problems(startup)
    console, profile = Console(sys.stdout, environment), startup.settings.profile
    if startup.credentials.forget(profile):
        console.text(_("Deleted the saved token of profile {profile}.").format(profile=profile))
    else:
        console.text(_("Profile {profile} has no saved token.").format(profile=profile))
    try:
        token = startup.token()
    except CredentialsError:
        return 0
    notify(_("{source} still provides a token").format(source=token.source))
    return 0

"""`coze-tui login` and `logout`: check a token with one call and save it; delete it."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Mapping
from dataclasses import replace

from coze_tui.api import oauth, resources
from coze_tui.api.client import CozeClient
from coze_tui.cli.connection import Connection
from coze_tui.cli.exits import Exit, exit_for
from coze_tui.cli.options import Arguments
from coze_tui.cli.start import Start, begin, notify, show_error, show_problems
from coze_tui.config.addresses import AddressError, base_url_from_text, site_name
from coze_tui.config.credentials import TOKEN_VARIABLE, OAuthPair, Secret, hint_for, secret_from_text
from coze_tui.config.settings import Settings
from coze_tui.engine.model.dialects import Feature, unserved
from coze_tui.errors import ApiError, CredentialsError, NotServedError, SettingsError, StoreError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _


def run_login(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Ask for a token, or log in with OAuth; save what Coze accepts."""
    start = begin(arguments, environment)
    show_problems(start, needs_site=True)
    base_url = _site(start.settings)
    if arguments.device:
        return asyncio.run(_login_by_device(start, base_url, arguments.workspace or ""))
    secret = _asked_secret(base_url)
    if hint := hint_for(secret):
        notify(hint)
    return asyncio.run(_login_with(start, base_url, secret))


def _site(settings: Settings) -> str:
    """The site that is set; where none is, the one that is chosen now."""
    if settings.source_of("base_url").kind != "default" or not sys.stdin.isatty():
        return settings.base_url
    while True:
        answer = input(_("Site (cn, com, or the address of a studio) [cn]: ")).strip() or "cn"
        try:
            return base_url_from_text(answer)
        except AddressError:
            print(_("That is no address: it must begin with https://"))


def _asked_secret(base_url: str) -> Secret:
    if not sys.stdin.isatty():
        return secret_from_text(sys.stdin.readline(), "stdin")
    print(_("Token of {site}; it is not shown while you paste it.").format(site=site_name(base_url)))
    return secret_from_text(getpass.getpass(_("Token: ")), _("the input"))


async def _login_with(start: Start, base_url: str, secret: Secret) -> int:
    client = _connection(start, base_url, secret).client
    try:
        name = await _owner(client)
    except ApiError as error:
        show_error(error, base_url=base_url)
        return exit_for(error)
    finally:
        await client.aclose()
    return _keep(start, base_url, secret, name)


async def _login_by_device(start: Start, base_url: str, workspace_id: str) -> int:
    client_id = start.settings.oauth_client_id
    if not client_id:
        raise SettingsError(
            _("needs the client id of an OAuth app of the type for devices"), source="--client-id"
        )
    client = _connection(start, base_url, Secret("")).client
    try:
        code = await oauth.request_device_code(client, client_id, workspace_id)
        print(_("Open this page in a browser, on any machine:"))
        print(f"  {clean_line(code.verification_url)}")
        print(_("The code, if the page asks for it: {code}").format(code=code.user_code))
        print(_("Waiting until you have agreed there …"), flush=True)
        pair = await oauth.wait_for_pair(client, client_id, code)
    except NotServedError as error:
        _show_limit(error, Feature.OAUTH)
        return exit_for(error)
    finally:
        await client.aclose()
    return _keep(start, base_url, pair, "")


def _connection(start: Start, base_url: str, secret: Secret) -> Connection:
    return Connection(start.with_settings(replace(start.settings, base_url=base_url)), secret)


async def _owner(client: CozeClient) -> str:
    """Whose token it is; empty where the server does not tell (docs/wire.md 4.9: a studio)."""
    try:
        user = await resources.current_user(client)
    except NotServedError as error:
        _show_limit(error, Feature.WHO_AM_I)
        notify(_("whether the token is right shows at the first question"))
        return ""
    return user.nick_name or user.user_name or user.user_id


def _show_limit(error: NotServedError, feature: Feature) -> None:
    if limit := unserved(error, feature):
        notify(limit.text)


def _keep(start: Start, base_url: str, token: Secret | OAuthPair, name: str) -> int:
    profile = start.settings.profile
    start.credentials.keep(profile, token)
    try:
        start.memory.use_site(profile, base_url)
    except StoreError as error:
        show_error(error)
    if name:
        print(_("Logged in to {site} as {name}.").format(site=site_name(base_url), name=clean_line(name)))
    else:
        print(_("Logged in to {site}.").format(site=site_name(base_url)))
    print(_("The token is in {path}, for your eyes only.").format(path=start.credentials.path))
    try:
        source = start.token().source
    except CredentialsError as error:
        show_error(error)
        return Exit.AUTH
    if source != str(start.credentials.path):
        notify(_("{source} is set and goes before the token that was just kept").format(source=source))
    if start.settings.base_url != base_url and TOKEN_VARIABLE not in start.environment:
        notify(_("the settings name another site: {site}").format(site=start.settings.site))
    return Exit.OK


# --- logout ---


def run_logout(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Delete the saved token; a token of the environment, a file or a command is not ours to delete."""
    start = begin(arguments, environment)
    show_problems(start)
    profile = start.settings.profile
    if start.credentials.forget(profile):
        print(_("The token of the profile {profile} is forgotten.").format(profile=profile))
    else:
        print(_("There is no kept token of the profile {profile}.").format(profile=profile))
    try:
        token = start.token()
    except CredentialsError:
        return 0
    notify(_("{source} still gives a token").format(source=token.source))
    return 0

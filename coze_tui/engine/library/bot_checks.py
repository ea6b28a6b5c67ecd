"""Checks of a token, a bot and the settings of its chats against the server (docs/wire.md 11.5).

No check costs tokens or changes anything: a permission is tested by a call about something that does not
exist, which a server refuses with 4101 if the token lacks the permission, and otherwise for another reason.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Literal
from urllib.parse import quote

from coze_tui.api import resources
from coze_tui.api.chats import DEFAULT_CONNECTOR
from coze_tui.api.client import CozeClient
from coze_tui.api.json_values import Json, items_of, mapping_of, text_of
from coze_tui.api.objects import Bot
from coze_tui.config.settings import Settings
from coze_tui.diagnostics.sentences import joined
from coze_tui.errors import ApiError, AuthError, CozeTuiError, NotServedError
from coze_tui.text.cells import shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _
from coze_tui.values import valueclass

_LACKS_PERMISSION = 4101
_CHATFLOW = 2
"""`bot_mode` of a bot that is one chatflow (docs/wire.md 4.5)."""
_NAME = re.compile(r"[A-Za-z_]+")
_VALUE_CELLS = 40
_NOTHING = "0"
"""An ID that nothing has."""

Verdict = Literal["good", "note", "wrong"]
"""`note`: nothing is broken, but something will not work as one may expect."""


@valueclass
class Check:
    """The result of one check."""

    subject: str
    verdict: Verdict
    text: str = ""
    error: CozeTuiError | None = None
    """Why it is wrong; `explain` has the sentence."""


@valueclass
class _Permission:
    """A permission of a token by Coze's name, and a call that needs it."""

    name: str
    without: str
    """English, shown through `_`: the consequence of its lack."""
    call: Callable[[CozeClient, str], Awaitable[object]]


def _ids() -> dict[str, str]:
    return {"conversation_id": _NOTHING, "chat_id": _NOTHING}


_PERMISSIONS = (
    _Permission(
        "getMetadata",
        N_("the bot's name, greeting and variables cannot be read"),
        lambda client, bot_id: client.get_json(f"/v1/bots/{quote(bot_id, safe='')}"),
    ),
    _Permission(
        "getChat",
        N_("the rest of an answer that was cut off cannot be fetched"),
        lambda client, bot_id: client.get_json("/v3/chat/retrieve", _ids()),
    ),
    _Permission(
        "listMessage",
        N_("the messages of a chat cannot be fetched"),
        lambda client, bot_id: client.get_json("/v3/chat/message/list", _ids()),
    ),
    _Permission(
        "cancelChat",
        N_("an answer cannot be stopped on the server"),
        lambda client, bot_id: client.post_json("/v3/chat/cancel", _ids()),
    ),
    _Permission(
        "submitToolChat",
        N_("local tools cannot be answered"),
        lambda client, bot_id: client.post_json("/v3/chat/submit_tool_outputs", {"tool_outputs": []}, _ids()),
    ),
    _Permission(
        "listConversation",
        N_("the conversations on the server cannot be listed"),
        lambda client, bot_id: resources.list_conversations(client, bot_id),
    ),
    _Permission(
        "editConversation",
        N_("conversations cannot be renamed, deleted or cleared on the server"),
        lambda client, bot_id: resources.delete_conversation(client, _NOTHING),
    ),
    _Permission(
        "uploadFile",
        N_("files cannot be sent"),
        lambda client, bot_id: client.post_json("/v1/files/upload", {}),
    ),
    _Permission(
        "listWorkspace",
        N_("the bot picker cannot list the workspaces"),
        lambda client, bot_id: resources.list_workspaces(client),
    ),
    _Permission(
        "listBot",
        N_("the bot picker cannot list the bots"),
        lambda client, bot_id: resources.list_bots(client, _NOTHING),
    ),
)


async def check_bot(client: CozeClient, settings: Settings) -> AsyncIterator[Check]:
    """Yield the result of each check, in the order in which a user would mend them.

    Raises:
        TransportError, ProtocolError: the site cannot be reached, or is none.
    """
    try:
        await resources.current_user(client)
        is_studio = False
    except NotServedError:
        is_studio = True  # it has neither owners nor permissions of tokens (docs/wire.md 1.3, 4.9)
    except ApiError as error:
        # A token without any permission is valid as well; only another refusal means that it is not.
        if error.code != _LACKS_PERMISSION:
            yield Check(_("token"), "wrong", error=error)
            return
        is_studio = False
    if is_studio:
        yield Check(_("permissions"), "note", _("tokens of Coze Studio have none"))
    else:
        yield Check(_("token"), "good", _("valid"))
        async for check in _check_permissions(client, settings.bot_id):
            yield check
    if not settings.bot_id:
        yield Check(_("bot"), "note", _("none is set; name one: `coze-tui doctor --bot ID`"))
        return
    check, bot = await _check_published(client, settings)
    yield check
    if bot is not None:
        # The draft tells a variable that is missing from one that is only not published yet.
        draft, values = await _draft(client, settings), await _memory_values(client, settings, bot)
        for problem in without_effect(settings, bot, draft, values, is_studio=is_studio):
            yield Check(_("no effect"), "note", problem)
    if not is_studio:
        yield await _plan(client)


async def _check_permissions(client: CozeClient, bot_id: str) -> AsyncIterator[Check]:
    title = _("permission {name}")
    chat: Json = {"bot_id": _NOTHING, "user_id": _NOTHING, "stream": False, "additional_messages": []}
    lacking = await _lacking(client.post_json("/v3/chat", chat))  # a bot that does not exist answers nothing
    if lacking is not None:
        # Without this one nothing works; without each of the others one feature is missing.
        yield Check(title.format(name="chat"), "wrong", error=lacking)
    else:
        yield Check(title.format(name="chat"), "good")
    for permission in _PERMISSIONS:
        if await _lacking(permission.call(client, bot_id or _NOTHING)) is not None:
            text = _("missing: {consequence}").format(consequence=_(permission.without))
            yield Check(title.format(name=permission.name), "note", text)
        else:
            yield Check(title.format(name=permission.name), "good")


async def _lacking(call: Awaitable[object]) -> AuthError | None:
    """Return the error of a call that a permission is missing for; None for any other result."""
    try:
        await call
    except AuthError as error:
        # That something does not exist is refused only after the permissions are checked.
        return error if error.code == _LACKS_PERMISSION else None
    except ApiError:
        pass
    return None


async def _check_published(client: CozeClient, settings: Settings) -> tuple[Check, Bot | None]:
    """Return whether the bot exists and can be chatted with, and the bot if it can be read."""
    is_draft = settings.publish_status == "unpublished_draft"
    try:
        bot = await (
            _draft(client, settings) if is_draft else resources.retrieve_bot(client, settings.bot_id)
        )
    except ApiError as error:
        if isinstance(error, AuthError) and error.code == _LACKS_PERMISSION:
            text = _("unknown: the permission getMetadata is missing, or the bot is in another workspace")
            return Check(_("bot"), "note", text), None
        return Check(_("bot"), "wrong", error=error), None
    if bot is None:
        return Check(_("bot"), "note", _("its draft cannot be read")), None
    state = _("the draft is used") if is_draft else _("published to API")
    return Check(_("bot"), "good", f"{clean_line(bot.name) or bot.id}: {state}"), bot


async def _draft(client: CozeClient, settings: Settings) -> Bot | None:
    """Return the draft of the bot, or None if it cannot be read (docs/wire.md 12.2)."""
    path = f"/v1/bots/{quote(settings.bot_id, safe='')}"
    try:
        return Bot.from_wire((await client.get_json(path, {"is_published": "false"})).mapping())
    except ApiError:
        return None


# --- variables and parameters ---


async def _memory_values(client: CozeClient, settings: Settings, bot: Bot) -> Mapping[str, str]:
    """Return the values of the bot's memory for the variables of the settings (docs/wire.md 11.2).

    They are those of the user and the channel of the chats. A variable that was never set, or cannot be read,
    is missing.
    """
    names = [name for name in settings.custom_variables if name in _memory_variables(bot)]
    if not names or not settings.user_id:
        return {}
    query = {
        "connector_uid": settings.user_id,
        "connector_id": settings.connector_id or DEFAULT_CONNECTOR,
        "bot_id": settings.bot_id,
        "keywords": ",".join(names),
    }
    try:
        data = (await client.get_json("/v1/variables", query)).mapping()
    except ApiError:
        return {}
    found = (mapping_of(item) for item in items_of(data.get("items")))
    return {
        text_of(each.get("keyword")): text_of(each.get("value")) for each in found if each.get("create_time")
    }


def without_effect(
    settings: Settings, bot: Bot, draft: Bot | None, values: Mapping[str, str], *, is_studio: bool
) -> Iterator[str]:
    """Yield a sentence for each variable and parameter that will have no effect (docs/wire.md 11.5).

    Args:
        bot: the version that answers.
        draft: the bot as its author sees it, or None if it cannot be read.
        values: the values of the bot's memory, by the names of their variables.
    """
    is_chatflow = bot.raw.get("bot_mode") == _CHATFLOW
    names = settings.custom_variables
    if names and is_chatflow:
        yield _("custom_variables: the bot is a chatflow and has no prompt. Use `parameters`.")
    elif names:
        for name in names:
            memory = _memory_variables(bot).get(name)
            if memory is not None:
                problem = _memory_text(name, memory, values, settings)
            else:
                problem = _problem_of(name, bot, draft, is_studio=is_studio)
            if problem:
                yield _("custom_variables.{name}: {problem}").format(name=clean_line(name), problem=problem)
    # All variables at once, so the sentence names none.
    thinking = mapping_of(mapping_of(bot.raw.get("model_info")).get("parameters")).get("thinking_type")
    if names and thinking == "enabled":
        yield _("custom_variables: a bot ignores variables while its model has thinking turned on.")
    if settings.parameters and is_studio:
        yield _("parameters: Coze Studio does not pass them to a bot's workflows.")
    elif settings.parameters and not is_chatflow:
        yield _("parameters: the bot is not a chatflow. Use `custom_variables` for its prompt.")


def _memory_text(name: str, memory: Json, values: Mapping[str, str], settings: Settings) -> str:
    """Return why a chat does not set a variable of the bot's memory, and what the bot sees instead."""
    text = _(
        "it is a variable of the bot's memory, which a chat cannot set. Set it with PUT /v1/variables, "
        "or give the variable of the prompt another name."
    )
    if memory.get("enable") is False:
        return joined(text, _("It is turned off in the bot."))
    if memory.get("prompt_enable") is False:
        return joined(text, _("It is for workflows only: its value is not part of the prompt."))
    user, channel = clean_line(settings.user_id), clean_line(settings.connector_id) or DEFAULT_CONNECTOR
    if name in values:
        value = shorten(clean_line(values[name]), _VALUE_CELLS)
        state = _("For user {user} and channel {channel} its value is “{value}”.")
        state = state.format(user=user, channel=channel, value=value)
    else:
        state = _("For user {user} and channel {channel} no value is known, so its default applies.")
        state = state.format(user=user, channel=channel)
    return joined(text, state, _("Each token, user and channel has values of its own."))


def _problem_of(name: str, bot: Bot, draft: Bot | None, *, is_studio: bool) -> str:
    """Return why a variable has no effect and what to do, or an empty text."""
    if not is_studio and not _NAME.fullmatch(name):
        return _("Coze accepts only letters (A–Z, a–z) and _ in names. Rename it here and in the prompt.")
    prompt = _prompt_of(bot)
    if not prompt:
        return _("the server does not show the bot's prompt. Check that it contains {mark}.").format(
            mark=f"{{{{{clean_line(name)}}}}}"
        )
    if f"{{{{{name}}}}}" in prompt:
        return ""
    if re.search(rf"\{{\{{\s*{re.escape(name)}\s*\}}\}}", prompt):
        if not is_studio:
            return ""
        return _("the prompt has spaces inside the braces, which Coze Studio does not match. Remove them.")
    if draft is not None and f"{{{{{name}}}}}" in _prompt_of(draft):
        return _("only the draft's prompt contains it. Publish the bot again.")
    if is_studio and re.search(rf"\{{%[^%]*\b{re.escape(name)}\b", prompt):
        return _("Coze Studio fills in names only in {{…}}, not in {% … %}.")
    return _("the bot's prompt does not contain {mark}. Add it and publish the bot.").format(
        mark=f"{{{{{clean_line(name)}}}}}"
    )


def _prompt_of(bot: Bot) -> str:
    info = mapping_of(bot.raw.get("prompt_info"))
    prefix = mapping_of(info.get("prefix_prompt_info"))
    parts = (info.get("prompt"), prefix.get("prefix_prompt"), prefix.get("dynamic_prompt"))
    return "\n".join(text for part in parts if (text := text_of(part)))


def _memory_variables(bot: Bot) -> Mapping[str, Json]:
    found = (mapping_of(item) for item in items_of(bot.raw.get("variables")))
    return {text_of(each.get("keyword")): each for each in found}


# --- quota ---


async def _plan(client: CozeClient) -> Check:
    """Return what can be known of the quota: the plan (docs/wire.md 16.1, 16.2)."""
    subject = _("quota")
    try:
        data = (await client.get_json("/v1/commerce/benefit/benefits/get")).mapping()
    except ApiError:
        text = _("unknown without the permission getBenefit; Coze never reports how many calls remain")
        return Check(subject, "note", text)
    level = clean_line(text_of(mapping_of(data.get("basic_info")).get("user_level")))
    if level == "free":
        text = _("free plan: 500 API calls in total. Coze does not report how many remain.")
        return Check(subject, "note", text)
    text = _("plan {name}; Coze does not report how many calls or points remain")
    return Check(subject, "good", text.format(name=level or "?"))

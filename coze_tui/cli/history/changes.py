"""`coze-tui history rename`, `delete` and `prune`: what changes the history."""

from __future__ import annotations

from coze_tui.cli.agreeing import confirm
from coze_tui.cli.exits import Exit
from coze_tui.cli.history.command import Call, conversation_named, conversations_named
from coze_tui.cli.history.listing import conversation_values
from coze_tui.cli.history.server import delete_there, rename_there
from coze_tui.cli.option_values import age_in_days
from coze_tui.cli.start import notify
from coze_tui.engine.library.conversations import summary_of
from coze_tui.engine.library.history import Browsing
from coze_tui.engine.session.maintenance import DAY_MS, give_back, prune_captures, prune_conversations
from coze_tui.errors import SettingsError
from coze_tui.store import history, retention
from coze_tui.store.database import now_ms
from coze_tui.store.retention import PrunePlan
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import size, thousands
from coze_tui.text.i18n import _, ngettext


async def rename_conversation(call: Call) -> int:
    """Give one another title."""
    if len(call.words) < 2 or not " ".join(call.words[1:]).strip():
        raise SettingsError(_("give the id of a conversation and its new title"), source="rename")
    saved, title = await conversation_named(call, call.words[0]), " ".join(call.words[1:])
    await Browsing(call.database).rename(saved.key, title)
    await _print_changed(call, saved.key)
    return await rename_there(call, saved, clean_line(title).strip())


async def delete_conversations(call: Call) -> int:
    """Take some out of sight, or bring them back; those are only here then."""
    browsing = Browsing(call.database)
    if call.arguments.undo:
        keys = [await _deleted(call, word) for word in call.words]
        if not keys:
            raise SettingsError(_("which conversation? Give its id"), source="ID")
        await browsing.undelete(keys)
        for key in keys:
            await _print_changed(call, key)
        return Exit.OK
    found = await conversations_named(call, call.words)
    await browsing.delete([saved.key for saved in found])
    for saved in found:
        await _print_changed(call, saved.key)
    notify(_("deleted; `coze-tui history delete --undo ID` brings it back here for seven days"))
    return await delete_there(call, found)


async def _deleted(call: Call, word: str) -> str:
    saved = await call.database.read(lambda c: history.conversation(c, word))
    if saved is None:
        raise SettingsError(_("there is no conversation of this id"), source=clean_line(word))
    return saved.key


async def _print_changed(call: Call, key: str) -> None:
    saved = await call.database.read(lambda c: history.conversation(c, key))
    if saved is None:
        return
    if call.arguments.json:
        values = conversation_values(summary_of(saved))
        call.paper.json({**values, "deleted": bool(saved.deleted_at)})
    else:
        call.paper.line((saved.key, "answering"), (f"  {saved.title}", "plain"))


# --- prune ---


async def prune_history(call: Call) -> int:
    """Say what would be removed, ask, remove it, and give the room back."""
    arguments = call.arguments
    days = age_in_days(arguments.older_than or "")
    if days is None:
        raise SettingsError(
            _("must be a number of days, weeks or years such as 90d, 12w, 1y"), source="--older-than"
        )
    before_ms = now_ms() - days * DAY_MS
    if arguments.captures:
        plan = await call.database.read(lambda c: retention.capture_plan(c, before_ms))
    else:
        plan = await call.database.read(lambda c: retention.prune_plan(c, before_ms))
    if not arguments.json:
        print(_plan_text(plan))
    is_wanted = bool(plan.conversations or plan.captures) and not arguments.dry_run
    is_done = is_wanted and (arguments.yes or confirm(_("Remove this for good?")))
    given_back = 0
    if is_done:
        if arguments.captures:
            await prune_captures(call.database, before_ms)
        else:
            await prune_conversations(call.database, plan.keys)
        given_back = await give_back(call.database)
    if arguments.json:
        call.paper.json(
            {
                "conversations": plan.conversations,
                "messages": plan.messages,
                "chats": plan.chats,
                "captures": plan.captures,
                "bytes": plan.bytes,
                "ids": plan.keys,
                "done": is_done,
                "given_back_bytes": given_back,
            }
        )
    elif is_done:
        room = _("{size} are free on the disk again.").format(size=size(given_back))
        print(room if given_back else _("Removed; the room will be used again."))
    elif is_wanted:
        notify(_("nothing was removed"))
    return Exit.OK


def _plan_text(plan: PrunePlan) -> str:
    if not plan.conversations and not plan.captures:
        return _("There is nothing so old.")
    parts = []
    if plan.conversations:
        parts = [
            ngettext("{n} conversation", "{n} conversations", plan.conversations).format(
                n=thousands(plan.conversations)
            ),
            ngettext("{n} message", "{n} messages", plan.messages).format(n=thousands(plan.messages)),
        ]
    parts.append(
        ngettext("the events of {n} chat", "the events of {n} chats", plan.captures).format(
            n=thousands(plan.captures)
        )
    )
    return _("To be removed: {things}; about {size}.").format(things=", ".join(parts), size=size(plan.bytes))

"""The conversations that only the server has, once it was asked for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from coze_tui.alike import spans
from coze_tui.engine.server_side import ServerConversation, ServerPage, Taken

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine
    from coze_tui.engine.home import EngineHome

_MOST_PAGES = 40


class ServerListing:
    """What one bot's site has beside what is here.

    Args:
        bot_name: Kept with what is brought here.
    """

    def __init__(self, home: EngineHome[Engine], bot_id: str, bot_name: str) -> None:
        self._home = home
        self._bot_id = bot_id
        self._bot_name = bot_name
        self._only_there: dict[str, ServerConversation] = {}
        """By Coze's id."""
        self.is_asked = False

    def only_there(self, query: str) -> Sequence[ServerConversation]:
        """What is not here; with a query what has it in its name."""
        found = self._only_there.values()
        return [each for each in found if not query or spans(each.name, query)]

    async def ask(self) -> None:
        """List all the server has, page by page, and keep with what is here whether it is there.

        Raises:
            CozeTuiError: the server was not reached, or refused; what was known before stands.
        """
        found, ids, has_more = dict[str, ServerConversation](), set[str](), True
        for number in range(1, _MOST_PAGES + 1):
            page = await self._home.call(_page(self._bot_id, number))
            ids |= {each.conversation_id for each in page.items}
            found |= {each.conversation_id: each for each in page.items if not each.key}
            has_more = page.has_more
            if not has_more:
                break
        if not has_more:  # else what is not among them may be there all the same
            await self._home.call(lambda engine: engine.server_side.note(self._bot_id, ids))
        self._only_there, self.is_asked = found, True

    async def take(self, conversation: ServerConversation) -> Taken:
        """Bring one here, or what of it is not here yet."""
        bot_name = self._bot_name
        taken = await self._home.call(lambda engine: engine.server_side.take(conversation, bot_name))
        self._only_there.pop(conversation.conversation_id, None)
        return taken

    async def rename(self, conversation: ServerConversation, title: str) -> None:
        """Give one that is only there another name."""
        await self._home.call(lambda engine: engine.server_side.rename_there(conversation, title))
        self._only_there[conversation.conversation_id] = replace(conversation, name=title)


def _page(bot_id: str, number: int) -> Callable[[Engine], Awaitable[ServerPage]]:
    return lambda engine: engine.server_side.page(bot_id, number)

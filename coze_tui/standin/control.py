"""The control path /_standin/…: the methods of `StandIn` for other processes and `curl`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from coze_tui.standin.context import Failure, ServerContext, Token, json_reply
from coze_tui.standin.faults import FAULTS, Faults, UnknownFault, parse
from coze_tui.standin.http import Answer, Request
from coze_tui.standin.oauth import OAuth
from coze_tui.standin.objects import Json
from coze_tui.standin.questions import mapping, required
from coze_tui.standin.scenarios import Bot
from coze_tui.standin.wire import DONE_STYLES


@dataclass
class Control:
    """Handles /_standin/{what}."""

    context: ServerContext
    oauth: OAuth
    requests: Iterable[Request]
    """The requests that the server received, oldest first."""
    add_fault: Callable[[Faults, str, int], None]
    """Breaks the next calls of a path: faults, path, number of calls."""

    async def handle(self, request: Request) -> Answer:
        """Run one command; the body is a JSON object."""
        what = request.query.get("what", "")
        action = self._actions().get(what)
        if action is None:
            raise Failure(4000, f"no such control: {what}", 404)
        body = mapping(request.body) if request.raw else {}
        return json_reply({"code": 0, "msg": "", "data": action(body)})

    def _actions(self) -> Mapping[str, Callable[[Mapping[str, object]], object]]:
        return {
            "requests": self._requests,
            "switch": self._switch,
            "fault": self._fault,
            "faults": lambda body: {"faults": FAULTS, "done": list(DONE_STYLES)},
            "release": self._release,
            "gates": lambda body: self.context.gates.arrived(),
            "token": self._token,
            "device": self._device,
            "bots": lambda body: [_bot(bot) for bot in self.context.state.bots.values()],
            "elsewhere": lambda body: {},
        }

    def _requests(self, body: Mapping[str, object]) -> object:
        return [
            {"method": r.method, "path": r.path, "query": dict(r.query), "body": r.body, "at": r.at}
            for r in self.requests
        ]

    def _switch(self, body: Mapping[str, object]) -> object:
        """Set the given switches; return all switches."""
        switches = self.context.switches
        for name, value in body.items():
            if not hasattr(switches, name) or type(value) is not type(getattr(switches, name)):
                raise Failure(4000, f"no such switch, or not of its type: {name}")
            setattr(switches, name, value)
        return dataclasses.asdict(switches)

    def _fault(self, body: Mapping[str, object]) -> object:
        """{"path", "words", "times"}: faults for the next calls of a path."""
        times = body.get("times", 1)
        try:
            faults = parse(required(body, "words"))
            self.add_fault(faults, required(body, "path"), times if isinstance(times, int) else 1)
        except UnknownFault as error:
            raise Failure(4000, str(error)) from error
        return {}

    def _release(self, body: Mapping[str, object]) -> object:
        self.context.gates.release(required(body, "gate"))
        return {}

    def _token(self, body: Mapping[str, object]) -> object:
        """{"token", "scopes": [...] or null}: accept a token."""
        scopes = body.get("scopes")
        entry = Token(None if not isinstance(scopes, list) else frozenset(str(scope) for scope in scopes))
        self.context.tokens[required(body, "token")] = entry
        return {}

    def _device(self, body: Mapping[str, object]) -> object:
        """{"user_code", "decision": "approve" or "deny"}."""
        return {"known": self.oauth.decide(required(body, "user_code"), required(body, "decision"))}


def _bot(bot: Bot) -> Json:
    return {"id": bot.id, "name": bot.name, "description": bot.description, "is_published": bot.is_published}

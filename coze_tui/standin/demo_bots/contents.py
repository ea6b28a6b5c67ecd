"""A bot that sends every kind of content: cards, forms, files, images, thinking, and nothing at all.

See docs/wire.md 3.4 and 12.5.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from coze_tui.standin.scenarios import (
    Answer,
    Complete,
    Delta,
    Event,
    FunctionCall,
    Pause,
    Step,
    ToolResponse,
    Turn,
    Verbose,
)

KINDS = 9
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def scenario(turn: Turn) -> Iterable[Step]:
    """Return the kind with the number in the question, otherwise the next one; continue after a choice."""
    cities = turn.pick("北京 上海", "Beijing Shanghai").split()
    if turn.question.strip() in cities:
        return [
            Answer(turn.pick("好，去{city}。", "Right, {city} it is.").format(city=turn.question.strip()))
        ]
    asked = re.search(r"[1-9]", turn.question)
    kind = int(asked.group()) if asked else (turn.number - 1) % KINDS + 1
    return [Pause(0.3), *_steps(kind, turn, cities)]


def _steps(kind: int, turn: Turn, cities: list[str]) -> Iterable[Step]:
    if kind == 1:
        question = turn.pick("您要去哪个城市？", "Which city do you want to visit?")
        options = [{"name": city} for city in cities]
        content = {"question": question, "options": options}
        return [
            *_card({"type": "question", "content_type": "option", "content": content}),
            Verbose("interrupt"),
        ]
    if kind == 2:
        fields = [
            {
                "name": "city",
                "type": "string",
                "required": True,
                "description": turn.pick("城市", "the city"),
            },
            {"name": "day", "type": "string", "required": False},
        ]
        return [*_card(fields), Verbose("interrupt")]
    if kind == 3:
        items = [
            {"type": "text", "text": turn.pick("这是船票：", "Here is the ticket:")},
            {"type": "image", "file_url": "https://example.invalid/ticket.png"},
            {"type": "file", "name": "ticket.pdf", "file_url": "https://example.invalid/ticket.pdf"},
        ]
        return [Complete(_json({"item_list": items}), content_type="mix")]
    if kind == 4:
        return [Answer(f"![pixel]({PIXEL})")]
    if kind == 5:
        thought = turn.pick("先想一想。", "Let me think first.")
        return [Answer(f"<think>\n{thought}\n</think>\n\n" + turn.pick("想好了。", "There it is."))]
    if kind == 6:
        return [Complete("")]
    if kind == 7:
        text = turn.pick("七天内可以退货。", "Returns are accepted for seven days.")
        chunk = {"slice": text, "score": 0.93, "meta": {"document": {"name": "returns.pdf"}}}
        agent = {"agent_id": "7511000000000000077", "agent_name": turn.pick("售后专员", "After-sales")}
        return [
            Verbose("multi_agents_jump_to_agent", _json(agent)),
            Verbose("time_capsule_recall", _json({"content": turn.pick("穿 42 码的鞋", "wears size 42")})),
            Verbose("knowledge_recall", _json({"chunks": [chunk]})),
            Answer(turn.pick("七天内可以退。", "Within seven days, yes.")),
        ]
    if kind == 8:
        return [
            FunctionCall("shop", "order", {"number": 7}),
            ToolResponse('{"code":1001,"msg":"quota exhausted (sample)","data":"{}"}', plain=True),
            Answer(turn.pick("现在查不到。", "I cannot look it up now.")),
        ]
    return [
        Delta(turn.pick("刚开始说", "I was just going to")),
        Event("conversation.chat.canceled", {"status": "canceled"}),
    ]


def _card(content: object) -> Iterable[Step]:
    text = _json(content)
    return [Delta(text, content_type="card"), Complete(text, content_type="card")]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

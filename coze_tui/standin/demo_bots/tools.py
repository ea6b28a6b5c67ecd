"""Bots with tools: plugins and knowledge, local tools, a question to the user."""

from __future__ import annotations

import re
from collections.abc import Iterable

from coze_tui.standin.demo_bots import friendly
from coze_tui.standin.scenarios import (
    Answer,
    AskBack,
    FunctionCall,
    Knowledge,
    Pause,
    RequireAction,
    Step,
    ToolCall,
    ToolResponse,
    Turn,
    Verbose,
)

FERRIES = (("18:40", "白鹭号|Egret", 46), ("19:25", "海燕号|Petrel", 112), ("20:10", "白鹭号|Egret", 80))
"""Departure, Chinese and English name, and free seats."""


def plugins(turn: Turn) -> Iterable[Step]:
    """Return knowledge, a plugin call with its response, and an answer before and after it."""
    known = friendly.known(turn)
    if known:
        return [Answer(known)]
    pier = turn.pick("三号码头", "pier 3")
    ferries = [(dep, turn.pick(*names.split("|")), seats) for dep, names, seats in FERRIES]
    timetable = ", ".join(
        f'{{"dep":"{dep}","ship":"{ship}","seats":{seats}}}' for dep, ship, seats in ferries
    )
    rows = "\n".join(f"| {dep} | {ship} | {seats} |" for dep, ship, seats in ferries)
    return [
        Verbose("time_capsule_recall", '{"content":""}'),
        Knowledge(
            (
                (
                    turn.pick("渡轮须知.pdf", "ferry-guide.pdf"),
                    turn.pick("开船前五分钟停止检票。", "Boarding ends five minutes early."),
                ),
                (
                    turn.pick("票价.xlsx", "fares.xlsx"),
                    turn.pick("成人 6 元，儿童 3 元。", "Adults 6 yuan, children 3."),
                ),
            )
        ),
        Answer(turn.pick("我查一下时刻表。", "Let me look at the timetable.")),
        Pause(0.3),
        FunctionCall(
            "ferry", "next", {"pier": pier, "count": 3},
            thought=turn.pick("要查下一班船", "I need the next ferries"),
        ),
        Pause(0.9),
        ToolResponse(f"[{timetable}]"),
        Verbose("stream_plugin_finish", '{"uuid":"7511000000000000093","tool_output_content":""}'),
        Answer(
            turn.pick(
                f"从{pier}出发，接下来三班：\n\n| 开船 | 船 | 余座 |\n|---|---|--:|\n{rows}\n\n"
                "开船前五分钟停止检票，成人 6 元，儿童 3 元。赶 **18:40** 那班的话，现在出门正好。",
                f"The next three from {pier}:\n\n| Leaves | Ship | Seats |\n|---|---|--:|\n{rows}\n\n"
                "Boarding ends five minutes early; adults 6 yuan, children 3. For **18:40**, leave now.",
            ),
            message="second",
        ),
    ]  # fmt: skip


def local(turn: Turn) -> Iterable[Step]:
    """Call one local tool; two at once for "several", two in sequence for "a chain"."""
    known = friendly.known(turn)
    if known:
        return [Answer(known)]
    clock = ToolCall("device", "get_local_time", {"timezone": "Asia/Shanghai", "seconds": False})
    battery = ToolCall("device", "get_battery", {"unit": "percent"})
    wait: list[Step] = [Pause(0.4)]
    if re.search(r"连环|一个接一个|chain|one after", turn.question, re.I):
        return [*wait, RequireAction((clock,)), RequireAction((battery,)), _report]
    if re.search(r"几个|多个|两个|都|several|both|two", turn.question, re.I):
        return [*wait, RequireAction((clock, battery)), _report]
    return [*wait, RequireAction((clock,)), _report]


def _report(turn: Turn) -> Iterable[Step]:
    outputs = [output.strip() for output in turn.outputs.values()]
    quoted = "\n".join(f"- `{output[:200]}`" for output in outputs)
    if any(re.search(r"拒绝|refuse|denied|declin|reject", output, re.I) for output in outputs):
        return [
            Answer(
                turn.pick(
                    "明白，你没有把结果给我，那我就不猜了。要是改了主意，再问一次就好。",
                    "You declined, so I will not guess. Ask again if you like.",
                )
            )
        ]
    return [
        Answer(
            turn.pick(
                f"谢谢，你的机器告诉我：\n\n{quoted}\n\n本地工具的结果就是这样回到对话里的。",
                f"Thank you. Your machine says:\n\n{quoted}\n\n"
                "That is how the output of a local tool returns to the chat.",
            )
        )
    ]


def ask_back(turn: Turn) -> Iterable[Step]:
    """Ask a question; the next message continues the scenario from there."""

    def order(_: Turn) -> Iterable[Step]:
        order = turn.outputs["reply"].strip()
        return [
            Answer(
                turn.pick(
                    f"好，{order}，记下了：明早七点半送到。",
                    f"Right, {order} it is: tomorrow at half past seven.",
                )
            )
        ]

    known = friendly.known(turn)
    if known:
        return [Answer(known)]
    return [
        Pause(0.4),
        AskBack(turn.pick("早餐要甜的还是咸的？", "Would you like a sweet breakfast or a savory one?")),
        order,
    ]

"""The reasoning bot: solves a puzzle of heads and legs step by step."""

from __future__ import annotations

import re
from collections.abc import Iterable

from coze_tui.standin.demo_bots import friendly
from coze_tui.standin.scenarios import Answer, Step, Turn


def scenario(turn: Turn) -> Iterable[Step]:
    """Return reasoning, then the answer."""
    known = friendly.known(turn)
    if known:
        thought = turn.pick(
            "这个问题我认得，先核对一下日子和数字，再回答。",
            "I know this one. Let me check the dates and numbers first.",
        )
        return [Answer(known, reasoning=thought, wait=0.8)]
    numbers = [int(text) for text in re.findall(r"\d+", turn.question)]
    heads, legs = (numbers[0], numbers[1]) if len(numbers) >= 2 else (35, 94)
    reasoning, text = (_chinese if turn.chinese else _english)(heads, legs)
    return [Answer(text, reasoning=reasoning, wait=0.8)]


def _solve(heads: int, legs: int) -> tuple[int, int] | None:
    """Return (rabbits, chickens), or None if there is no solution."""
    rabbits, odd = divmod(legs - 2 * heads, 2)
    return None if odd or not 0 <= rabbits <= heads else (rabbits, heads - rabbits)


def _chinese(heads: int, legs: int) -> tuple[str, str]:
    solved = _solve(heads, legs)
    start = (
        f"题目里有 {heads} 个头、{legs} 只脚，问鸡和兔各几只。\n"
        f"先假设全是鸡，那么应当有 {heads} × 2 = {2 * heads} 只脚。\n"
        f"实际有 {legs} 只，相差 {legs - 2 * heads} 只。\n"
    )
    if solved is None:
        thought = start + "每把一只鸡换成兔，脚多 2 只；这个差数换不出来，所以没有整数解。"
        return (
            thought,
            f"{heads} 个头、{legs} 只脚**没有整数解**：差出的 {legs - 2 * heads} 只脚不能由兔子补上。",
        )
    rabbits, chickens = solved
    thought = start + (
        f"每把一只鸡换成兔，脚多 2 只，所以兔有 {legs - 2 * heads} ÷ 2 = {rabbits} 只，"
        f"鸡有 {heads} − {rabbits} = {chickens} 只。\n"
        f"验算：{rabbits} × 4 + {chickens} × 2 = {rabbits * 4 + chickens * 2}，对上了。"
    )
    return thought, (
        f"兔 **{rabbits}** 只，鸡 **{chickens}** 只。\n\n"
        f"假设全是鸡，只有 {2 * heads} 只脚；少的 {legs - 2 * heads} 只由兔子补上，正好 {rabbits} 只。"
    )


def _english(heads: int, legs: int) -> tuple[str, str]:
    solved = _solve(heads, legs)
    start = (
        f"There are {heads} heads and {legs} legs; how many chickens, how many rabbits?\n"
        f"Suppose they are all chickens: that makes {heads} × 2 = {2 * heads} legs.\n"
        f"There are {legs}, so the difference is {legs - 2 * heads}.\n"
    )
    if solved is None:
        thought = (
            start + "Turning a chicken into a rabbit adds two legs; that difference cannot be made this way."
        )
        return thought, f"{heads} heads and {legs} legs have **no answer in whole animals**."
    rabbits, chickens = solved
    thought = start + (
        f"Turning a chicken into a rabbit adds two legs, so {legs - 2 * heads} ÷ 2 = {rabbits} are rabbits "
        f"and {heads} − {rabbits} = {chickens} chickens.\n"
        f"Check: {rabbits} × 4 + {chickens} × 2 = {rabbits * 4 + chickens * 2}. Good."
    )
    said = " and ".join(
        f"**{count}** {name if count == 1 else name + 's'}"
        for name, count in (("rabbit", rabbits), ("chicken", chickens))
    )
    return thought, (
        f"{said}.\n\n"
        f"All chickens would have {2 * heads} legs; each rabbit adds two, and {legs - 2 * heads} are missing."
    )

"""小春 Xiaochun, the default bot: answers a few fixed topics and admits that it is a mock otherwise."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable
from datetime import date
from importlib import resources

from coze_tui.standin.scenarios import Answer, FollowUps, Step, Turn

# First day of the lunar year, with its name.
NEW_YEARS: dict[int, tuple[int, int, str, str]] = {
    2020: (1, 25, "庚子鼠年", "Rat"),
    2021: (2, 12, "辛丑牛年", "Ox"),
    2022: (2, 1, "壬寅虎年", "Tiger"),
    2023: (1, 22, "癸卯兔年", "Rabbit"),
    2024: (2, 10, "甲辰龙年", "Dragon"),
    2025: (1, 29, "乙巳蛇年", "Snake"),
    2026: (2, 17, "丙午马年", "Horse"),
    2027: (2, 6, "丁未羊年", "Goat"),
    2028: (1, 26, "戊申猴年", "Monkey"),
    2029: (2, 13, "己酉鸡年", "Rooster"),
    2030: (2, 3, "庚戌狗年", "Dog"),
    2031: (1, 23, "辛亥猪年", "Pig"),
}
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_SUM = re.compile(r"[-(]*\d[\d.]*(?:\s*[-+*/×÷%]\s*[-(]*\s*\d[\d.]*\s*\)*)+")


def scenario(turn: Turn) -> Iterable[Step]:
    """Return an answer, then three suggested questions."""
    return [Answer(answer(turn)), FollowUps(follow_ups(turn))]


def answer(turn: Turn) -> str:
    """Return the reply of 小春, which the ordinary demo bots share."""
    return known(turn) or _otherwise(turn)


def known(turn: Turn) -> str:
    """Return an answer about a fixed topic (festival, sums, greetings, files), or an empty text."""
    question = turn.question.lower()
    festival = "春节" in question or "spring festival" in question or "chinese new year" in question
    if festival and re.search(r"网页|页面|web ?page|html", question):
        return read_text("festival.zh.md" if turn.chinese else "festival.en.md").rstrip()
    if festival:
        return _new_year(turn)
    if not re.search(r"\d{4}-\d", question) and (found := _SUM.search(question)):
        return _sum(found.group(), turn)
    if turn.files:
        names = "、".join(turn.files) if turn.chinese else ", ".join(turn.files)
        return turn.pick(
            f"收到文件：{names}。我只是模拟智能体，读不了里面的内容，但文件已收到。",
            f"I received {names}. I am only a mock bot and cannot read it, but it arrived.",
        )
    if re.search(r"我(刚才|刚刚|上次).*(问|说)|what did i (ask|say)", question):
        return _remember(turn)
    if re.search(r"^(你好|您好|嗨|hi|hello|hey)\b|^你好|^您好", question.strip()):
        return turn.pick("你好呀！今天想聊点什么？", "Hello! What shall we talk about?")
    if re.search(r"你是谁|who are you", question):
        return turn.pick(
            "我是**小春**，运行在本机的模拟智能体：没有模型，没有网络，也不花钱。",
            "I am **Xiaochun**, a mock bot on your own machine: no model, no network, no cost.",
        )
    return ""


def _otherwise(turn: Turn) -> str:
    asked = turn.question.strip().replace("\n", " ")
    asked = asked if len(asked) <= 40 else asked[:39] + "…"
    return turn.pick(
        f"你问的是“{asked}”。我只是没有模型的模拟智能体，答不了这个。\n\n"
        "不过你可以试试：\n\n"
        "- `2025年春节是哪一天`\n"
        "- `2025春节有什么不一样的，做成一个网页`\n"
        "- `1 + 1`\n\n"
        "或者换一个智能体：Markdown 之旅、边想边答、会用工具、要你帮忙、断线…每一个都演示一种情形。",
        f"You asked: “{asked}”. I am only a mock bot without a model, so I cannot answer that.\n\n"
        "What I can do:\n\n"
        "- `When is the Spring Festival in 2025?`\n"
        "- `What is different about the 2025 Spring Festival? Make it a web page`\n"
        "- `1 + 1`\n\n"
        "Or pick another bot: the Markdown tour, or the one that shows its reasoning, uses tools, needs you, "
        "drops the connection… each shows one situation.",
    )


def follow_ups(turn: Turn) -> tuple[str, ...]:
    """Return three questions that the bot can answer, except the current one."""
    questions = (
        ("2025年春节是哪一天", "2025春节有什么不一样的，做成一个网页", "1 + 1 等于几", "你是谁？")
        if turn.chinese
        else (
            "When is the Spring Festival in 2025?",
            "What is different about the 2025 Spring Festival? Make it a web page",
            "What is 1 + 1?",
            "Who are you?",
        )
    )
    return tuple(question for question in questions if question != turn.question)[:3]


def _new_year(turn: Turn) -> str:
    found = re.search(r"20\d\d", turn.question)
    year = int(found.group()) if found else 2025
    if year not in NEW_YEARS:
        first, last = min(NEW_YEARS), max(NEW_YEARS)
        return turn.pick(
            f"我只记得 {first} 到 {last} 年的春节，{year} 年的要查历书。",
            f"I only know {first} to {last}, not {year}.",
        )
    month, day, chinese_name, animal = NEW_YEARS[year]
    when = date(year, month, day)
    weekday = "一二三四五六日"[when.weekday()]
    if turn.chinese:
        text = f"{year} 年春节是 **{month} 月 {day} 日，星期{weekday}**，农历{chinese_name}正月初一。"
        if year == 2025:
            text += (
                "\n\n除夕是 1 月 28 日。从这一年起除夕也是法定假日，1 月 28 日到 2 月 4 日连休 8 天；"
                "这也是春节 2024 年 12 月列入人类非遗名录之后的第一个春节。"
            )
        return text
    text = f"In {year} it is on **{when:%A}, {day} {when:%B}**: the first day of the year of the {animal}."
    if year == 2025:
        text += (
            "\n\nNew Year's Eve, 28 January, is a public holiday from then on, which makes eight days off "
            "until 4 February. It is also the first Spring Festival since UNESCO listed it in December 2024."
        )
    return text


def _remember(turn: Turn) -> str:
    if not turn.history:
        return turn.pick("这是这段会话的第一句话。", "This is the first thing you said in this conversation.")
    last = turn.history[-1].replace("\n", " ")[:200]
    return turn.pick(f"你上一句是：“{last}”。", f"Before this you said: “{last}”.")


def _sum(text: str, turn: Turn) -> str:
    shown = re.sub(r"\s+", " ", text.strip())
    try:
        value = evaluate(shown.replace("×", "*").replace("÷", "/"))
    except ZeroDivisionError:
        return turn.pick("不能除以零。", "You cannot divide by zero.")
    except (ValueError, SyntaxError, OverflowError, RecursionError):
        return turn.pick("这个算式我看不懂。", "I cannot read that sum.")
    return f"{shown} = **{value:.12g}**"


def evaluate(text: str) -> float:
    """Return the value of a sum: numbers, + - * / %, brackets.

    Raises:
        ValueError, SyntaxError: the text is something else, or longer than 200 characters.
        ZeroDivisionError: it divides by zero.
    """

    def value(node: ast.expr) -> float:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return number
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](value(left), value(right))
        raise ValueError("not a sum")

    if len(text) > 200:
        raise ValueError("too long")
    return value(ast.parse(text, mode="eval").body)


def read_text(name: str) -> str:
    """Return the content of a text file in this folder."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")

"""The bots of the demo."""

from __future__ import annotations

from collections.abc import Sequence

from coze_tui.standin.demo_bots import contents, friendly, markdown, speed, thinker, tools, trouble
from coze_tui.standin.scenarios import Bot, Scenario


def demo_bots(*, chinese: bool = False) -> Sequence[Bot]:
    """Return the bots of the demo's tour, the default first.

    Args:
        chinese: Names, descriptions, greetings and suggested questions are in Chinese, else in English.
            Answers are in the language of the question.
    """
    return tuple(_chinese() if chinese else _english())


def _bot(number: int, scenario: Scenario, name: str, description: str, prologue: str, *questions: str) -> Bot:
    return Bot(
        str(7511000000000000100 + number),
        name,
        scenario,
        description,
        prologue,
        questions,
        suggests=scenario in (friendly.scenario, markdown.follow_ups),
    )


def _english() -> Sequence[Bot]:
    return (
        _bot(
            1,
            friendly.scenario,
            "Xiaochun",
            "Answers questions about the Spring Festival and does simple arithmetic.",
            "Hello, I am Xiaochun, a mock bot on your own machine. Ask me about the Spring Festival.",
            "When is the Spring Festival in 2025?",
            "What is different about the 2025 Spring Festival? Make it a web page",
            "1 + 1",
        ),
        _bot(
            2,
            markdown.tour,
            "Markdown tour",
            "One long answer that uses every Markdown feature.",
            "Let me show you Markdown over a pot of tea.",
            "Show me the tour",
        ),
        _bot(
            3,
            thinker.scenario,
            "Reasoning",
            "Shows its reasoning, then answers.",
            "Give me a chickens-and-rabbits puzzle and watch me think.",
            "35 heads and 94 legs: how many chickens and rabbits?",
            "20 heads and 56 legs: how many chickens and rabbits?",
        ),
        _bot(
            4,
            tools.plugins,
            "Uses tools",
            "Looks things up, calls a plugin, then answers.",
            "Ask me for the next ferry.",
            "When does the next ferry leave?",
        ),
        _bot(
            5,
            tools.local,
            "Needs your help",
            "Calls a local tool and waits for its output.",
            "I cannot see your clock, so you have to look for me.",
            "What time is it?",
            "What time is it, and how full is the battery? Both, please",
            "What time is it? Then the battery, one after the other",
        ),
        _bot(
            6,
            markdown.follow_ups,
            "Follow-ups",
            "Three suggestions after every answer.",
            "Ask me why the sea is salty, and continue from there.",
            "Why is the sea salty?",
        ),
        _bot(
            7,
            tools.ask_back,
            "Asks back",
            "Answers with a question and waits for your next message.",
            "Shall I order breakfast?",
            "Order breakfast",
        ),
        _bot(
            8,
            trouble.fails,
            "Fails",
            "Fails in one of five ways, in turn or by number.",
            "Send a number from 1 to 5 to choose how I fail.",
            "a missing permission (1)",
            "the model fails (2)",
            "no quota left (3)",
            "a web page of a gateway (4)",
            "a failure after a cut (5)",
        ),
        _bot(
            9,
            trouble.cut,
            "Dropped connection",
            "The connection drops mid-answer; the server still has the rest.",
            "Ask anything, and see what happens after the connection drops.",
            "What if the connection drops?",
        ),
        _bot(
            10,
            speed.fast,
            "Fast",
            "Thousands of deltas; takes n= rate= len= stamp.",
            "I talk fast.",
            "Go",
            "n=2000 rate=50 len=5",
            "n=20000 rate=0",
        ),
        _bot(
            11,
            speed.slow,
            "Slow",
            "Waits first, then answers word by word.",
            "No hurry.",
            "Take your time",
        ),
        Bot("7511000000000000112", "Draft", friendly.scenario, "Not published yet.", is_published=False),
        _bot(
            13,
            contents.scenario,
            "Kinds of content",
            "Cards, forms, images, reasoning, empty answers and more.",
            "Send a number from 1 to 9 to choose the kind of content.",
            "a question with options (1)",
            "a form (2)",
            "text, image and file (3)",
            "an image in the answer (4)",
            "reasoning inside the answer (5)",
            "an empty answer (6)",
            "another agent, memory and knowledge (7)",
            "a tool that fails (8)",
            "canceled by the server (9)",
        ),
    )


def _chinese() -> Sequence[Bot]:
    return (
        _bot(
            1,
            friendly.scenario,
            "小春",
            "懂一点春节，会算加减乘除。",
            "你好，我是小春，一个运行在本机的模拟智能体。问问我春节的事吧。",
            "2025年春节是哪一天",
            "2025春节有什么不一样的，做成一个网页",
            "1 + 1",
        ),
        _bot(
            2,
            markdown.tour,
            "Markdown 之旅",
            "一个长回答，用到 Markdown 的所有功能。",
            "我用一壶茶带你看看 Markdown。",
            "带我走一遍",
        ),
        _bot(
            3,
            thinker.scenario,
            "边想边答",
            "先给出思考，再给出答案。",
            "给我一道鸡兔同笼，看我怎么想。",
            "鸡兔同笼，35 个头，94 只脚，各几只？",
            "鸡兔同笼，20 个头，56 只脚，各几只？",
        ),
        _bot(
            4,
            tools.plugins,
            "会用工具",
            "查知识、调插件，再回答。",
            "问我下一班渡轮。",
            "下一班渡轮几点开？",
        ),
        _bot(
            5,
            tools.local,
            "要你帮忙",
            "调用本地工具，并等待执行结果。",
            "我看不到你的时钟，要请你替我看一眼。",
            "现在几点？",
            "几点了，电量还有多少？两个都要",
            "先看几点，再看电量，一个接一个",
        ),
        _bot(
            6,
            markdown.follow_ups,
            "接着问",
            "每次答完都给三个可以接着问的问题。",
            "问我海水为什么咸，再一路问下去。",
            "海水为什么咸？",
        ),
        _bot(
            7,
            tools.ask_back,
            "反问一句",
            "先反问一句，等你的下一句话。",
            "要不要订早餐？",
            "订一份早餐",
        ),
        _bot(
            8,
            trouble.fails,
            "总出错",
            "五种失败方式，依次出现，也可以用数字选择。",
            "发送 1 到 5，选择我如何失败。",
            "缺少权限（1）",
            "模型出错（2）",
            "额度用完（3）",
            "网关返回网页（4）",
            "中断之后失败（5）",
        ),
        _bot(
            9,
            trouble.cut,
            "断线",
            "回答到一半连接中断，其余部分仍在服务器上。",
            "随便问一句，看看断了以后怎么办。",
            "线断了怎么办？",
        ),
        _bot(
            10,
            speed.fast,
            "飞快",
            "几千个增量一口气。可用 n= rate= len= stamp。",
            "我说得很快。",
            "来吧",
            "n=2000 rate=50 len=5",
            "n=20000 rate=0",
        ),
        _bot(
            11,
            speed.slow,
            "慢慢来",
            "先沉默一会儿，再一字一句。",
            "不急。",
            "慢慢说",
        ),
        Bot("7511000000000000112", "草稿", friendly.scenario, "还没有发布。", is_published=False),
        _bot(
            13,
            contents.scenario,
            "各种内容",
            "卡片、表单、图片、思考、沉默等九种。",
            "发送 1 到 9，选择内容的种类。",
            "带选项的提问（1）",
            "表单（2）",
            "文字、图片和文件（3）",
            "回答里的图片（4）",
            "回答里的思考（5）",
            "空回答（6）",
            "切换智能体、记忆和知识库（7）",
            "出错的工具（8）",
            "被服务器取消（9）",
        ),
    )

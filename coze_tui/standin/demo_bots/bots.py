"""The bots of the demo."""

from __future__ import annotations

from collections.abc import Sequence

from coze_tui.standin.demo_bots import contents, friendly, markdown, speed, thinker, tools, trouble
from coze_tui.standin.scenarios import Bot


def demo_bots() -> Sequence[Bot]:
    """The demo's tour. The first is the default."""
    return (
        Bot(
            "7511000000000000101",
            "小春 Xiaochun",
            friendly.scenario,
            "懂一点春节，会算加减乘除。Knows the Spring Festival and simple sums.",
            "你好，我是小春，一个住在本机的替身机器人。问问我春节的事吧。\n\n"
            "Hello, I am Xiaochun, a stand-in that lives on this machine. Ask me about the Spring Festival.",
            ("2025年春节是哪一天", "2025春节有什么不一样的，做成一个网页", "1 + 1"),
            suggests=True,
        ),
        Bot(
            "7511000000000000102",
            "Markdown 之旅 Markdown tour",
            markdown.tour,
            "一个长回答，Markdown 的样样都有。One long answer with all that Markdown can do.",
            "我会用一壶茶把 Markdown 走一遍。\n\nI will go through Markdown with a pot of tea.",
            ("带我走一遍", "Show me the tour"),
        ),
        Bot(
            "7511000000000000103",
            "边想边答 Thinks aloud",
            thinker.scenario,
            "先给出思考，再给出答案。Reasoning first, then the answer.",
            "给我一道鸡兔同笼，看我怎么想。\n\nGive me heads and legs, and watch me think.",
            ("鸡兔同笼，35 个头，94 只脚，各几只？", "20 heads and 56 legs: how many chickens and rabbits?"),
        ),
        Bot(
            "7511000000000000104",
            "会用工具 Uses tools",
            tools.plugins,
            "查知识、调插件，再回答。Looks things up, calls a plugin, then answers.",
            "问我下一班渡轮。\n\nAsk me for the next ferry.",
            ("下一班渡轮几点开？", "When does the next ferry leave?"),
        ),
        Bot(
            "7511000000000000105",
            "要你帮忙 Needs your help",
            tools.local,
            "要用你机器上的工具，等你给结果。Needs a tool on your machine, and waits for its result.",
            "我看不到你的时钟，要请你替我看一眼。\n\nI cannot see your clock; you will have to look for me.",
            (
                "现在几点？",
                "几点了，电量还有多少？两个都要",
                "What time is it? Then the battery, one after the other",
            ),
        ),
        Bot(
            "7511000000000000106",
            "接着问 Follow-ups",
            markdown.follow_ups,
            "每次答完都给三个可以接着问的问题。Three suggestions after every answer.",
            "问我海水为什么咸，再一路问下去。\n\nAsk me why the sea is salty, and go on from there.",
            ("海水为什么咸？", "Why is the sea salty?"),
            suggests=True,
        ),
        Bot(
            "7511000000000000107",
            "反问一句 Asks back",
            tools.ask_back,
            "先反问一句，等你的下一句话。Answers with a question and waits for your next message.",
            "要不要订早餐？\n\nShall I order breakfast?",
            ("订一份早餐", "Order breakfast"),
        ),
        Bot(
            "7511000000000000108",
            "总出错 Fails",
            trouble.fails,
            "五种失败轮流来，也可以点 1 到 5。Fails in five ways, in turn or by number.",
            "说 1 到 5，我就用那种办法失败。\n\nSay 1 to 5 and I fail that way.",
            ("1", "2", "3", "4", "5"),
        ),
        Bot(
            "7511000000000000109",
            "断线 Loses the line",
            trouble.cut,
            "说到一半线就断，答案留在服务器上。The line breaks in the middle; the answer is at the server.",
            "随便问一句，看看断了以后怎么办。\n\nAsk anything, and see what happens after the break.",
            ("线断了怎么办？", "What if the line breaks?"),
        ),
        Bot(
            "7511000000000000110",
            "飞快 Fast",
            speed.fast,
            "几千个 delta 一口气。可用 n= rate= len= stamp。Thousands of deltas; takes n= rate= len= stamp.",
            "我说得很快。\n\nI talk fast.",
            ("来吧", "n=2000 rate=50 len=5", "n=20000 rate=0"),
        ),
        Bot(
            "7511000000000000111",
            "慢慢来 Slow",
            speed.slow,
            "先沉默一会儿，再一字一句。Silent at first, then word by word.",
            "不急。\n\nNo hurry.",
            ("慢慢说", "Take your time"),
        ),
        Bot(
            "7511000000000000112",
            "草稿 Draft",
            friendly.scenario,
            "还没有发布。Not published yet.",
            is_published=False,
        ),
        Bot(
            "7511000000000000113",
            "各种内容 Kinds of content",
            contents.scenario,
            "卡片、表单、图片、思考、沉默等九种。Cards, forms, images, thinking, silence and more.",
            "说 1 到 9，我就发那一种内容。\n\nSay 1 to 9 and I send that kind of content.",
            ("1", "2", "3", "4", "5", "6", "7", "8", "9"),
        ),
    )

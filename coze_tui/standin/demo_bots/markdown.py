"""The Markdown tour, and the bot that suggests what to ask next."""

from __future__ import annotations

from collections.abc import Iterable

from coze_tui.standin.demo_bots import friendly
from coze_tui.standin.demo_bots.friendly import read_text
from coze_tui.standin.scenarios import Answer, FollowUps, Step, Turn


def tour(turn: Turn) -> Iterable[Step]:
    """Answer with every Markdown feature in one long text."""
    text = friendly.known(turn) or read_text("markdown.zh.md" if turn.chinese else "markdown.en.md").rstrip()
    return [Answer(text, rate=60)]


def follow_ups(turn: Turn) -> Iterable[Step]:
    """Return a short answer, and suggested questions that continue it."""
    topics = {
        "海水为什么咸？": "河流把岩石里的盐带进海里，水蒸发走了，盐留了下来，亿万年就这样攒着。",
        "死海为什么更咸？": "死海只进不出：约旦河流进来，水全靠蒸发离开，盐度将近海水的十倍。",
        "盐从哪里来？": "大部分来自陆地岩石的风化，一部分来自海底的热液。",
        "为什么湖水大多是淡的？": "因为有出口。水带着盐流走了，只有没有出口的湖才会变咸。",
        "Why is the sea salty?": "Rivers carry salt out of the rocks; water leaves as vapour, salt stays.",
        "Why is the Dead Sea saltier?": "The Jordan flows in, nothing flows out.",
        "Where does the salt come from?": "Most from rock on land, some from springs on the sea floor.",
        "Why are most lakes fresh?": "They have an outlet, and the salt leaves with the water.",
    }  # fmt: skip
    asked = turn.question.strip()
    others = tuple(q for q in topics if q != asked and q.isascii() != turn.chinese)
    text = topics.get(asked) or friendly.known(turn)
    if not text:
        text = turn.pick(
            "我只懂一点关于盐的事。下面的问题，挑一个接着问。",
            "I know a little about salt. Pick one of the questions below.",
        )
    return [Answer(text), FollowUps(others[:3])]

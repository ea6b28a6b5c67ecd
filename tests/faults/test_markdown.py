"""Whatever a model writes: nothing is lost or doubled, and a settled answer looks like a fresh one."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from coze_tui.standin.bots import Bot
from coze_tui.standin.scenarios import Answer
from coze_tui.tui.log.entries import BotEntry
from tests.pilot.conftest import Desk, desk

BOT = "7511000000000000777"
END = "END0MARK"
STALL = 2.0
"""Seconds of the processor for which nothing holds up the keys, however busy the machine: what takes longer
grows faster than its text. The promise is 0.25, to which the fuzz run holds; `-s` shows what each took."""

TEXTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "generics": ("A `List<String>` and List<Map<K, V>> and a<b>c", ("List<Map<K, V>>", "a<b>c")),
    "html": ('<div class="x">\n<p>inside</p>\n</div>\n\nafter <br> it', ("<div", "inside", "after <br> it")),
    "an open comment": ("<!-- never closed\n\ntext after", ("<!-- never closed", "text after")),
    "a script": ("<script>alert(1)</script>", ("<script>alert(1)</script>",)),
    "line separators": ("one\u2028two\u2029three\u0085four\x0bfive\x0csix", ("one", "two", "six")),
    "a table, then a list": ("|1|2|\n|-|-|\n|cell|x|\n1. item\n2. other", ("cell", "item", "other")),
    "a table, then a fence": ("|1|2|\n|-|-|\n|cell|x|\n```\ncode here\n```", ("cell", "code here")),
    "a table, then a rule": ("|1|2|\n|-|-|\n|cell|x|\n---\ntext", ("cell", "text")),
    "a table without an end": ("|a|b|\n|-|-|\n|open", ("open",)),
    "a table with holes": ("|a|b|c|\n|-|-|\n|1|\n|1|2|3|4|\n||||", ("a", "1")),
    "markup in a table": ("|a|\n|-|\n|[/] [red]x[/] [@click=app.quit]q[/]|", ("[@click=app.quit]q[/]",)),
    "a fence that stays open": ("text\n\n```python\ndef f():\n    return 1\n", ("def f():", "return 1")),
    "a fence in a fence": ("````\n```\ninner\n```\n````\nouter", ("inner", "outer")),
    "a fence in a list": ("1. one\n   ```sh\n   ls -l\n   ```\n2. two", ("one", "ls -l", "two")),
    "a fence of odd words": ('```"><script> [red]{.x}\ncode\n```', ("code",)),
    "a late reference": ("see [the site][1] please\n\n[1]: https://example.invalid/late", ("the site",)),
    "half a link": ("[text](https://example.invalid/a b c", ("[text](", "a b c")),
    "links that are none": (
        "[a](javascript:x) [b](file:///etc/passwd) [c](data:text/html,x)",
        ("a", "b", "c"),
    ),
    "an image": ("![alt words](https://example.invalid/x.png) after", ("alt words", "after")),
    "20 quotes": ("> " * 20 + "deep\n\nout", ("deep", "out")),
    "30 lists": ("".join("  " * n + f"- level{n}\n" for n in range(30)), ("level0", "level29")),
    "emphasis that never ends": ("*a **b ***c _d __e " * 300, ("*a **b",)),
    "brackets": ("[" * 3000 + "x" + "]" * 3000, ("x",)),
    "backticks": ("`" * 500 + " x " + "`" * 499, ("x",)),
    "backslashes": ("\\" * 2001 + "* \\_ \\[ \\( x", ("x",)),
    "entities": ("&amp; &lt;b&gt; &#27; &#x9b; &nonsense; &#0;", ("& <b>", "&nonsense;")),
    "tabs": ("a\tb\n\n\tcode\tx\n", ("code",)),
    "only spaces": (" \n\t\n   \n", ()),
    "setext": ("growing\n=======\ntext\n---\n", ("growing", "text")),
    "maths": ("$E = mc^2$ and $$\\int_0^1 x$$ and \\(a\\)", ("mc^2", "\\int_0^1 x")),
    "task lists": ("- [ ] open\n- [x] done\n- [?] odd", ("open", "done", "odd")),
    "a line of 60 kB": ("```\n" + "x1 " * 20_000 + "\n```", ("x1 x1",)),
    "a paragraph of 100 kB": ("water" * 20_000, ("waterwater",)),
    "50 000 Chinese characters": ("春眠不觉晓处处闻啼鸟" * 5_000, ("春眠不觉晓",)),
    "a fence of 100 kB": ("```python\n" + "value = 'salt'  # 盐\n" * 5_000 + "```", ("value = 'salt'",)),
    "a table of 300 rows": ("|a|b|c|\n|-|-|-|\n" + "|盐|水|x|\n" * 300, ("盐",)),
    "a table of 60 columns": ("|" + "a|" * 60 + "\n|" + "-|" * 60 + "\n|" + "盐|" * 60, ("盐",)),
    "500 items": ("".join(f"- item{n}\n" for n in range(500)), ("item0", "item499")),
    "300 headings": ("".join(f"# head{n}\n" for n in range(300)), ("head0", "head299")),
    "marks": ("a" + "\u0301" * 5_000 + " b", ("b",)),
    "emoji": ("👨‍👩‍👧‍👦❤️🇩🇪👍🏽" * 200, ("👨‍👩‍👧‍👦",)),
}


def pieces(text: str, seed: int) -> tuple[str, ...]:
    """The text in pieces of any size, some of one character."""
    dice, at, found = random.Random(seed), 0, []
    longest = max(12, len(text) // 60)
    while at < len(text):
        size = dice.choice((1, 1, 2, 3, 5, dice.randint(1, longest)))
        found.append(text[at : at + size])
        at += size
    return tuple(found)


def lines_of(at: Desk) -> list[str]:
    """All lines of the last answer, not only those in view."""
    log = at.screen.log_widget
    entry = log.entries[-1]
    assert isinstance(entry, BotEntry)
    count = entry.lay_out(80, at.app.palette)
    return [entry.line(number)[0].plain.rstrip() for number in range(count)][1:]


class Stalls:
    """Measures the longest time between two turns of the loop, in its thread's seconds of the processor: what
    else runs on the machine does not count."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.thread_time()
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.call_soon(self._beat)

    def _beat(self) -> None:
        now = time.thread_time()
        self.longest, self._last = max(self.longest, now - self._last), now
        self._next = self._loop.call_later(0.002, self._beat)

    def end(self) -> None:
        self._beat()
        self._next.cancel()


@pytest.mark.parametrize("name", TEXTS)
async def test_what_was_written_is_what_is_seen(tmp_path: Path, name: str) -> None:
    text, seen = TEXTS[name]
    whole = f"{text}\n\n{END}"
    bot = Bot(BOT, "海水", [Answer(whole, pieces=pieces(whole, 7))])
    async with desk(tmp_path / "home", [bot]) as at:
        stalls = Stalls()
        await at.ask("go")
        await at.answered()
        stalls.end()
        live = lines_of(at)
        joined = " ".join(" ".join(live).split())
        for words in (*seen, END):
            assert words in joined, (words, live[:40])
        assert joined.count(END) == 1
        again = Stalls()
        await at.screen.open_conversation(at.screen.conversation)
        await at.pilot.pause()
        again.end()
        assert lines_of(at) == live
        print(
            f"{name}: {stalls.longest * 1000:.0f} ms while it came, {again.longest * 1000:.0f} ms opened anew"
        )
        assert max(stalls.longest, again.longest) < STALL

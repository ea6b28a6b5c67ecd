"""Texts that try to move the terminal, to be read as markup, or to break what lays them out."""

from __future__ import annotations

PAYLOADS = {
    "color": "\x1b[31mred\x1b[0m",
    "clear screen": "\x1b[2J\x1b[3J\x1b[H",
    "alternate screen": "\x1b[?1049l\x1b[?25l",
    "mouse on": "\x1b[?1002h\x1b[?9h",
    "reset": "\x1bc",
    "clipboard BEL": "\x1b]52;c;SEFDSw==\x07",
    "clipboard ST": "\x1b]52;c;SEFDSw==\x1b\\",
    "title": "\x1b]0;HACKED\x07\x1b]2;HACKED\x1b\\",
    "hyperlink": "\x1b]8;;https://example.invalid/\x1b\\here\x1b]8;;\x1b\\",
    "device control": '\x1bP$q"p\x1b\\\x1b_Gi=1;AAAA\x1b\\\x1b^x\x1b\\',
    "asks back": "\x1b[6n\x1b[c\x1b[>c\x1b]10;?\x07\x1b[14t",
    "keyboard": "\x1b[>1u\x1b[?2004l\x1b=",
    "charset": "\x0e\x1b(0lqk\x0f\x1b%@",
    "C1": "\x9b31m\x9d0;HACKED\x9c\x90x\x9c\x84\x85\x8d",
    "C0": "\x00\x01\x05\x07\x08\x0b\x0c\x11\x13\x18\x1a\x1c\x7f",
    "carriage return": "visible\rhidden",
    "bidi": "\u202egnp.exe\u202c \u2066a\u2069 \u200f\u061c",
    "tags": "a\U000e0041\U000e0042\U000e007fb",
    "marks": "z" + "\u0301\u0336" * 400,
    "invisible": "a\ufeffb\u00adc\u2060d\ufff9e",
    "surrogates": "\ud83d \ude00 \ud83d\ude00",
    "line ends": "a\u2028b\u2029c\u0085d\x1ce",
    "markup": "[/] [/b] [red]x[/red] [@click=app.quit]q[/] [link=https://x]l[/link] list[int] [ERROR] \\[",
    "rich markup": ":smile: [bold red on blue]x[/] [blink]y[/blink]",
}
"""What must not reach the terminal as it is."""
ALL = " ".join(PAYLOADS.values())
HOSTILE = "a[/]b [@click=app.quit]x[/] list[int] \x1b]52;c;eA==\x07\u202e[ERROR]"
"""Text as it may come from outside."""
HARMLESS = "a[/]b [@click=app.quit]x[/] list[int]"
"""What is to be read of it."""
HOSTILE_PASTE = "a\x1b\rb\x1b]0;x\x07c\x1b[201d\x1b\x1b[2e\x1b[200~\x11f\x1b"
TEXTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "generics": ("A `List<String>` and List<Map<K, V>> and a<b>c", ("List<Map<K, V>>", "a<b>c")),
    "html": ('<div class="x">\n<p>inside</p>\n</div>\n\nafter <br> it', ("inside", "after it")),
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

"""How the page looks: `page.css`, in the colours of the program's own themes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

DARK: Mapping[str, str] = {
    "background": "#11131a",
    "surface": "#171a23",
    "code": "#1c202b",
    "selected": "#232838",
    "text": "#d7dae4",
    "muted": "#8790a6",
    "line": "#2a2f3d",
    "bot": "#9396ff",
    "user": "#4fd1c5",
    "good": "#7bd88f",
    "attention": "#f2c572",
    "error": "#ff6b81",
    "keyword": "#c79bf2",
    "function": "#82b1ff",
    "string": "#b7d98b",
    "number": "#f5a06e",
    "type": "#f0c98b",
    "operator": "#8fbfd6",
}
LIGHT: Mapping[str, str] = {
    "background": "#fbfbfd",
    "surface": "#f2f3f8",
    "code": "#f0f1f7",
    "selected": "#e2e5f6",
    "text": "#262a3b",
    "muted": "#5c647d",
    "line": "#d8dbe6",
    "bot": "#4f51d8",
    "user": "#086c64",
    "good": "#187035",
    "attention": "#8a5600",
    "error": "#c0264a",
    "keyword": "#8230b5",
    "function": "#1f55c0",
    "string": "#2e6f23",
    "number": "#ad430c",
    "type": "#855800",
    "operator": "#35618a",
}
"""By the roles of the screens' palette, which a test compares."""

_CODE = {
    "muted": ".p .c .ch .cm .c1 .cs .go .gp",
    "keyword": ".k .kd .kn .kp .kr .kv .cp .cpf .nt .sa .bp .ow",
    "function": ".nf .fm .nb",
    "string": ".s .s1 .s2 .sb .sc .dl .sd .sh .sr .ss .sx",
    "number": ".m .mi .mf .mh .mo .mb .il .kc .l .ld",
    "type": ".nc .ne .na .no .kt",
    "operator": ".o .nd .ni .nl .nv .vc .vg .vi .vm .se .si",
    "good": ".gi",
    "error": ".gd",
    "bot": ".gh .gu",
}
"""Colour role → the classes that Pygments gives."""


def style_sheet() -> str:
    """The whole style of a page."""
    rules = files(__package__).joinpath("page.css").read_text("utf-8")
    code = "\n".join(
        f"{', '.join('pre ' + each for each in classes.split())} {{ color: var(--{role}) }}"
        for role, classes in _CODE.items()
    )
    return (
        f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}\n"
        f"@media print {{ :root {{ {_variables(LIGHT)} }} }}\n"
        f"{rules}{code}\n"
    )


def _variables(colors: Mapping[str, str]) -> str:
    return " ".join(f"--{role}: {color};" for role, color in colors.items())

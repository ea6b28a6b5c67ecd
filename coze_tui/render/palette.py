"""The styles that rendered text is made of, by role: dark, light, and the terminal's own colors."""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from rich.style import Style

from coze_tui.values import valueclass


@valueclass
class Colors:
    """The colors of a theme, by the roles of the design; each `#rrggbb`."""

    background: str
    surface: str
    code: str
    selected: str
    text: str
    muted: str
    line: str
    bot: str
    user: str
    good: str
    attention: str
    error: str
    # Code only.
    keyword: str
    function: str
    string: str
    number: str
    type: str
    operator: str


DARK = Colors(
    background="#11131a",
    surface="#171a23",
    code="#1c202b",
    selected="#232838",
    text="#d7dae4",
    muted="#8790a6",
    line="#2a2f3d",
    bot="#9396ff",
    user="#4fd1c5",
    good="#7bd88f",
    attention="#f2c572",
    error="#ff6b81",
    keyword="#c79bf2",
    function="#82b1ff",
    string="#b7d98b",
    number="#f5a06e",
    type="#f0c98b",
    operator="#8fbfd6",
)

LIGHT = Colors(
    background="#fbfbfd",
    surface="#f2f3f8",
    code="#f0f1f7",
    selected="#e2e5f6",
    text="#262a3b",
    muted="#5c647d",
    line="#d8dbe6",
    bot="#4f51d8",
    user="#086c64",
    good="#187035",
    attention="#8a5600",
    error="#c0264a",
    keyword="#8230b5",
    function="#1f55c0",
    string="#2e6f23",
    number="#ad430c",
    type="#855800",
    operator="#35618a",
)


def _code_styles(colors: Colors) -> dict[str, Style]:
    """Return the styles of source text by Pygments token name; a missing token uses its parent's style."""
    text, muted = Style(color=colors.text), Style(color=colors.muted)
    keyword, function = Style(color=colors.keyword), Style(color=colors.function)
    string, number = Style(color=colors.string), Style(color=colors.number)
    kind, operator = Style(color=colors.type), Style(color=colors.operator)
    return {
        "Token": text,
        "Comment": muted + Style(italic=True),
        "Comment.Preproc": keyword,
        "Keyword": keyword,
        "Keyword.Constant": number,
        "Keyword.Type": kind,
        "Literal": number,
        "Literal.String": string,
        "Literal.String.Escape": operator,
        "Literal.String.Interpol": operator,
        "Literal.String.Affix": keyword,
        "Literal.Number": number,
        "Name": text,
        "Name.Attribute": kind,
        "Name.Builtin": function,
        "Name.Builtin.Pseudo": keyword,
        "Name.Class": kind,
        "Name.Constant": number,
        "Name.Decorator": operator,
        "Name.Entity": operator,
        "Name.Exception": kind,
        "Name.Function": function,
        "Name.Label": operator,
        "Name.Namespace": text,
        "Name.Tag": keyword,
        "Name.Variable": operator,
        "Operator": operator,
        "Operator.Word": keyword,
        "Punctuation": muted,
        "Generic.Deleted": Style(color=colors.error),
        "Generic.Inserted": Style(color=colors.good),
        "Generic.Emph": Style(italic=True),
        "Generic.Strong": Style(bold=True),
        "Generic.Heading": Style(color=colors.bot, bold=True),
        "Generic.Subheading": Style(color=colors.bot),
        "Generic.Prompt": muted,
        "Generic.Output": muted,
        "Generic.Error": Style(color=colors.error),
        "Error": text,
    }


def _match_style(colors: Colors) -> Style:
    """Return the accent, reversed; in themes where that looks like the other matches, it is not reversed."""
    grounds = [bytes.fromhex(color[1:]) for color in (colors.bot, colors.attention)]
    is_alike = sum(abs(one - other) for one, other in zip(*grounds, strict=True)) < _ALIKE
    color, ground = (colors.text, colors.selected) if is_alike else (colors.background, colors.bot)
    return Style(color=color, bgcolor=ground, bold=True, underline=True)


_ALIKE = 60
"""Colors whose three parts differ by less than this in all are hard to tell apart."""
_ANSI_CODE = {
    "Token": "none",
    "Comment": "dim italic",
    "Comment.Preproc": "magenta",
    "Keyword": "magenta",
    "Keyword.Constant": "yellow",
    "Keyword.Type": "cyan",
    "Literal": "yellow",
    "Literal.String": "green",
    "Name.Attribute": "cyan",
    "Name.Builtin": "blue",
    "Name.Class": "cyan",
    "Name.Decorator": "yellow",
    "Name.Exception": "cyan",
    "Name.Function": "blue",
    "Name.Tag": "magenta",
    "Operator.Word": "magenta",
    "Generic.Deleted": "red",
    "Generic.Inserted": "green",
    "Generic.Emph": "italic",
    "Generic.Strong": "bold",
    "Generic.Heading": "bold blue",
    "Generic.Error": "red",
}


@valueclass
class Palette:
    """One style for each role. Only code has a background of its own; the widget lays one under all."""

    text: Style
    muted: Style
    line: Style
    accent: Style
    """The bot: bars, names, bullets."""
    user: Style
    good: Style
    attention: Style
    error: Style
    headings: tuple[Style, Style, Style, Style]
    """Levels one, two, three, and the rest."""
    bullet: Style
    quote: Style
    link: Style
    url: Style
    inline_code: Style
    math: Style
    table_header: Style
    code_ground: Style
    """The background of a code block, with the plain text color."""
    code_label: Style
    selected: Style
    search_hit: Style
    search_match: Style
    """The match that was gone to, over `search_hit`; also bold and underlined, for those without colors."""
    code: Mapping[str, Style] = field(default_factory=dict)
    """By the dotted name of the Pygments token, without backgrounds."""
    simple_emoji: bool = False
    """Emoji are drawn without the variants that tmux measures in its own way."""

    @classmethod
    def from_colors(cls, colors: Colors) -> "Palette":
        """Return a palette of exact colors."""
        text, muted, line = Style(color=colors.text), Style(color=colors.muted), Style(color=colors.line)
        accent = Style(color=colors.bot)
        bold = Style(bold=True)
        return cls(
            text=text,
            muted=muted,
            line=line,
            accent=accent,
            user=Style(color=colors.user),
            good=Style(color=colors.good),
            attention=Style(color=colors.attention),
            error=Style(color=colors.error),
            headings=(accent + bold, accent + bold, text + bold, muted + bold),
            bullet=accent,
            quote=muted,
            link=Style(color=colors.function, underline=True),
            url=muted,
            inline_code=Style(color=colors.attention, bgcolor=colors.code),
            math=Style(color=colors.operator),
            table_header=muted + bold,
            code_ground=Style(color=colors.text, bgcolor=colors.code),
            code_label=Style(color=colors.muted, bgcolor=colors.code),
            selected=Style(bgcolor=colors.selected),
            search_hit=Style(color=colors.background, bgcolor=colors.attention),
            search_match=_match_style(colors),
            code=MappingProxyType(_code_styles(colors)),
        )

    @classmethod
    def dark(cls) -> "Palette":
        """Return the program's dark palette."""
        return cls.from_colors(DARK)

    @classmethod
    def light(cls) -> "Palette":
        """Return the program's light palette."""
        return cls.from_colors(LIGHT)

    @classmethod
    def ansi(cls) -> "Palette":
        """Return a palette of the terminal's own sixteen colors and background, whatever they are."""
        style = Style.parse
        return cls(
            text=style("none"),
            muted=style("dim"),
            line=style("dim"),
            accent=style("blue"),
            user=style("cyan"),
            good=style("green"),
            attention=style("yellow"),
            error=style("red"),
            headings=(style("bold blue"), style("bold blue"), style("bold"), style("bold dim")),
            bullet=style("blue"),
            quote=style("dim"),
            link=style("blue underline"),
            url=style("dim"),
            inline_code=style("yellow"),
            math=style("cyan"),
            table_header=style("bold"),
            code_ground=style("none"),
            code_label=style("dim"),
            selected=style("reverse"),
            search_hit=style("reverse"),
            # Bold and underlined, because the colors of a terminal may not tell it from the other matches.
            search_match=style("reverse bold underline blue"),
            code=MappingProxyType({name: style(value) for name, value in _ANSI_CODE.items()}),
        )

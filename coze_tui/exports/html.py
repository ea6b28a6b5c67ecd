"""Outside text as harmless HTML: cleaned, escaped, Markdown without HTML, highlighted code. Pure."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.format import indented_json

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import OptionsDict

_SAFE_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[\w!#$%&*+,./:;=?@\[\]^`{|}~()-]+", re.ASCII)
_BEHIND_ADDRESS = ".,;:!?*_~|)]}`"
"""What ends a sentence rather than an address."""
_LABEL = re.compile(r"[\w+#.-]{1,30}")
_MOST_NESTING = 50
_MOST_COLORED = 20_000
"""Characters of one block of code."""
_LONGEST_COLORED = 2_000
"""From a line that is longer on, a block is plain: some lexers take quadratic time."""
_MOST_RENDERED = 1_000_000
"""Characters of one answer; beyond it is shown as it is."""


def text(value: str) -> str:
    """Return text of any number of lines, escaped for use between tags."""
    return escape(clean(value))


def line(value: str) -> str:
    """Return text on one line, escaped for use between tags and in attributes."""
    return escape(clean_line(value))


class MarkdownRenderer:
    """Renders answers. Images and other resources become links and are not loaded."""

    def __init__(self) -> None:
        self._parser = _parser()

    def html(self, markdown: str) -> str:
        """Return the HTML of an answer."""
        if len(markdown) > _MOST_RENDERED:
            return f'<pre class="long">{text(markdown)}</pre>\n'
        return str(self._parser.render(clean(markdown)))


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    options = {"html": False, "breaks": True, "maxNesting": _MOST_NESTING}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: bool(_SAFE_LINK.match(url.strip()))  # type: ignore[method-assign]  # as its documentation says
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("code_block", _fence)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("text", _text)
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("link_close", _link_close)
    parser.add_render_rule("th_open", _cell_open)
    parser.add_render_rule("td_open", _cell_open)
    parser.add_render_rule("table_open", lambda *_: '<div class="table"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


_Environment = MutableMapping[str, object]


def _fence(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    token = tokens[at]
    return code(token.content, (token.info.split() or [""])[0])


def _image(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    token = tokens[at]
    source = str(token.attrs.get("src", ""))
    label = renderer.renderInlineAsText(token.children, options, env) or source
    return f'<a class="image" {_target(source)}>{line(label)}</a>'


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    env["in link"] = True
    return f"<a {_target(str(tokens[at].attrs.get('href', '')))}>"


def _link_close(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    env["in link"] = False
    return "</a>"


def _text(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    """Return text with bare URLs as links; markdown-it would include the Chinese text after them."""
    content = tokens[at].content
    if env.get("in link") or "://" not in content:
        return escape(content)
    pieces, end = [], 0
    for found in _ADDRESS.finditer(content):
        address = found.group().rstrip(_BEHIND_ADDRESS)
        pieces.append(escape(content[end : found.start()]))
        pieces.append(f"<a {_target(address)}>{escape(address)}</a>")
        end = found.start() + len(address)
    return "".join(pieces) + escape(content[end:])


def _cell_open(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    # markdown-it aligns by a style, which the page's own policy forbids
    token = tokens[at]
    side = str(token.attrs.get("style", "")).removeprefix("text-align:")
    return f'<{token.tag} class="{side}">' if side in ("right", "center") else f"<{token.tag}>"


def _target(address: str) -> str:
    """Return the attributes of a link, whose tooltip shows the target, since its text may deceive."""
    shown = line(address)
    return f'href="{shown}" title="{shown}" rel="noopener noreferrer nofollow"'


def code(source: str, language: str = "") -> str:
    """Return a code block."""
    source = clean(source)
    label = f"<figcaption>{escape(language)}</figcaption>" if _LABEL.fullmatch(language) else ""
    body = _colored(source, language) if label else escape(source)
    return f"<figure>{label}<pre><code>{body}</code></pre></figure>\n"


def data(source: str) -> str:
    """Return the arguments or the response of a tool as a code block; JSON is indented in it."""
    indented = indented_json(source)
    return code(source) if indented is None else code(indented, "json")


def _colored(source: str, language: str) -> str:
    if len(source) > _MOST_COLORED or any(len(each) > _LONGEST_COLORED for each in source.split("\n")):
        return escape(source)
    from pygments import highlight  # type: ignore[import-untyped]  # it has no types
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escape(source)
    return str(highlight(source, lexer, HtmlFormatter(nowrap=True)))

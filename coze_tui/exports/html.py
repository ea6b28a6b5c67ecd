"""Outside text as safe HTML: cleaned, escaped, Markdown without HTML, highlighted code. Pure."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.data_urls import unwrapped
from coze_tui.text.format import indented_json
from coze_tui.text.markdown_blocks import add_block_rules
from coze_tui.text.markdown_rules import add_rules
from coze_tui.text.urls import readable

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import OptionsDict

_SAFE_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_SAFE_IMAGE = re.compile(r"data:image/(?:png|jpe?g|gif|webp|avif|bmp|svg\+xml)[;,]", re.IGNORECASE)
"""Matches an image that the text contains completely: it loads nothing, and no script in it runs."""
_LABEL = re.compile(r"[\w+#.-]{1,30}")
_MOST_NESTING = 50
_MOST_COLORED = 20_000
"""Largest number of characters in a highlighted block of code."""
_LONGEST_COLORED = 2_000
"""A block with a longer line is not highlighted, because some lexers take quadratic time."""
_MOST_RENDERED = 1_000_000
"""Largest number of characters of an answer that are rendered; the rest is shown as plain text."""


def text(value: str) -> str:
    """Return text of any number of lines, escaped for use between tags."""
    return escape(clean(value))


def line(value: str) -> str:
    """Return text on one line, escaped for use between tags and in attributes."""
    return escape(clean_line(value))


class MarkdownRenderer:
    """Renders answers. Images become links that load nothing, unless the text contains all of them."""

    def __init__(self) -> None:
        self._parser = _parser()

    def html(self, markdown: str) -> str:
        """Return the HTML of an answer; a very long one is plain text."""
        if len(markdown) > _MOST_RENDERED:
            return f'<pre class="long">{text(markdown)}</pre>\n'
        return str(self._parser.render(unwrapped(clean(markdown))))


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    options = {"html": False, "breaks": True, "maxNesting": _MOST_NESTING}
    parser = MarkdownIt("commonmark", options).enable("table")
    add_rules(parser)
    add_block_rules(parser)
    parser.validateLink = _is_safe  # type: ignore[method-assign]  # as its documentation says
    rules = {
        "fence": _fence,
        "code_block": _fence,
        "image": _image,
        "link_open": _link_open,
        "link_close": _link_close,
        "th_open": _cell_open,
        "td_open": _cell_open,
        "table_open": lambda *_: '<div class="table"><table>\n',
        "table_close": lambda *_: "</table></div>\n",
        "maths": _maths,
        "hidden": lambda *_: "",
        "footnote": _footnote,
        "footnote_open": _footnote_open,
        "summary_open": lambda *_: "<strong>▸ ",
        "summary_close": lambda *_: "</strong>",
    }
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    return parser


def _is_safe(url: str) -> bool:
    return (_SAFE_LINK.match(url.strip()) or _SAFE_IMAGE.match(url.strip())) is not None


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
    label = renderer.renderInlineAsText(token.children, options, env) or token.content
    if _SAFE_IMAGE.match(source):
        return f'<img src="{line(source)}" alt="{line(label)}">'
    if any(_open_links(env)):
        return f'<span class="image">{line(label or source)}</span>'
    return f'<a class="image" {_target(source)}>{line(label or source)}</a>'


def _open_links(env: _Environment) -> list[bool]:
    """Return, for each open link, whether it is a link in the page: HTML does not allow links in links."""
    opened = env.setdefault("open links", [])
    assert isinstance(opened, list)
    return opened


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    opened = _open_links(env)
    url = str(tokens[at].attrs.get("href", ""))
    is_link = not any(opened) and _SAFE_LINK.match(url.strip()) is not None
    opened.append(is_link)
    return f"<a {_target(url)}>" if is_link else "<span>"


def _link_close(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    return "</a>" if _open_links(env).pop() else "</span>"


def _maths(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    return f'<span class="math">{escape(tokens[at].content)}</span>'


def _footnote(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    return f"<sup>[{escape(tokens[at].content)}]</sup>"


def _footnote_open(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    return f'<div class="footnote"><sup>[{escape(tokens[at].info)}]</sup>\n'


def _cell_open(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: _Environment
) -> str:
    # markdown-it aligns with a style attribute, which the page's own policy forbids.
    token = tokens[at]
    side = str(token.attrs.get("style", "")).removeprefix("text-align:")
    return f'<{token.tag} class="{side}">' if side in ("right", "center") else f"<{token.tag}>"


def _target(address: str) -> str:
    """Return the attributes of a link; its tooltip shows the target, because its text may be misleading."""
    return f'href="{line(address)}" title="{line(readable(address))}" rel="noopener noreferrer nofollow"'


def code(source: str, language: str = "") -> str:
    """Return a code block."""
    source = clean(source)
    label = f"<figcaption>{escape(language)}</figcaption>" if _LABEL.fullmatch(language) else ""
    body = _colored(source, language) if label else escape(source)
    return f"<figure>{label}<pre><code>{body}</code></pre></figure>\n"


def data(source: str) -> str:
    """Return the arguments or the response of a tool as a code block, with JSON indented."""
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

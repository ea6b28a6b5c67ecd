"""The block rules in which chat Markdown differs from CommonMark, for markdown-it in the exports.

The screens read blocks line by line (`coze_tui.render.scanner`), with the same results: footnotes, alerts
(`> [!NOTE]`), tasks, Markdown in a fence, and hidden lines (comments or `<details>`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coze_tui.text.markdown_rules import (
    ALERT,
    FOOTNOTE,
    HIDDEN_LINE,
    INNER_FENCE,
    MARKDOWN_NAME,
    TASK,
    alert_title,
    footnote_key,
)

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

_OPENING = re.compile(r"(`{3,}|~{3,})[ \t]*([^`\n]*)$", re.MULTILINE)
_INTERRUPTED = ["paragraph", "reference", "blockquote", "list"]
"""The blocks that a fence ends, as a rule of markdown-it."""
_INDENT = 4
"""Columns before the other lines of a footnote."""


def add_block_rules(parser: MarkdownIt) -> None:
    """Let a parser of the preset "commonmark" read footnotes, alerts and hidden lines."""
    parser.block.ruler.before("fence", "hidden_line", _hidden_line, {"alt": ["paragraph"]})
    parser.block.ruler.before("reference", "footnote", _footnote, {"alt": ["paragraph", "reference"]})
    parser.block.ruler.before("fence", "markdown_fence", _markdown_fence, {"alt": _INTERRUPTED})
    parser.core.ruler.after("block", "alerts", _alerts)
    parser.core.ruler.after("block", "tasks", _tasks)


def _line(state: StateBlock, number: int) -> tuple[int, int]:
    return state.bMarks[number] + state.tShift[number], state.eMarks[number]


def _hidden_line(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Skip a line of comments or `<details>` (block rule). Only the latter ends a paragraph."""
    start, end = _line(state, first)
    if state.is_code_block(first) or not HIDDEN_LINE.fullmatch(state.src, start, end):
        return False
    if silent:
        return "details" in state.src[start:end].lower()
    state.line = first + 1
    return True


def _footnote(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Read a footnote, `[^1]: text`, whose other lines are indented (block rule)."""
    start, end = _line(state, first)
    if state.is_code_block(first):
        return False
    label = FOOTNOTE.match(state.src, start, end)
    if label is None or state.src[label.end() : label.end() + 1] != ":":
        return False
    content = label.end() + 1
    while content < end and state.src[content] in " \t":
        content += 1
    if content >= end:
        return False
    if silent:
        return True
    state.env.setdefault("references", {}).setdefault(footnote_key(label[1]), {})
    opening = state.push("footnote_open", "div", 1)
    opening.info = label[1]
    before = state.bMarks[first], state.tShift[first], state.sCount[first], state.blkIndent, state.parentType
    state.blkIndent += _INDENT
    state.bMarks[first], state.tShift[first], state.sCount[first] = content, 0, state.blkIndent
    state.parentType = "footnote"
    state.md.block.tokenize(state, first, last)
    state.bMarks[first], state.tShift[first], state.sCount[first], state.blkIndent, state.parentType = before
    state.push("footnote_close", "div", -1)
    return True


def _markdown_fence(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Read Markdown in a fence, with the fences inside it (block rule)."""
    start, end = _line(state, first)
    opening = _OPENING.match(state.src, start, end)
    if state.is_code_block(first) or opening is None or not MARKDOWN_NAME.match(opening[2]):
        return False
    if silent:
        return True
    mark, inside, number, is_closed = opening[1], 0, first + 1, False
    while number < last and not is_closed:
        start, end = _line(state, number)
        if start < end and state.sCount[number] < state.blkIndent:
            break  # the list or quote has ended
        text = state.src[start:end]
        if text.startswith(mark) and not state.is_code_block(number):
            is_closed = not inside and not text.rstrip(" \t").strip(mark[0])
            if (inner := INNER_FENCE.match(text)) is not None:
                inside = max(0, inside + (1 if inner[1] else -1))
        number += 1
    token = state.push("fence", "code", 0)
    token.info, token.markup = opening[2], mark
    token.content = state.getLines(first + 1, number - is_closed, state.sCount[first], True)
    token.map = [first, number]
    state.line = number
    return True


def _tasks(state: StateCore) -> None:
    """Replace `[ ]` or `[x]` at the start of an item by a box (core rule)."""
    for at, token in enumerate(state.tokens):
        if token.type != "inline" or at < 2 or state.tokens[at - 2].type != "list_item_open":
            continue
        task = TASK.match(token.content)
        if task is not None:
            item = state.tokens[at - 2]
            if item.markup in "-+*":  # a number stays beside the box
                item.attrs = {"class": "task"}
            token.content = ("☐ " if task[1] == " " else "☑ ") + token.content[task.end() :]


def _alerts(state: StateCore) -> None:
    """Add a class and a title to a quote that starts with `[!NOTE]` (core rule)."""
    tokens: list[Token] = []
    for at, token in enumerate(state.tokens):
        tokens.append(token)
        if token.type != "inline" or at < 2 or state.tokens[at - 2].type != "blockquote_open":
            continue
        alert = ALERT.match(token.content)
        if alert is None:
            continue
        name = alert[1].lower()
        state.tokens[at - 2].attrs = {"class": f"alert {name}"}
        rest = token.content[alert.end() :].lstrip("\n")
        token.content = alert_title(name)
        opening = state.tokens[at - 1]
        opening.attrs = {"class": "title"}
        if rest:
            body = opening.copy(attrs={})
            tokens += [state.tokens[at + 1].copy(), body, token.copy(content=rest, children=[])]
    state.tokens = tokens

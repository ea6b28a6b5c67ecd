"""An app that shows one hostile text in every kind of widget; Ctrl+Q ends it."""

from __future__ import annotations

import os
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import (
    Button,
    Checkbox,
    Collapsible,
    DataTable,
    Header,
    Input,
    Label,
    Link,
    ListItem,
    ListView,
    Log,
    Markdown,
    OptionList,
    ProgressBar,
    RadioButton,
    RichLog,
    Select,
    SelectionList,
    Static,
    Switch,
    Tab,
    Tabs,
    TextArea,
    Tree,
)

from coze_tui.terminal.app import TerminalApp

PAYLOADS = (
    "\x1b]52;c;ZXZpbA==\x1b\\",
    "\x1b]0;evil title\x07",
    "\x1b[2J\x1b[31mevil",
    "\x1b]8;;https://evil.example\x1b\\link",
    "\x9b2Jevil",
    "\x9d0;evil\x9c",
    "\x00\x07\x08\x0b\x0c\x0e\x7f",
    "\u202eevil\u2066",
    "a" + "\u0301" * 300,
    "\U000e0065\U000e0076",
)
HOSTILE = "x".join(PAYLOADS)


class EveryWidget(TerminalApp[None]):
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", priority=True)]
    CSS = "* { max-height: 5; } Screen, VerticalScroll { max-height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self.partial_redraw = "--plain" not in os.environ.get("EVERY_WIDGET", "")
        self.title = HOSTILE
        self.sub_title = HOSTILE

    def compose(self) -> ComposeResult:
        content = Content(HOSTILE)
        yield Header()
        with VerticalScroll():
            boxed = Static(content, id="boxed")
            boxed.border_title = content
            boxed.border_subtitle = content
            boxed.styles.border = ("round", "red")
            yield boxed
            yield Static(Text(HOSTILE))
            yield Label(content)
            yield Button(content)
            yield Markdown(f"# {HOSTILE}\n\n{HOSTILE} `{HOSTILE}` [{HOSTILE}](https://example.com)\n")
            yield Markdown(f"```\n{HOSTILE}\n```\n\n| a | b |\n|---|---|\n| {HOSTILE} | x |\n")
            yield RichLog(id="rich-log")
            yield Log(id="plain-log")
            yield TextArea(HOSTILE)
            yield Input(value=HOSTILE)
            yield Input(placeholder=HOSTILE)
            yield OptionList(content, Content("other"))
            yield ListView(ListItem(Label(content)))
            yield DataTable[Text](id="table")
            tree: Tree[None] = Tree(Text(HOSTILE))
            tree.root.add_leaf(Text(HOSTILE))
            tree.root.expand()
            yield tree
            yield Select([(content, 1)], value=1)
            yield SelectionList((content, 1))
            yield Checkbox(content)
            yield RadioButton(content)
            yield Collapsible(Static(content), title=HOSTILE.replace("[", "("), collapsed=False)
            yield Tabs(Tab(content), Tab("other"))
            yield Link(HOSTILE, url="https://example.com")
            yield Switch()
            yield ProgressBar(total=10)
            yield Static(Content.from_markup("[link='https://example.com']linked[/link]"))

    def on_mount(self) -> None:
        self.query_one("#rich-log", RichLog).write(Text(HOSTILE))
        self.query_one("#plain-log", Log).write_line(HOSTILE)
        table = self.query_one("#table", DataTable)
        table.add_column(Text(HOSTILE))
        table.add_row(Text(HOSTILE))
        self.notify(HOSTILE, title=HOSTILE, markup=False, timeout=60)
        boxed = self.query_one("#boxed", Static)
        boxed.tooltip = Content(HOSTILE)
        self.scroller = self.set_interval(0.15, self.down)

    def down(self) -> None:
        """Page through, so that every widget is drawn, then say so."""
        view = self.query_one(VerticalScroll)
        if view.scroll_offset.y >= view.max_scroll_y:
            self.scroller.stop()
            self.query_one(Header).styles.background = "green"
            self.notify("all were drawn", timeout=60)
        else:
            view.scroll_page_down(animate=False)


if __name__ == "__main__":
    EveryWidget().run()

"""The list of Textual's private names that this program uses, and the fallback if one of them changes.

A private name may change in any release of Textual. So every private name that is read, overridden or
imported anywhere in `coze_tui` is in `DIGESTS`, with a digest of its source in the version it was written
for. A test walks the package and compares both ways. At start-up `changed_names` compares the installed
libraries: it skips the check if their versions are those in `WRITTEN_FOR`. If a digest differs,
the program uses none of the overrides: it runs on Textual's own driver, display and widgets, which is slower
but complete, and `doctor` reports it.
"""

from __future__ import annotations

import ast
import functools
import os
import re
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

WRITTEN_FOR: Mapping[str, str] = {"textual": "8.2.8", "rich": "15.0.0"}
"""The versions for which the digests were computed, by distribution."""

DIGESTS: Mapping[str, str] = {
    "rich.style.Style._attributes": "24868c0a865bda4d",
    "rich.style.Style._bgcolor": "817311730dc55032",
    "rich.style.Style._color": "3df79fdf64fd6ffb",
    "rich.style.Style._meta": "13afcdcfad20f48f",
    "rich.style.Style._set_attributes": "7735ed8e6fc6995d",
    "textual._animator.Animator": "dfbb1654b67267dc",
    "textual._animator.Animator.animate": "9f8e732a25f01086",
    "textual._compositor.ChopsUpdate": "3899b87d06561cef",
    "textual._compositor.ChopsUpdate.render_segments": "71f39c5369bf0730",
    "textual._compositor.Compositor": "71bad7166f6478f3",
    "textual._compositor.Compositor._dirty_regions": "4512a9789288f792",
    "textual._compositor.Compositor._full_map": "9d6f2668ba91d4af",
    "textual._compositor.Compositor._get_renders": "f8ef0cabd2eddde9",
    "textual._compositor.Compositor._regions_to_spans": "e412a58b7c5cc0cb",
    "textual._compositor.Compositor._render_chops": "c437c1b798dbaaf9",
    "textual._compositor.Compositor._visible_map": "a900efdff9b462cc",
    "textual._compositor.Compositor.cuts": "e14e0c221c9a5d99",
    "textual._compositor.Compositor.full_map": "98ca170f842ac34f",
    "textual._compositor.Compositor.reflow": "3024d6edcdb77d6f",
    "textual._compositor.Compositor.render_partial_update": "c4ee823218b4be8f",
    "textual._compositor.Compositor.visible_widgets": "70783d2a8caeb245",
    "textual._compositor.CompositorMap": "fadfbd2a110a8042",
    "textual._compositor.LayoutUpdate": "f74fa01072fae568",
    "textual._compositor.LayoutUpdate.render_segments": "18953dccaa8ffc09",
    "textual._compositor.ReflowResult": "87237f21ff180782",
    "textual._parser.Parser.tick": "cafac9caf9baa70b",
    "textual._time.get_time": "99ad9bfd2e31cc18",
    "textual._types.AnimationLevel": "95907206e7004826",
    "textual._types.CallbackType": "44b04832a79364d3",
    "textual._xterm_parser.IS_ITERM": "98988a9313c0721e",
    "textual._xterm_parser.XTermParser": "e56adba85179e3d8",
    "textual._xterm_parser.XTermParser._sequence_to_key_events": "bad3e4447fb7253c",
    "textual._xterm_parser.XTermParser.feed": "b5abbef010f5154f",
    "textual._xterm_parser.XTermParser.parse_mouse_code": "eaee125c4792df86",
    "textual.app.App._animator": "eb2b98ad8fc9cdca",
    "textual.app.App._batch_count": "83779a8a97a799b1",
    "textual.app.App._close_messages_no_wait": "61f410576210b8fe",
    "textual.app.App._display": "76977c32655aee64",
    "textual.app.App._driver": "75fe78520cff6294",
    "textual.app.App._fatal_error": "21a9150cdb98ac0b",
    "textual.app.App._handle_exception": "08b27b30a4c58fa4",
    "textual.app.App._keymap": "a48e25cab4b57964",
    "textual.app.App._on_resize": "dd1a7f814aed8366",
    "textual.app.App._previous_cursor_position": "7a509b1420a1dd18",
    "textual.app.App._return_code": "f080bf73b89a07ef",
    "textual.app.App._screen_stack": "1fa1e837e1ebb0f3",
    "textual.app.App._start_widget": "57b030eb4da1adec",
    "textual.app.App._sync_available": "0f97ccf8f8d4e92e",
    "textual.app.App.on_event": "ed3cb2cd1188ee38",
    "textual.document._wrapped_document.WrappedDocument._line_index_to_offsets": "461c0d24de7e7aeb",
    "textual.document._wrapped_document.WrappedDocument._offset_to_line_info": "ca377c52ebf88d3b",
    "textual.document._wrapped_document.WrappedDocument._tab_width": "25951c3dcda6a18f",
    "textual.document._wrapped_document.WrappedDocument._tab_width_cache": "d67d4a8a5767791b",
    "textual.document._wrapped_document.WrappedDocument._width": "ed114159fc5c2594",
    "textual.document._wrapped_document.WrappedDocument._wrap_offsets": "7e2c88c0f64f5a84",
    "textual.document._wrapped_document.WrappedDocument.get_target_document_column": "f5a64d45fac3683d",
    "textual.document._wrapped_document.WrappedDocument.wrap": "ab1d78e4bef8c8dc",
    "textual.document._wrapped_document.WrappedDocument.wrap_range": "c14abb5236a6fc73",
    "textual.dom.DOMNode._bindings": "a79b4d87b3f786d0",
    "textual.driver.Driver._loop": "90e46a6506fc3bdb",
    "textual.drivers._writer_thread.WriterThread._queue": "f5bb60043ab32e47",
    "textual.drivers._writer_thread.WriterThread.run": "c724de7e59dc5dea",
    "textual.drivers.linux_driver.LinuxDriver": "36e8421a2c5fe632",
    "textual.drivers.linux_driver.LinuxDriver._app": "b6221a663ee2a87b",
    "textual.drivers.linux_driver.LinuxDriver._auto_restart": "8146f08f898d3e40",
    "textual.drivers.linux_driver.LinuxDriver._debug": "ddb217eb6249c29c",
    "textual.drivers.linux_driver.LinuxDriver._disable_line_wrap": "290a7638e3bdacda",
    "textual.drivers.linux_driver.LinuxDriver._enable_bracketed_paste": "87751810d54adcdc",
    "textual.drivers.linux_driver.LinuxDriver._enable_mouse_support": "314cb6c4f82059c6",
    "textual.drivers.linux_driver.LinuxDriver._file": "29990314308edc1f",
    "textual.drivers.linux_driver.LinuxDriver._get_terminal_size": "44c6370418bfd4bc",
    "textual.drivers.linux_driver.LinuxDriver._patch_iflag": "1df4fdfcd01c5aed",
    "textual.drivers.linux_driver.LinuxDriver._patch_lflag": "47f8b761a4a03dda",
    "textual.drivers.linux_driver.LinuxDriver._sigcont_application": "30cf1b3c6c08f5d3",
    "textual.drivers.linux_driver.LinuxDriver._sigtstp_application": "d8b571c8315bec01",
    "textual.drivers.linux_driver.LinuxDriver._writer_thread": "3ff506f0bc0d5a79",
    "textual.drivers.linux_driver.LinuxDriver.close": "0858ba88aac157d5",
    "textual.drivers.linux_driver.LinuxDriver.process_message": "82844d3d0badb308",
    "textual.drivers.linux_driver.LinuxDriver.run_input_thread": "4ddce5b881422148",
    "textual.drivers.linux_driver.LinuxDriver.start_application_mode": "82930daf43c7209b",
    "textual.drivers.linux_driver.LinuxDriver.stop_application_mode": "50d23912a3896923",
    "textual.drivers.linux_driver.LinuxDriver.write": "4aad3fb0473592f0",
    "textual.drivers.web_driver.WebDriver": "3a3152e283932c31",
    "textual.drivers.web_driver.WebDriver._app": "16c5726dcbecbdd8",
    "textual.drivers.web_driver.WebDriver.run_input_thread": "1a324b8ccbba9fb3",
    "textual.drivers.web_driver.WebDriver.write": "1355cb4caea7550a",
    "textual.drivers.web_driver.WebDriver.write_meta": "b7484101667e083b",
    "textual.message_pump.MessagePump._closed": "7aafaaed88b42656",
    "textual.message_pump.MessagePump._running": "0e1c35060c374a9c",
    "textual.screen.Screen._compositor": "bcd24b89512efb19",
    "textual.screen.Screen._compositor_refresh": "b0a68490efdb9f5b",
    "textual.screen.Screen._dirty_widgets": "134ec2deb51c210f",
    "textual.screen.Screen._get_breakpoint_classes": "d66db3dcaff10b6a",
    "textual.screen.Screen._on_resize": "9a097dd66df1a44b",
    "textual.screen.Screen._screen_resized": "f0c5855999d17370",
    "textual.strip.Strip._segments": "e6e25bb4d63adedb",
    "textual.strip.Strip.render_style": "f55bd53aba7eb7ea",
    "textual.widget.Widget._layout_required": "254e2d4b747144da",
    "textual.widget.Widget._repaint_regions": "cbaf2bd59117e2d7",
    "textual.widget.Widget._repaint_required": "d1cf6959bf8f2f3f",
    "textual.widget.Widget._scroll_required": "5cfcb38ea5333af4",
    "textual.widget.Widget._vertical_scrollbar": "8c9633bb3513adcd",
    "textual.widgets._text_area.TextArea._refresh_size": "368ce11e7c1c4503",
    "textual.widgets._text_area.TextArea._set_document": "64c564e4b8d1c0fd",
}
"""Qualified name → `source_digest` of it. To update one: read what changed, adapt the code, enter the
new digest."""

RELIED_ON: Mapping[str, str] = {
    "textual._compositor.ChopsUpdate.render_segments": "display.FrameDisplay",
    "textual._compositor.Compositor._get_renders": "compositor.LineCompositor",
    "textual._compositor.Compositor._render_chops": "compositor.LineCompositor",
    "textual._compositor.Compositor.cuts": "compositor.LineCompositor",
    "textual._compositor.Compositor.visible_widgets": "compositor.LineCompositor",
    "textual._compositor.LayoutUpdate.render_segments": "display.FrameDisplay",
    "textual.app.App._on_resize": "app.TerminalApp",
    "textual.app.App.on_event": "keys.KeyOrder",
    "textual.drivers._writer_thread.WriterThread.run": "throttle.OutputThrottle",
    "textual.drivers.linux_driver.LinuxDriver._sigtstp_application": "driver.TerminalDriver",
    "textual.screen.Screen._on_resize": "app.TerminalScreen",
    "textual.strip.Strip.render_style": "cells.Cells",
}
"""Names in `DIGESTS` that no code of ours contains → the class of this folder that depends on them."""

_Method = TypeVar("_Method", bound=Callable[..., Any])


@functools.cache
def changed_names() -> tuple[str, ...]:
    """Return the names whose source in the installed libraries differs; cached for the process."""
    versions = installed_versions()
    other = {library for library, version in WRITTEN_FOR.items() if versions[library] != version}
    # Reading the sources takes longer than the first frame may, so known versions are trusted.
    names = [name for name in DIGESTS if name.partition(".")[0] in other]
    digest_of = SourceDigests(library_folders()).of
    return tuple(name for name in names if digest_of(name) != DIGESTS[name])


def is_known_textual() -> bool:
    """Return whether the overrides fit the installed Textual, so that they may be used."""
    return not changed_names()


def installed_versions() -> Mapping[str, str]:
    """Return the installed version of each library in `WRITTEN_FOR`; an empty text if it cannot be found.

    Reads the names of the metadata folders: importing `importlib.metadata` would hold up the first
    screen by 11 ms.
    """
    versions = dict.fromkeys(WRITTEN_FOR, "")
    for library, folder in library_folders().items():
        for name in os.listdir(folder.parent):
            found = re.fullmatch(rf"{library}-(.+)\.dist-info", name)
            if found is not None:
                versions[library] = found[1]
    return versions


def library_folders() -> Mapping[str, Path]:
    """Return the folder of each library in `WRITTEN_FOR`."""
    specs = {library: find_spec(library) for library in WRITTEN_FOR}
    return {library: Path(spec.origin or "").parent for library, spec in specs.items() if spec is not None}


class ChangedLibrary(NamedTuple):
    """A library in which names have changed that the overrides depend on."""

    name: str
    installed: str
    """Its version; empty if it cannot be found."""
    written_for: str


def changed_library() -> ChangedLibrary | None:
    """Return the reason why the overrides are not in use; None if they are."""
    changed = changed_names()
    if not changed:
        return None
    name = changed[0].partition(".")[0]
    return ChangedLibrary(name, installed_versions()[name], WRITTEN_FOR[name])


def private_override(method: _Method) -> _Method:
    """Use this method only if the overrides fit the installed Textual; else call the base class's,
    unchanged."""
    return cast("_Method", _Override(method))


class _Override:
    """A descriptor that replaces itself by a function once its class is known, which `super` needs."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = method

    def __set_name__(self, owner: type, name: str) -> None:
        method = self._method

        @functools.wraps(method)
        def choose(self: object, *args: object, **named: object) -> Any:
            if changed_names():
                return getattr(super(owner, self), name)(*args, **named)
            return method(self, *args, **named)

        setattr(owner, name, choose)


class SourceDigests:
    """Computes the digests of qualified names of libraries; reads each file once.

    Args:
        folders: The libraries' folders by name.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders
        self._files: dict[Path, tuple[ast.Module, list[str]] | None] = {}

    def of(self, name: str) -> str:
        """Return the digest of a name's source, or an empty text if its library has no such name.

        Of a function it covers all of it, of a class its header and `__init__` (all of it if it has none),
        of an attribute of instances every line of the class that mentions it. It depends on the text alone,
        so it is the same in every version of Python.
        """
        import hashlib  # 2.5 ms, and not needed with the known versions

        text = self._source(name)
        return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""

    def _source(self, name: str) -> str:
        library, *parts = name.split(".")
        path = self._folders[library]
        while parts and (path / parts[0]).is_dir():
            path /= parts.pop(0)
        path = path / f"{parts.pop(0)}.py" if parts else path / "__init__.py"
        if path not in self._files:
            self._files[path] = _read(path)
        file = self._files[path]
        if file is None or not parts:
            return ""
        module, lines = file
        scope: ast.Module | ast.ClassDef = module
        for part in parts[:-1]:
            inner = [node for node in scope.body if isinstance(node, ast.ClassDef) and node.name == part]
            if not inner:
                return ""
            scope = inner[0]
        found = [_text_of(node, lines) for node in _walk(scope) if parts[-1] in _names_of(node)]
        if not found and isinstance(scope, ast.ClassDef):
            mentioned = re.compile(rf"\bself\.{parts[-1]}\b")
            found = [
                line.strip() for line in lines[scope.lineno : scope.end_lineno] if mentioned.search(line)
            ]
        return "\n".join(found)


def _read(path: Path) -> tuple[ast.Module, list[str]] | None:
    try:
        text = path.read_text(encoding="utf-8")
        return ast.parse(text), text.splitlines()
    except (OSError, SyntaxError, ValueError):
        return None


def _walk(scope: ast.Module | ast.ClassDef) -> Iterator[ast.stmt]:
    """Yield the statements of a scope, those under an `if` or `try` included."""
    waiting: list[ast.AST] = list(scope.body)
    for node in waiting:
        if isinstance(node, ast.If | ast.Try):
            waiting.extend(ast.iter_child_nodes(node))
        elif isinstance(node, ast.stmt):
            yield node


def _names_of(node: ast.stmt) -> set[str]:
    """Return the names that a statement defines."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


def _text_of(node: ast.stmt, lines: list[str]) -> str:
    """Return a definition as written in the file, without its surroundings."""
    if isinstance(node, ast.ClassDef):
        created = [inner for inner in _walk(node) if "__init__" in _names_of(inner)]
        if created:
            return "\n".join((lines[node.lineno - 1].strip(), *(_text_of(inner, lines) for inner in created)))
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return "\n".join(line.strip() for line in lines[first - 1 : node.end_lineno])

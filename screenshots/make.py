"""Makes the pictures of this folder from the running demo: `python screenshots/make.py [NAME…]`.

Without names it makes all that are kept here. `demo` is the animated SVG of the README; the other
pictures need Chromium. Needs the development install.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

from animation import animation  # noqa: E402
from browser import Browser, BrowserMissing  # noqa: E402
from draw import HEIGHT, WIDTH, page  # noqa: E402
from states import PICTURES, RECORDING, Picture, opened, recorded  # noqa: E402

from coze_tui.text.i18n import use_language  # noqa: E402

_LANGUAGES = {"en": "en", "zh": "zh_CN"}
_THEMES = {"dark": "coze-dark", "light": "coze-light"}
_KEPT_IN = {"zh": ("tool-call", "failed", "history", "inspector"), "light": ("markdown",)}
"""Pictures that are also kept in Chinese, and in the light theme."""


def main() -> int:
    """Make what is asked for; the exit status."""
    names = [RECORDING.name, *(picture.name for picture in PICTURES)]
    parser = argparse.ArgumentParser(description="Make the pictures of this folder from the demo.")
    parser.add_argument("name", metavar="NAME", nargs="*", help=", ".join(names))
    parser.add_argument("--lang", choices=_LANGUAGES, help="the language, for all")
    parser.add_argument("--theme", choices=_THEMES, help="the theme, for all")
    parser.add_argument("--into", type=Path, default=FOLDER, help="the folder")
    asked = parser.parse_args()
    if unknown := set(asked.name) - set(names):
        parser.error(f"unknown picture {', '.join(sorted(unknown))}; known: {', '.join(names)}")
    if not asked.name or RECORDING.name in asked.name:
        for language in [asked.lang] if asked.lang else _LANGUAGES:
            make_animation(language, asked.theme or "dark", asked.into)
    wanted = [picture for picture in PICTURES if not asked.name or picture.name in asked.name]
    variants = [(picture, asked.lang or "en", asked.theme or "dark") for picture in wanted]
    if not (asked.lang or asked.theme):
        variants += [(picture, "zh", "dark") for picture in wanted if picture.name in _KEPT_IN["zh"]]
        variants += [(picture, "en", "light") for picture in wanted if picture.name in _KEPT_IN["light"]]
    if not variants:
        return 0
    try:
        with Browser() as browser:
            for picture, language, theme in variants:
                make(browser, picture, language, theme, asked.into)
    except BrowserMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


def make_animation(language: str, theme: str, folder: Path) -> None:
    """Record the animated picture in one language and theme."""
    use_language(_LANGUAGES[language])
    with opened(RECORDING, _LANGUAGES[language], _THEMES[theme]) as desk:
        frames = recorded(desk)
    image = animation(frames, round(frames[-1][0] + 4))
    suffix = "" if language == "en" else ".zh-CN"
    file = folder / f"{RECORDING.name}{suffix}.svg"
    file.write_text(image, encoding="utf-8")
    print(f"{file.name}  {len(image.encode()) // 1000} kB", flush=True)


def make(browser: Browser, picture: Picture, language: str, theme: str, folder: Path) -> None:
    """One picture, in one language and theme."""
    use_language(_LANGUAGES[language])
    with opened(picture, _LANGUAGES[language], _THEMES[theme]) as desk:
        cells = picture.state(desk)
    columns, rows = picture.size
    image = browser.paint(page(cells), columns * WIDTH, rows * HEIGHT)
    suffixes = [suffix for suffix in (language, theme) if suffix not in ("en", "dark")]
    file = folder / ("-".join([picture.name, *suffixes]) + ".png")
    file.write_bytes(image)
    print(f"{file.name}  {len(image) // 1000} kB", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())

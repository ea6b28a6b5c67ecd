"""Makes the pictures of this folder from the running demo: `python screenshots/make.py [NAME…]`.

Without names it makes all that are kept here. Needs the development install and Chromium.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

from browser import Browser, BrowserMissing  # noqa: E402
from draw import HEIGHT, WIDTH, page  # noqa: E402
from states import PICTURES, Picture, opened  # noqa: E402

from coze_tui.text.i18n import use_language  # noqa: E402

_LANGUAGES = {"en": "en", "zh": "zh_CN"}
_THEMES = {"dark": "coze-dark", "light": "coze-light"}
_KEPT_IN = {
    "zh": (
        *("chat-answering", "chat-tool", "chat-failed", "tool-request", "first-run", "history", "narrow"),
        *("inspector", "replay", "difference", "side-by-side", "statistics"),
    ),
    "light": ("chat-answering", "chat-markdown", "history", "inspector"),
}
"""Pictures that are also kept in Chinese, and in the light theme."""


def main() -> int:
    """Make what is asked for; the exit status."""
    names = [picture.name for picture in PICTURES]
    parser = argparse.ArgumentParser(description="Make the pictures of this folder from the demo.")
    parser.add_argument("name", metavar="NAME", nargs="*", help=", ".join(names))
    parser.add_argument("--lang", choices=_LANGUAGES, help="the language, for all")
    parser.add_argument("--theme", choices=_THEMES, help="the theme, for all")
    parser.add_argument("--into", type=Path, default=FOLDER, help="the folder")
    asked = parser.parse_args()
    if unknown := set(asked.name) - set(names):
        parser.error(f"there is no picture {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    wanted = [picture for picture in PICTURES if not asked.name or picture.name in asked.name]
    variants = [(picture, asked.lang or "en", asked.theme or "dark") for picture in wanted]
    if not (asked.lang or asked.theme):
        variants += [(picture, "zh", "dark") for picture in wanted if picture.name in _KEPT_IN["zh"]]
        variants += [(picture, "en", "light") for picture in wanted if picture.name in _KEPT_IN["light"]]
    try:
        with Browser() as browser:
            for picture, language, theme in variants:
                make(browser, picture, language, theme, asked.into)
    except BrowserMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


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

"""The option `--save-images` of `show` and `history show`."""

from __future__ import annotations

from collections.abc import Iterable

from coze_tui.cli.startup import notify
from coze_tui.errors import SettingsError
from coze_tui.exports.images import save_images
from coze_tui.text.i18n import _
from coze_tui.text.system_text import path_from, readable


def save_to_folder(texts: Iterable[str], folder: str) -> None:
    """Save the images inside of messages to a folder; their names go to stderr.

    Raises:
        SettingsError: the folder cannot be written to.
    """
    path = path_from(folder)
    try:
        paths = save_images(texts, path)
    except OSError as error:
        reason = _("cannot be written: {reason}").format(reason=error.strerror)
        raise SettingsError(reason, source=f"--save-images {path}") from error
    for saved in paths:
        notify(_("saved {file}").format(file=readable(str(saved))))
    if not paths:
        notify(_("these messages contain no images"))

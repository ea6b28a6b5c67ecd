"""Explains local errors: those of the token, settings, history, tools and files."""

from __future__ import annotations

from typing import assert_never

from coze_tui.config.addresses import site_name
from coze_tui.diagnostics.sentences import Explanation, joined, outside, quoted, sentence
from coze_tui.errors import (
    AttachmentError,
    CredentialsError,
    FileError,
    SettingsError,
    StoreError,
    StoreErrorKind,
    ToolCommandError,
)
from coze_tui.text.i18n import N_, _, clause

OWN_DETAILS = frozenset(
    (
        N_("a log without its store"),
        N_("an earlier rescue was interrupted"),
        N_("lines are missing"),
        N_("not a regular file"),
        N_("not an object"),
        N_("not a coze-tui history"),
        N_("the file was moved or replaced"),
        N_("written by an unreleased version of coze-tui"),
    )
)
"""The details that the store and the reader of exports name in our words. All others come from the system."""


def for_credentials_error(error: CredentialsError) -> Explanation:
    source = outside(error.source)
    match error.reason:
        case "missing" if source:
            return Explanation(
                _("no token found in {source}").format(source=source),
                do=_("Put the token there, or run `coze-tui login` in a terminal."),
            )
        case "not entered" if source:
            return Explanation(
                _("no token was entered"),
                _("{source} is not a terminal and contains no token.").format(source=source),
                _("Run `coze-tui login < token.txt`, or set COZE_API_TOKEN."),
            )
        case "not entered":
            return Explanation(_("no token was entered"), do=_("Run `coze-tui login` again and paste it."))
        case "missing":
            return Explanation(
                _("no token found"),
                do=_(
                    "Run `coze-tui login` or set COZE_API_TOKEN. To look around without a token, "
                    "run `coze-tui demo`."
                ),
            )
        case "unreadable":
            return Explanation(
                _("cannot read the token from {source}").format(source=source),
                do=_(
                    "Check that the file exists, belongs to you and is not a symbolic link, or run "
                    "`coze-tui login` again."
                ),
            )
        case "malformed":
            return Explanation(
                _("{source} does not contain a valid token").format(source=source or _("the input")),
                _("It contains a line break, a space or another character that no token contains."),
                _("Copy the whole token again, and nothing else."),
            )
        case "command":
            return Explanation(
                _("the command {source} did not print a token").format(source=source),
                do=_("Run `token_command` by hand: it must print the token and exit with status 0."),
            )
        case "keyring":
            return Explanation(
                _("the token cannot be read from the system's keyring: {reason}").format(reason=source),
                do=_("Unlock the keyring, set COZE_API_TOKEN, or run `coze-tui login` again."),
            )
        case "other site":
            site = outside(site_name(error.site))
            return Explanation(
                _("no token was saved for {site}, which the project file names").format(site=site),
                _("The token of {source} may be for another site, so it is not sent.").format(source=source)
                if source
                else "",
                _(
                    "Run `coze-tui login` in this folder, or set COZE_API_BASE={url} if it is for this site."
                ).format(url=outside(error.site)),
            )
        case _:
            assert_never(error.reason)


def for_settings_error(error: SettingsError) -> Explanation:
    source, problem = outside(error.source), outside(error.problem)
    place = _("{file}, line {line}").format(file=source, line=error.line) if error.line else source
    if error.key:
        problem = clause(f"`{outside(error.key)}`", problem)
        title = _("{place}: {problem}").format(place=place, problem=problem)
    elif error.line:
        title = _("{place}, {problem}").format(place=place, problem=problem)
    else:
        title = clause(source, problem)
    suggestion = outside(error.suggestion)
    return Explanation(
        title,
        do=_("Did you mean `{suggestion}`?").format(suggestion=suggestion) if suggestion else "",
    )


def for_store_error(error: StoreError) -> Explanation:
    path, detail = outside(error.path), _detail(error)
    what = quoted(": ".join(part for part in (path, detail) if part))
    title, do = _store_words(error.kind)
    if error.stops_saving:  # before the details, because a banner may show only the start
        what = joined(_("Chats are not being saved."), what)
    return Explanation(title, what, do)


def _store_words(kind: StoreErrorKind) -> tuple[str, str]:
    """Return the problem of the history, and what to do."""
    match kind:
        case "full":
            return _("the disk is full"), _("Free some disk space.")
        case "readonly":
            return (
                _("cannot write to the history"),
                _("Make the folder writable, or set COZE_TUI_HOME to a writable one."),
            )
        case "locked":
            return _("the history is locked by another program"), _("Close the other program.")
        case "no locks":
            return (
                _("the file system cannot lock files"),
                _("Set COZE_TUI_HOME to a folder on a local disk."),
            )
        case "broken":
            return (
                _("the disk reports an error"),
                _(
                    "Check the disk and its connection, and copy what is on it. "
                    "Set COZE_TUI_HOME to a folder on another disk."
                ),
            )
        case "damaged":
            return (
                _("the history is damaged"),
                _("The damaged file was set aside, not deleted; everything readable was recovered."),
            )
        case "newer":
            return (
                _("the history was written by a newer version of coze-tui"),
                _("Update coze-tui, or set COZE_TUI_HOME to another folder."),
            )
        case "unreadable":
            return _("cannot read or write a coze-tui file"), _("Check its owner and permissions.")
        case "other":
            return (
                _("the history is not available"),
                _("Try again. If it happens again, set COZE_TUI_HOME to another folder."),
            )
        case _:
            assert_never(kind)


def for_tool_command_error(error: ToolCommandError) -> Explanation:
    command = outside(error.command)
    match error.reason:
        case "unusable":
            return Explanation(
                _("cannot run {command}: {reason}").format(command=command, reason=outside(error.detail)),
                do=_("Check `tools` in the settings."),
            )
        case "failed" if error.status < 0:
            title = _("{command} was killed by signal {number}")
            return Explanation(title.format(command=command, number=-error.status), outside(error.detail))
        case "failed":
            title = _("{command} exited with status {number}")
            return Explanation(title.format(command=command, number=error.status), outside(error.detail))
        case "too large":
            return Explanation(_("{command} printed more than Coze accepts").format(command=command))


def for_attachment_error(error: AttachmentError) -> Explanation:
    title = _("cannot send the file {path}").format(path=outside(error.path))
    match error.reason:
        case "empty":
            return Explanation(title, _("The file is empty."))
        case "too large":
            return Explanation(title, _("The file is larger than 512 MB, the most that Coze accepts."))
        case "no url":
            return Explanation(title, _("It is not a URL with a host name."), _("Check the URL."))
        case reason:
            return Explanation(
                title, sentence(outside(reason)), _("Check the path and the file's permissions.")
            )


def _detail(error: StoreError | FileError) -> str:
    return _(error.detail) if error.detail in OWN_DETAILS else outside(error.detail)


def for_file_error(error: FileError) -> Explanation:
    path, detail = outside(error.path), _detail(error)
    place = _("{file}, line {line}").format(file=path, line=error.line) if error.line else path
    again = _("Nothing was imported from it. Export it again.")
    match error.reason:
        case "unreadable":
            return Explanation(_("cannot read {place}").format(place=place), quoted(detail))
        case "unwritable":
            return Explanation(_("cannot write {place}").format(place=place), quoted(detail))
        case "empty":
            return Explanation(_("{place} is empty").format(place=place))
        case "foreign":
            return Explanation(
                _("{place}: not a coze-tui export or capture").format(place=place),
                quoted(detail),
                _("Only JSON Lines (.jsonl) and captures (.sse) can be imported."),
            )
        case "no capture":
            return Explanation(_("{place}: not a chat capture").format(place=place), quoted(detail))
        case "for reading":
            return Explanation(
                _("{place}: this export format cannot be imported").format(place=place),
                do=_("Only JSON Lines (.jsonl) and captures (.sse) can be imported."),
            )
        case "newer":
            return Explanation(
                _("{place}: written by a newer version of coze-tui").format(place=place),
                quoted(detail),
                _("Update coze-tui, then import it."),
            )
        case "cut":
            return Explanation(
                _("{place}: the file is incomplete").format(place=place), quoted(detail), again
            )
        case "bad line":
            return Explanation(
                _("{place}: not a format that coze-tui writes").format(place=place), quoted(detail), again
            )
        case "too large":
            return Explanation(
                _("{place}: too large to be a coze-tui file").format(place=place), quoted(detail)
            )
        case _:
            assert_never(error.reason)

"""`python -m coze_tui` is the `coze-tui` command."""

from coze_tui.cli.main import run

run()

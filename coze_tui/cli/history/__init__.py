"""The `coze-tui history` commands."""

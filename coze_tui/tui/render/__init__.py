"""Markdown as lines of the log."""

"""Markdown, code and JSON as styled lines. Knows no widget."""

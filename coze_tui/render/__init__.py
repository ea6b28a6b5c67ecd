"""Renders Markdown, code and JSON as styled lines. Uses no widgets."""

"""Conversations carried elsewhere and back: as Markdown, as a page, as JSON lines, as captures."""

"""The message pane: entries, their blocks, the viewport and search."""

"""Text output that the command line and the exports share."""

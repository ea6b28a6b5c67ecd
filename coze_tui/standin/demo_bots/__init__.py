"""The scripts of the demo bots: one module per one or two bots, with long texts in separate files."""

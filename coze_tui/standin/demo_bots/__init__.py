"""The scripts of the demo bots: one module for one or two bots, long texts in files beside it."""

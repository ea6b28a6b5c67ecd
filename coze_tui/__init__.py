"""A terminal client for Coze (扣子) bots."""

__version__ = "0.1.0"

"""The `coze-tui history` commands: the saved conversations, without a screen.

Only renaming and deleting on the server need a network and a token.
"""

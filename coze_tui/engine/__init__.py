"""Chats and their history: everything that the program does without a screen or a command line."""

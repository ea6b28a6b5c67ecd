"""Chats and their history: all work of the program that needs neither a screen nor a command line."""

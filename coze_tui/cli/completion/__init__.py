"""Completion in shells: the scripts with all commands and options, and the IDs that they ask the program for.

`plan.py` reads the table of commands, `scripts.py` writes the plan into a template for each shell, and
`candidates.py` lists conversations, chats, bots and profiles.
"""

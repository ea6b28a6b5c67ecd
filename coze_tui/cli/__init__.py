"""The command line: the table of commands, their handlers and what they print."""

"""The history of this machine, in SQLite."""

"""SQLite: what is kept on this machine."""

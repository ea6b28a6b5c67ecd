"""Arguments, wiring and exit codes."""

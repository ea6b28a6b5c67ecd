"""The meaning of a chat: pure functions and values, without I/O and without a clock."""

"""The tests, a regular package because the wheel of marko contains one of the same name."""

"""A Coze server on loopback, for the demo and for the tests."""

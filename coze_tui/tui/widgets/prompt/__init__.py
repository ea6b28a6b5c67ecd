"""The prompt: the box one types in, what it completes, and what waits above it."""

"""The prompt: the input box, its completions, and the strips above it."""

"""The keys of vi for the prompt: keys become commands, commands change a buffer. No widget."""

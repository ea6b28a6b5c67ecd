"""Finished chats, examined: frames, comparison, statistics, replay and benchmarks."""

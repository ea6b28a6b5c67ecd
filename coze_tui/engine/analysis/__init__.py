"""Analysis of finished chats: frames, comparison, statistics, replay and benchmarks."""

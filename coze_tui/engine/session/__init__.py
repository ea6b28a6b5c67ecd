"""Running turns: the engine thread, the stream, its recording and recovery."""

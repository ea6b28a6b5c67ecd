"""Running turns: the stream, its recording and recovery, the feed to screens, and local tools."""

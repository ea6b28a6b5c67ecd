"""Running turns: streams, their recording and recovery, feeds to screens, and local tools."""

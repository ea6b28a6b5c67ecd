"""The app and its screens: they show the updates of turns and call the engine."""

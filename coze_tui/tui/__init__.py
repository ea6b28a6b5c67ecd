"""The screens: they show updates and send intents."""

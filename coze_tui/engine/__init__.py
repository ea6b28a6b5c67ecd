"""What a chat turn is, and everything that happens without a screen."""

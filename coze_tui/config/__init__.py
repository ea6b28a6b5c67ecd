"""Settings, credentials and the places where they are stored."""

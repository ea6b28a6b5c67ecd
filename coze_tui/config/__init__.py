"""Settings, credentials and the folders for them."""

"""The layer between Textual and the terminal. Knows nothing of Coze."""

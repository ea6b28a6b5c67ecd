"""Reads and changes conversations and chats in the store and on the server."""

"""Conversations and chats, read and changed in the store and on the server."""

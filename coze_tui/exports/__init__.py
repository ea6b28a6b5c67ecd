"""Exports of conversations and chats, and their import."""

"""The wire: what Coze is sent and what it sends, and nothing but the wire."""

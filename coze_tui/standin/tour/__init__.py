"""What the demo's bots say: one module a bot or two, long texts as files beside them."""

"""What the message log is made of: entries and their blocks, without the widget that draws them."""

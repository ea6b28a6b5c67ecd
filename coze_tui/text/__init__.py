"""Functions on text: cleaning, matching, formatting, measuring and translation."""

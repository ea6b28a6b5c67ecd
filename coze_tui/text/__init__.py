"""Text as people and terminals need it: cleaned, matched, formatted, measured and translated."""

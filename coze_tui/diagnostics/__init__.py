"""Explanations of errors in sentences, and crash reports."""

"""Suggestions: when something could be placed, out of an index that every process keeps."""

"""Paths: each parses, calls one use case, and maps what comes back."""

"""Twins at work: what a finished schedule breaks, and what it costs."""

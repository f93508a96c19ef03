"""Many things in and out at once: JSON, JSON lines and CSV."""

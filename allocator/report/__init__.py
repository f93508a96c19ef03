"""A schedule told to people: loads and summaries."""

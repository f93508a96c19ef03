"""From a problem to a checked schedule near its proven optimum."""

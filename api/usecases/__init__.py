"""What the service does: one use case is one transaction."""

"""The command line ``allocator``."""

from allocator.cli.main import main

__all__ = ["main"]

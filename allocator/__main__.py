"""``python -m allocator``: the command line."""

from allocator.cli import main

main()

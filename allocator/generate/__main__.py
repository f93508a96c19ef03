"""``python -m allocator.generate``: write the folders of data/ again."""

from __future__ import annotations

import argparse
from pathlib import Path

from allocator.generate.datasets import DATASETS, write_datasets


def main() -> None:
    """Read the command line, and write."""
    parser = argparse.ArgumentParser(prog="python -m allocator.generate", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(DATASETS)}; all by default")
    parser.add_argument("--out", type=Path, default=Path("data"), help="folder (data)")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.names) - set(DATASETS))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    write_datasets(chosen.out, chosen.names)


if __name__ == "__main__":
    main()

"""All benchmarks in one run: `make bench`. They report; nothing here fails for being slow."""

from __future__ import annotations

import sys

from tests.bench import bench_split


def main() -> int:
    """Run every benchmark; arguments go to each."""
    return bench_split.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

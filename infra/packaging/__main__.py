"""Packs the functions for the platform: `python -m infra.packaging [--output FILE]`."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from infra.packaging.archive import write_archive
from infra.packaging.content import functions_content

_ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Write the archive and say its size and hash."""
    parser = argparse.ArgumentParser(prog="python -m infra.packaging", description=__doc__)
    parser.add_argument("--output", type=Path, default=_ROOT / "build" / "functions.zip")
    target: Path = parser.parse_args().output
    content = functions_content(_ROOT)
    write_archive(content, target)
    packed = target.read_bytes()
    sys.stdout.write(
        f"{target}: {len(content)} files, {len(packed) / 1e6:.2f} MB\n"
        f"SHA-256 {hashlib.sha256(packed).hexdigest()}\n"
    )


if __name__ == "__main__":
    main()

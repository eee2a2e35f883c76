"""A zip file whose bytes follow from the names and contents of its files alone."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

#: The first moment that a zip file can name.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_MODE: Final = stat.S_IFREG | 0o644


def write_archive(content: Mapping[str, Path], target: Path) -> None:
    """Write the files, sorted by name, with one time and mode for all; replace what was there.

    Stored, not compressed: zlib's successors give other bytes for the same files, and an archive
    that is named by its hash would be deployed anew from another machine.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.new")
    with ZipFile(unfinished, "w", compression=ZIP_STORED) as archive:
        for name in sorted(content):
            entry = ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            archive.writestr(entry, content[name].read_bytes())
    unfinished.replace(target)

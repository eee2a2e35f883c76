"""Folders for files that are needed only for a while, and are not left behind by a killed process.

A function's disk is its memory, and a worker lives on after a child was killed in it.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = re.compile(r"quire-[a-z]+-(\d+)-\w+")


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """Give a folder that is gone afterwards, or is swept once this process is."""
    with tempfile.TemporaryDirectory(prefix=f"quire-{purpose}-{os.getpid()}-") as folder:
        yield Path(folder)


def lasting_folder(purpose: str) -> Path:
    """Return a folder that is gone when this process ends, or is swept once it has ended."""
    folder = Path(tempfile.mkdtemp(prefix=f"quire-{purpose}-{os.getpid()}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def sweep() -> None:
    """Remove the folders of this user's processes that live no more."""
    for folder in Path(tempfile.gettempdir()).glob("quire-*-*-*"):
        match = _NAME.fullmatch(folder.name)
        if match and not _lives(int(match[1])) and folder.stat().st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

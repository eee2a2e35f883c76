"""Content files: written once, hashed while they are written, never changed afterwards."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import google_crc32c

_BLOCK: Final = 1 << 20
_extend_crc32c: Final[Callable[[int, bytes], int]] = google_crc32c.extend


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A finished content file. Hashes are in base64, as the services write them."""

    key: str
    size: int
    crc32c: str
    #: None where the bytes were put together from several objects.
    md5: str | None


class ContentWriter:
    """A content file in the making. One writer at a time; it may change threads."""

    def __init__(self, key: str, path: Path) -> None:
        self.key = key
        self.size = 0
        self._path = path
        self._crc32c = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        # Unbuffered, so that the file's length is what was received when the process dies.
        self._file = path.open("ab", buffering=0)

    def write(self, block: bytes) -> None:
        """Append the bytes to the file and to the hashes."""
        self._note(block)
        rest = memoryview(block)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _note(self, block: bytes) -> None:
        self._crc32c = _extend_crc32c(self._crc32c, block)
        self._md5.update(block)
        self.size += len(block)

    def replay(self) -> None:
        """Hash what the file already holds, after another process wrote it."""
        with self._path.open("rb") as file:
            while block := file.read(_BLOCK):
                self._note(block)

    def close(self) -> None:
        """Close the file and keep it."""
        self._file.close()

    def finish(self, *, composed: bool = False) -> StoredContent:
        """Close the file and tell what it holds."""
        self.close()
        return StoredContent(
            self.key,
            self.size,
            base64.b64encode(self._crc32c.to_bytes(4, "big")).decode(),
            None if composed else base64.b64encode(self._md5.digest()).decode(),
        )

    def abandon(self) -> None:
        """Close the file and delete it."""
        self.close()
        self._path.unlink(missing_ok=True)


class Contents:
    """The folder of content files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / key

    def new_key(self) -> str:
        """Return a name no content has."""
        return secrets.token_hex(16)

    def write(self, key: str | None = None) -> ContentWriter:
        """Begin a new content."""
        key = key or self.new_key()
        return ContentWriter(key, self._path(key))

    def resume(self, key: str, granule: int) -> ContentWriter:
        """Go on with a content that an earlier process began, from a multiple of `granule` bytes.

        Reads the whole file to hash it, so big ones are better resumed in a thread.
        """
        path = self._path(key)
        if path.exists():
            size = path.stat().st_size
            os.truncate(path, size - size % granule)
        writer = ContentWriter(key, path)
        writer.replay()
        return writer

    def open(self, key: str) -> BinaryIO:
        """Open for reading. FileNotFoundError if it was discarded; an open one stays readable."""
        return self._path(key).open("rb", buffering=0)

    def link(self, key: str) -> str:
        """Give the same bytes a second name, without copying them, and return it."""
        new = self.new_key()
        os.link(self._path(key), self._path(new))
        return new

    def discard(self, keys: Iterable[str]) -> None:
        """Delete contents that no object names any more."""
        for key in keys:
            self._path(key).unlink(missing_ok=True)

    def sweep(self, keep: set[str]) -> None:
        """Delete what an earlier process wrote and did not live to record."""
        self.discard({entry.name for entry in os.scandir(self._folder)} - keep)

"""Follows the stack's log file, also over its rotation, and makes its lines readable."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import BinaryIO, Final

from infra.cli.printable import printable

#: Fields that the line says already, or that say nothing.
_KNOWN: Final = frozenset({"message", "event", "severity", "level", "time", "timestamp", "logger"})


class LogTail:
    """The lines that a file gets from now on. Close it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")
        self._file.seek(0, os.SEEK_END)
        self._rest = b""

    def new_lines(self) -> list[str]:
        """Return the whole lines since the last look."""
        # Asked before reading: once it is replaced, nobody writes to the old file any more.
        replaced = self._was_replaced()
        lines = self._read(self._file)
        if replaced:
            self._file.close()
            self._file = self._path.open("rb")
            lines += self._read(self._file)
        return [line.decode("utf-8", "replace") for line in lines]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self, file: BinaryIO) -> list[bytes]:
        *lines, self._rest = (self._rest + file.read()).split(b"\n")
        return lines

    def _was_replaced(self) -> bool:
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return False  # In the middle of a rotation: the new one comes at once.


def readable(line: str) -> str:
    """Return a log line for a person: the time of day, the process, and the fields of its JSON."""
    head, bar, said = line.partition("| ")
    if not bar:
        return printable(line)
    at, _, name = head.partition(" ")
    clock = at.partition("T")[2].partition(".")[0] or at
    return printable(f"{clock} {name}{bar}{_sentence(said)}")


def _sentence(said: str) -> str:
    try:
        fields = json.loads(said)
    except ValueError:
        return said
    if not isinstance(fields, dict):
        return said
    sentence = str(fields.get("message") or fields.get("event") or "")
    level = str(fields.get("severity") or fields.get("level") or "INFO").upper()
    marked = sentence if level in {"INFO", "DEBUG"} else f"{level} {sentence}"
    rest = [
        f"{name}={value}"
        for name, value in fields.items()
        # What is nested repeats what the sentence says, at length.
        if name not in _KNOWN and value and not isinstance(value, dict | list)
    ]
    return "  ".join([marked, *rest])

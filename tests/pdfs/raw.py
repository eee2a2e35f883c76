"""A writer of PDF syntax that streams to disk, so that tests say exactly what a file holds."""

from __future__ import annotations

import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

HEADER = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"


class RawPdf:
    """A PDF being written object by object. Leaving it writes the table and the trailer."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(HEADER)
        self._position = len(HEADER)
        self._offsets: dict[int, int] = {}
        self._last = 0
        #: The catalog's object number; set it before leaving.
        self.root = 0
        #: The information dictionary's object number, if there is one.
        self.info: int | None = None

    def reserve(self, count: int = 1) -> int:
        """Return the first of `count` new object numbers, to be added later."""
        first = self._last + 1
        self._last += count
        return first

    def add(self, body: str | bytes, number: int | None = None) -> int:
        """Write an object and return its number."""
        number = number or self.reserve()
        self._offsets[number] = self._position
        raw = body.encode("cp1252") if isinstance(body, str) else body
        self._write(b"%d 0 obj\n%b\nendobj\n" % (number, raw))
        return number

    def stream(
        self, entries: str, content: bytes, number: int | None = None, *, packed: bool = False
    ) -> int:
        """Write a stream and return its number; `entries` is its dictionary without /Length."""
        if packed:
            content, entries = zlib.compress(content), f"{entries} /Filter /FlateDecode"
        head = f"<< {entries} /Length {len(content)} >>\nstream\n".encode("cp1252")
        return self.add(head + content + b"\nendstream", number)

    def _write(self, raw: bytes) -> None:
        self._file.write(raw)
        self._position += len(raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        table = self._position
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % (self._last + 1))
        for number in range(1, self._last + 1):
            offset = self._offsets.get(number)
            self._write(
                b"%010d 00000 n \n" % offset if offset is not None else b"0000000000 00000 f \n"
            )
        info = f"/Info {self.info} 0 R " if self.info else ""
        identity = "<51756972652d746573742d7064662d31>"
        self._write(
            f"trailer\n<< /Size {self._last + 1} /Root {self.root} 0 R {info}"
            f"/ID [{identity} {identity}] >>\nstartxref\n{table}\n%%EOF\n".encode()
        )
        self._file.close()


def escaped(text: str) -> str:
    """Return a literal string's inside."""
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")

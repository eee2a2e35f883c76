"""Reads a merged result's pages line by line, so that they are never all in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from common.results import Page

_PAGE: Final = b'{"number":'


def read_pages(lines: Iterable[bytes], *, after: int = 0) -> Iterator[Page]:
    """Yield the pages above `after`, in order: whoever binds a result writes a line a page.

    Those before are not decoded, which is most of what a page costs.
    """
    decoder = msgspec.json.Decoder(Page)
    for line in lines:
        if line.startswith(_PAGE) and int(line[len(_PAGE) : line.index(b",")]) > after:
            yield decoder.decode(line.rstrip(b",\n"))

"""Reads a merged result's pages line by line, so that they are never all in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from common.results import Page


def read_pages(lines: Iterable[bytes]) -> Iterator[Page]:
    """Yield the pages of a result's lines, in order: whoever binds it writes a line a page."""
    decoder = msgspec.json.Decoder(Page)
    for line in lines:
        if line.startswith(b'{"number":'):
            yield decoder.decode(line.rstrip(b",\n"))

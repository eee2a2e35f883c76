"""Reads what one element of Document AI's answer says about its place: its text and its box.

Everything here takes raw protobuf messages and runs for every word, so it stays plain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from common.results import Box

Span = tuple[int, int]

#: Of a page's width or height: a tenth of a pixel on the largest page that Document AI reads.
DIGITS = 5


class Piece(NamedTuple):
    """One element of a flat list."""

    start: int
    end: int
    layout: Any


class Finder:
    """Says which element of one level holds an offset. Elements of a level do not overlap."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        # An element whose anchor has several segments holds only what lies in one of them.
        segments = sorted(
            (start, end, index)
            for index, piece in enumerate(pieces)
            for start, end in segments_of(piece.layout)
        )
        self._starts = [segment[0] for segment in segments]
        self._segments = segments

    def at(self, offset: int) -> int | None:
        """Return the index of the element that holds the offset."""
        place = bisect_right(self._starts, offset) - 1
        if place < 0 or self._segments[place][1] <= offset:
            return None
        return self._segments[place][2]


def span_of(layout: Any) -> Span | None:
    """Return the first and the last offset of the anchor; None where it has no segments."""
    segments = layout.text_anchor.text_segments
    if len(segments) == 1:
        return segments[0].start_index, segments[0].end_index
    if not segments:
        return None
    return min(one.start_index for one in segments), max(one.end_index for one in segments)


def own_text(text: str, start: int, end: int, layout: Any) -> str:
    """Return what stands at the anchor, which lies between `start` and `end`."""
    if len(layout.text_anchor.text_segments) > 1:
        return "".join(text[a:b] for a, b in segments_of(layout)).strip()
    return text[start:end].strip()


def segments_of(layout: Any) -> list[Span]:
    """Return the anchor's segments; a start of 0 is left out on the wire and reads as 0."""
    return [(one.start_index, one.end_index) for one in layout.text_anchor.text_segments]


def box_reader(width: float, height: float) -> Callable[[Any], Box | None]:
    """Return a function from a layout to its box, None where it has no polygon."""

    def box_of(layout: Any) -> Box | None:
        polygon = layout.bounding_poly
        corners = polygon.normalized_vertices
        if corners:
            xs = [corner.x for corner in corners]
            ys = [corner.y for corner in corners]
        elif (pixels := polygon.vertices) and width and height:
            xs = [corner.x / width for corner in pixels]
            ys = [corner.y / height for corner in pixels]
        else:
            return None
        # The service's polygons may reach a little over the edge of the page.
        return (
            round(max(min(xs), 0.0), DIGITS),
            round(max(min(ys), 0.0), DIGITS),
            round(min(max(xs), 1.0), DIGITS),
            round(min(max(ys), 1.0), DIGITS),
        )

    return box_of

"""Reads what one element of Document AI's answer says about its place: its text and its box.

Everything here takes raw protobuf messages and runs for every word, so it stays plain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from common.results import Box

Span = tuple[int, int]

#: Of a page's width or height: a tenth of a pixel on the largest page that Document AI reads.
DIGITS: Final = 5
_SCALE: Final = 1e5


class Piece(NamedTuple):
    """One element of a flat list, and its anchor's segments where these are several."""

    start: int
    end: int
    layout: Any
    segments: list[Span] | None


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


def rounded(number: float) -> float:
    """Return `round(number, DIGITS)` of a number that was 32 bits wide, in a third of its time.

    Its product has few enough digits to be exact, and what is divided is whole.
    """
    return round(number * _SCALE) / _SCALE


def span_of(layout: Any) -> Span | None:
    """Return the first and the last offset of the anchor; None where it has no segments."""
    segments = segments_of(layout)
    if not segments:
        return None
    return segments[0] if len(segments) == 1 else around(segments)


def around(segments: Sequence[Span]) -> Span:
    """Return the first and the last offset of several segments."""
    return min(start for start, _ in segments), max(end for _, end in segments)


def joined(text: str, segments: Sequence[Span]) -> str:
    """Return what stands at the segments."""
    return "".join(text[start:end] for start, end in segments)


def segments_of(layout: Any) -> list[Span]:
    """Return the anchor's segments; a start of 0 is left out on the wire and reads as 0."""
    return [(one.start_index, one.end_index) for one in layout.text_anchor.text_segments]


def box_reader(width: float, height: float) -> Callable[[Any], Box | None]:
    """Return a function from a layout to its box, None where it has no polygon."""

    def box_of(layout: Any) -> Box | None:
        polygon = layout.bounding_poly
        corners = polygon.normalized_vertices
        if len(corners) == 4:
            a, b, c, d = corners
            # Unrolled, and rounded here: this is half of what a page costs.
            x0, y0, x1, y1 = a.x, a.y, c.x, c.y
            # Most stand upright, their corners clockwise from the upper left one.
            if d.x != x0 or b.y != y0 or b.x != x1 or d.y != y1 or x0 > x1 or y0 > y1:
                x0, y0, x1, y1 = _extent(corners)
        elif corners:
            x0, y0, x1, y1 = _extent(corners)
        elif (pixels := polygon.vertices) and width and height:
            x0, y0, x1, y1 = _extent(pixels)
            return (
                round(max(x0 / width, 0.0), DIGITS),
                round(max(y0 / height, 0.0), DIGITS),
                round(min(x1 / width, 1.0), DIGITS),
                round(min(y1 / height, 1.0), DIGITS),
            )
        else:
            return None
        # The service's polygons may reach a little over the edge of the page.
        return (
            round(x0 * _SCALE) / _SCALE if x0 > 0.0 else 0.0,
            round(y0 * _SCALE) / _SCALE if y0 > 0.0 else 0.0,
            round(x1 * _SCALE) / _SCALE if x1 < 1.0 else 1.0,
            round(y1 * _SCALE) / _SCALE if y1 < 1.0 else 1.0,
        )

    return box_of


def _extent(corners: Iterable[Any]) -> Box:
    xs = [corner.x for corner in corners]
    ys = [corner.y for corner in corners]
    return min(xs), min(ys), max(xs), max(ys)

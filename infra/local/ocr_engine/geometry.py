"""Boxes: around others, and under quarter turns of the picture they are in."""

from __future__ import annotations

from collections.abc import Iterable

from common.results import Box


def union(boxes: Iterable[Box]) -> Box:
    """Return the smallest box around `boxes`, of which there is at least one."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def turned(box: Box, turns: int, width: float, height: float) -> Box:
    """Return where a box of a `width` by `height` picture lies after it was turned.

    `turns` counts quarter turns anticlockwise.
    """
    left, top, right, bottom = box
    match turns % 4:
        case 1:
            return top, width - right, bottom, width - left
        case 2:
            return width - right, height - bottom, width - left, height - top
        case 3:
            return height - bottom, left, height - top, right
        case _:
            return box


def turned_back(box: Box, turns: int, width: float, height: float) -> Box:
    """Undo `turned`: `width` and `height` are still those before the turns."""
    if turns % 2:
        width, height = height, width
    return turned(box, -turns, width, height)

"""Which pages go into which chunk, by pages and by the bytes they will probably have."""

from __future__ import annotations

from collections.abc import Sequence

from common.pages import PageRange

#: How much of the allowed bytes is planned with, since pages differ. A chunk that comes out
#: above the limit is cut again in halves, so this only saves work.
_FILL = 0.9


def plan_chunks(
    selection: Sequence[PageRange], *, size: int, average_page_bytes: float, max_bytes: int
) -> list[PageRange]:
    """Cut the selected pages into chunks of at most `size` pages, in ascending order.

    Fewer pages go into a chunk where `size` average ones would not fit into `max_bytes`, but
    always one. `selection` is ascending and free of overlaps; a chunk never spans a gap.
    """
    pages = max(1, min(size, int(_FILL * max_bytes / max(average_page_bytes, 1.0))))
    return [chunk for selected in selection for chunk in selected.cut(pages)]
